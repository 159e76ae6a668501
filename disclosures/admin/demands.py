"""Legal demands on the desk: the register, and one page on which a demand is worked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from audit.accountable import Accountable, colleague
from audit.refusal import Refused
from disclosures.admin import demand_pages, demand_parts
from disclosures.admin.demand_verbs import VERBS
from disclosures.demands import gags, reads, registering, sealing
from disclosures.models import LegalDemand

DESCRIBES = (
    "kind", "country", "jurisdiction", "signed_by", "authority_reference", "received_at", "channel", "due_on",
    "legal_basis", "asks", "asked_from", "asked_to", "gag", "gag_basis", "gag_until", "gag_review_on",
)  # fmt: skip
# In the authority's or our own free words: whoever only looks on does not read them.
IN_WORDS = {"signed_by", "authority_reference", "asks", "scope_note", "considered", "ground_note"}
SHOWN = (
    "reference", "state", "kind", "authority", "country", "jurisdiction", "signed_by", "authority_reference",
    "received_at", "channel", "due_on", "legal_basis", "asks", "asked_from", "asked_to", "asked",
)  # fmt: skip
GAG = ("gag", "gag_basis", "gag_until", "gag_review_on", "gag_lifted_on")
LATER = (
    "given", "given_from", "given_to", "whole", "scope_note", "notify", "never_code", "told_at", "object_until",
    "considered_at", "considered", "registered_by", "prepared_by", "prepared_at", "approved_by", "approved_at",
    "disclosed_by", "disclosed_at", "closed_at", "ground", "ground_note",
)  # fmt: skip


class DemandForm(forms.ModelForm):
    """What came, as it came."""

    authority_name = forms.CharField(
        label="Authority", max_length=120, widget=UnfoldAdminTextInputWidget,
        help_text="Court, police, ministry ... It becomes a recipient, if it is not one yet.",
    )  # fmt: skip
    authority_contact = forms.EmailField(
        label="E-mail address of the authority", required=False, widget=UnfoldAdminEmailInputWidget
    )

    class Meta:
        model = LegalDemand
        fields = (*DESCRIBES, "asked")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                registering.check(given)
                place = str(given["country"]).strip().upper()
                if len(place) != 2 or not place.isalpha():
                    raise Refused("Write the country in two letters, such as DE.", code="country", field="country")
                given["country"] = place
            except Refused as refused:
                self.add_error(refused.field if refused.field in self.fields else None, refused.message)
        return given


class Waits(admin.SimpleListFilter):
    """What a demand waits for."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "An answer"), ("overdue", "An answer, overdue"), ("soon", "An answer within 3 days"),
                ("approval", "My approval"), ("gag", "Asking about a gag"), ("objected", "An objection")]  # fmt: skip

    def queryset(self, request: HttpRequest, rows: "QuerySet[LegalDemand]") -> "QuerySet[LegalDemand]":
        today = timezone.localdate()
        wanted = {
            "open": reads.still_open(),
            "overdue": reads.overdue(today),
            "soon": reads.due_soon(today),
            "approval": reads.to_approve(colleague(request)),
            "gag": gags.to_review(today),
            "objected": reads.objected(),
        }.get(self.value() or "")
        return rows if wanted is None else rows.filter(pk__in=wanted.values("pk"))


