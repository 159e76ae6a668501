"""Transactions on the desk: the register, and one page on which a transaction is worked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from audit.accountable import Accountable, Input, Verb, colleague
from audit.refusal import Refused
from disclosures.admin import transaction_parts
from disclosures.admin.demand_verbs import day
from disclosures.demands.registering import outsider
from disclosures.models import Transaction
from disclosures.transactions import moving, people, registering, table

PREPARE, DECIDE = "disclosures.change_transaction", "disclosures.approve_transaction"
DESCRIBES = ("name", "kind", "signing_on", "closing_on", "use_changes", "offers_choice", "about", "their_notice",
             "purpose")  # fmt: skip
LATER = (
    "signed_on",
    "told_at",
    "object_until",
    "proposed_by",
    "proposed_at",
    "approved_by",
    "approved_at",
    "closed_at",
)


class TransactionForm(forms.ModelForm):
    """What is known at the beginning."""

    party_name = forms.CharField(label="Other party", max_length=120, widget=UnfoldAdminTextInputWidget)
    party_country = forms.CharField(label="Its country", max_length=2, help_text="DE, US ...",
                                    widget=UnfoldAdminTextInputWidget)  # fmt: skip
    party_contact = forms.EmailField(
        label="Its contact for data protection", help_text="Erasures and corrections are told there after the closing.",
        widget=UnfoldAdminEmailInputWidget,
    )  # fmt: skip

    their_notice = forms.URLField(
        label="Privacy notice of the other party", required=False, max_length=300, assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
    )  # fmt: skip

    class Meta:
        model = Transaction
        fields = (*DESCRIBES, "categories")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                registering.check(given)
            except Refused as refused:
                self.add_error(refused.field if refused.field in self.fields else None, refused.message)
        return given

    def clean_party_country(self) -> str:
        place = str(self.cleaned_data["party_country"]).upper()
        if len(place) != 2 or not place.isalpha():
            raise forms.ValidationError("Write the country in two letters, such as DE.")
        return place

    def clean_their_notice(self) -> str:
        address = str(self.cleaned_data["their_notice"] or "")
        if address and not address.lower().startswith("https://"):
            raise forms.ValidationError("Give an address that begins with https://.")
        return address


def _sign(row: Transaction, by: User, given: dict[str, str]) -> str:
    moving.sign(row, on=day(given["on"], "on"), by=by)
    return "Noted: signed."


def _tell(row: Transaction, by: User, given: dict[str, str]) -> str:
    moving.tell(row, object_until=day(given["object_until"], "object_until"), by=by)
    return f"The mails go out now: {row.people.count():,} people."


def _propose(row: Transaction, by: User, given: dict[str, str]) -> str:
    moving.propose(row, by=by)
    return "Proposed. Somebody else has to approve the closing."


def _send_back(row: Transaction, by: User, given: dict[str, str]) -> str:
    moving.send_back(row, by=by)
    return "Sent back."


def _approve(row: Transaction, by: User, given: dict[str, str]) -> str:
    moving.approve(row, by=by)
    return "Approved. The ledger is written now; colleagues hand the datasets over below."


def _abandon(row: Transaction, by: User, given: dict[str, str]) -> str:
    moving.abandon(row, by=by)
    return "Noted: it does not happen."


class Waits(admin.SimpleListFilter):
    """What a transaction waits for."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("approval", "My approval"), ("proposal", "A closing, the time to object is over"),
                ("closing", "The closing's end")]  # fmt: skip

    def queryset(self, request: HttpRequest, rows: "QuerySet[Transaction]") -> "QuerySet[Transaction]":
        wanted = {
            "approval": moving.to_approve(colleague(request)),
            "proposal": moving.ripe(timezone.localdate()),
            "closing": moving.running(),
        }.get(self.value() or "")
        return rows if wanted is None else rows.filter(pk__in=wanted.values("pk"))


@admin.register(Transaction)
class TransactionAdmin(Accountable):
    """Entered here, then moved by buttons; never edited."""

    records = False  # the verbs do
    form = TransactionForm
    list_display = ("reference", "name", "kind", "other_party", "shown_state", "object_until")
    list_filter = (Waits, "state", "kind")
    list_select_related = ("other_party",)
    search_fields = ("reference__exact",)
    search_help_text = "Our whole reference"
    change_form_outer_after_template = "admin/disclosures/transaction.html"
    verbs = (
        Verb("sign", "It was signed", PREPARE, _sign, (Input("on", "On", kind="date"),), style="primary",
             shown=lambda row: row.state == table.PREPARING),
        Verb("tell", "Tell the people", PREPARE, _tell, (Input("object_until", "Objections until", kind="date"),),
             style="primary", shown=lambda row: row.state == table.SIGNED,
             confirm="Everybody concerned gets a mail. What goes over cannot be changed afterwards."),
        Verb("propose", "Propose the closing", PREPARE, _propose, style="primary",
             shown=lambda row: row.state in (table.SIGNED, table.TELLING)),
        Verb("approve", "Approve the closing", DECIDE, _approve, style="danger",
             shown=lambda row: row.state == table.PROPOSED, offered=lambda row, by: row.proposed_by_id != by.pk,
             confirm="The records of everybody who did not object go over."),
        Verb("send_back", "Not yet", DECIDE, _send_back, shown=lambda row: row.state == table.PROPOSED),
        Verb("abandon", "It does not happen", PREPARE, _abandon, style="danger",
             shown=lambda row: row.state in (*table.EARLY, table.TELLING, table.PROPOSED)),
    )  # fmt: skip

    @display(
        description="State",
        label={
            "Before signing": "info", "Signed": "info", "People are told": "info", "Closing": "warning",
            "Closing waits for a second person": "warning", "Closed": "success", "Abandoned": "success",
        },
    )  # fmt: skip
    def shown_state(self, row: Transaction) -> str:
        return row.get_state_display()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (*DESCRIBES[:2], "party_name", "party_country", "party_contact", *DESCRIBES[2:], "categories")
        return ("reference", "name", "kind", "state", "other_party", *DESCRIBES[2:], "categories", "registered_by",
                *(one for one in LATER if getattr(obj, one) is not None))  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Transaction, form: Any, change: bool) -> None:
        given = form.cleaned_data
        party = outsider(given["party_name"], given["party_country"], kind="successor", contact=given["party_contact"])
        made = registering.register(
            {name: given[name] for name in DESCRIBES}, other_party=party, categories=given["categories"],
            by=colleague(request),
        )  # fmt: skip
        obj.pk, obj.reference, obj._state.adding = made.pk, made.reference, False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The verb wrote them."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/part/<slug:part>/", view(self._part), name="disclosures_transaction_part"),
            path("<uuid:pk>/left-out/", view(self._left_out), name="disclosures_transaction_left_out"),
        ]
        return [*own, *super().get_urls()]

    def _part(self, request: HttpRequest, pk: Any, part: str) -> HttpResponse:
        """A form on the transaction's page; a refused one comes back with what was typed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row, run = self._found(request, pk), transaction_parts.PARTS.get(part)
        if run is None:
            raise Http404
        try:
            messages.success(request, run(row, request, colleague(request)))
        except Refused as error:
            messages.error(request, error.message)
            return self._again(request, str(pk), status=422, typed=request.POST, typed_part=part)
        return redirect("admin:disclosures_transaction_change", pk)

    def _left_out(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Who objected, as CSV. A POST, for it is an event."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self._found(request, pk)
        try:
            lines = people.left_out(row, clear=request.POST.get("clear") == "on", by=colleague(request))
        except Refused as error:
            messages.error(request, error.message)
            return redirect("admin:disclosures_transaction_change", pk)
        answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="objected-{row.reference}.csv"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _found(self, request: HttpRequest, pk: Any) -> Transaction:
        if not colleague(request).has_perm("disclosures.view_transaction"):
            raise PermissionDenied
        row: Transaction | None = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        return row

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            counts = row.people.aggregate(
                concerned=Count("pk"), objected=Count("pk", filter=Q(objected_at__isnull=False)),
                entered=Count("pk", filter=Q(transferred_at__isnull=False)),
            )  # fmt: skip
            context |= transaction_parts.context(row, colleague(request), context) | counts
        return super().render_change_form(request, context, *args, **kwargs)