@admin.register(LegalDemand)
class LegalDemandAdmin(Accountable):
    """Entered here, then moved by buttons; never edited."""

    records = False  # the verbs do
    form = DemandForm
    verbs = VERBS
    list_display = ("reference", "kind", "authority", "country", "shown_state", "due_on", "silence")
    list_filter = (Waits, "state", "kind", "country")
    list_select_related = ("authority",)
    search_fields = ("reference__exact",)
    search_help_text = "Our whole reference"
    list_before_template = "admin/disclosures/demand_links.html"
    change_form_outer_after_template = "admin/disclosures/demand.html"

    @display(
        description="State",
        label={
            "Received": "warning", "Being checked": "info", "Scope set, waits for legal": "warning", "Approved": "info",
            "Disclosed": "success", "Refused": "success", "Withdrawn": "success",
        },
    )  # fmt: skip
    def shown_state(self, demand: LegalDemand) -> str:
        return demand.get_state_display()

    @display(description="Gag")
    def silence(self, demand: LegalDemand) -> str:
        """Until when we may not tell the person."""
        if not gags.running(demand, timezone.localdate()):
            return "over" if demand.gag else "-"
        return f"until {demand.gag_until:%-d %b %Y}" if demand.gag_until else "without end"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("authority_name", "authority_contact", *DESCRIBES[:12], "asked", *DESCRIBES[12:])
        shown = [*SHOWN, *(GAG if obj.gag else ("gag",)), *(one for one in LATER if _filled(obj, one))]
        return shown if demand_parts.reads_words(colleague(request)) else [one for one in shown if one not in IN_WORDS]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: LegalDemand, form: Any, change: bool) -> None:
        given = form.cleaned_data
        authority = registering.outsider(given["authority_name"], given["country"], contact=given["authority_contact"])
        values = {name: given[name] for name in DESCRIBES} | {"authority": authority}
        made = registering.register(values, asked=given["asked"], by=colleague(request))
        obj.pk, obj.reference, obj._state.adding = made.pk, made.reference, False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The verb wrote them."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("verify/", view(self._verify), name="disclosures_legaldemand_verify"),
            path("transparency/", view(self._transparency), name="disclosures_legaldemand_transparency"),
            path("<uuid:pk>/part/<slug:part>/", view(self._part), name="disclosures_legaldemand_part"),
            path("<uuid:pk>/file/<int:number>/", view(self._file), name="disclosures_legaldemand_file"),
        ]
        return [*own, *super().get_urls()]

    def _verify(self, request: HttpRequest) -> HttpResponse:
        self._may_view(request)
        return demand_pages.verify(self.admin_site, request)

    def _transparency(self, request: HttpRequest) -> HttpResponse:
        self._may_view(request)
        return demand_pages.transparent(self.admin_site, request)

    def _part(self, request: HttpRequest, pk: Any, part: str) -> HttpResponse:
        """A form on the demand's page; a refused one comes back with what was typed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._may_view(request)
        demand, run = self.get_object(request, str(pk)), demand_parts.PARTS.get(part)
        if demand is None or run is None:
            raise Http404
        try:
            messages.success(request, run(demand, request, colleague(request)))
        except Refused as error:
            messages.error(request, error.message)
            return self._again(request, str(pk), status=422, typed=request.POST, typed_part=part)
        return redirect("admin:disclosures_legaldemand_change", pk)

    def _file(self, request: HttpRequest, pk: Any, number: int) -> HttpResponseBase:
        """A sealed copy, opened. A POST, for it is an event."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._may_view(request)
        demand = self.get_object(request, str(pk))
        row = demand.files.filter(number=number).first() if demand is not None else None
        if demand is None or row is None:
            raise Http404
        try:
            pieces = sealing.fetch(row, by=colleague(request))
        except Refused as error:
            messages.error(request, error.message)
            return redirect("admin:disclosures_legaldemand_change", pk)
        answer = StreamingHttpResponse(pieces, content_type="application/octet-stream")
        answer["Content-Disposition"] = f'attachment; filename="{demand.reference}-{row.number}"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _may_view(self, request: HttpRequest) -> None:
        if not colleague(request).has_perm("disclosures.view_legaldemand"):
            raise PermissionDenied

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        demand = kwargs.get("obj")
        if demand is not None:
            context |= demand_parts.context(demand, colleague(request), context)
        return super().render_change_form(request, context, *args, **kwargs)


def _filled(demand: LegalDemand, name: str) -> bool:
    """Whether there is something to show."""
    if name == "given":
        return demand.whole is not None
    return getattr(demand, name) not in (None, "")
