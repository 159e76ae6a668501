"""Proposals for the inventory on the desk: the list, one page for each, and the sure ones together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit import typed
from audit.accountable import ReadOnly, Verb, colleague
from audit.refusal import Refused
from connectors.discovery import deciding, surveying
from connectors.discovery.words import CATEGORIES
from connectors.models import Proposal, Survey
from inventory.models import Collection, DataCategory

TEMPLATE = "admin/connectors/proposal/proposal.html"
SURE = "admin/connectors/proposal/sure.html"
MOST_TOGETHER = 200
FIELD = "category:"


@dataclass(frozen=True)
class Line:
    """One column on a proposal's page: what is suggested, how sure, why, and what was chosen."""

    name: str
    data_type: str
    key: bool
    refers: str
    category: str
    confidence: int
    why: str
    secret: bool

    @property
    def title(self) -> str:
        """The category in words, where it is one of ours."""
        return CATEGORIES[self.category][0] if self.category in CATEGORIES else self.category


def lines(proposal: Proposal) -> list[Line]:
    """The columns that a proposal is about."""
    said = proposal.suggestion
    if "field" in said:
        return [_line(said["field"], [proposal.confidence, *proposal.evidence])]
    reasons = said.get("reasons", {})
    fields = [*said.get("collection", {}).get("fields", ()), *said.get("further", ())]
    return [_line(one, reasons.get(one["name"], [0])) for one in fields]


def _line(row: dict[str, Any], reasons: list[Any]) -> Line:
    links = [one if isinstance(one, str) else one["target"] for one in row.get("references", ())]
    category = row.get("category", "")
    personal = bool(category or row.get("mask"))
    return Line(
        row["name"], row.get("data_type", "string"), bool(row.get("primary_key")), ", ".join(links), category,
        reasons[0] if personal else 0, "; ".join(map(str, reasons[1:])) if personal else "", personal and not category,
    )  # fmt: skip


def _typed(line: Line, given: Mapping[str, str]) -> Line:
    """The line with what was chosen before a refusal."""
    wanted = given.get(FIELD + line.name, line.category)
    return replace(line, category="" if wanted == deciding.NO_CATEGORY else wanted)


def categories() -> list[tuple[str, str]]:
    """What a colleague may choose: the inventory's categories, and ours that it does not have yet."""
    known = {one.key: one.name for one in DataCategory.objects.all()}
    ours = {key: name for key, (name, _) in CATEGORIES.items()}
    return sorted((ours | known).items())


class ProposalAdmin(ReadOnly):
    """What surveys propose for the inventory."""

    list_display = ("what", "shown_kind", "system", "confidence", "why", "shown_state", "created_at")
    list_filter = ("state", "kind", "system")
    search_fields = ("table", "column")
    search_help_text = "Table or column"
    follow = ("system",)
    ordering = ("system__name", "table", "column")
    list_display_links = None
    list_before_template = "admin/connectors/proposal/above.html"

    @display(description="Where", ordering="table")
    def what(self, row: Proposal) -> SafeString:
        link = reverse("admin:connectors_proposal_change", args=(row.pk,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, ".".join(filter(None, (row.table, row.column))))

    @display(description="What", ordering="kind")
    def shown_kind(self, row: Proposal) -> str:
        return row.get_kind_display()

    @display(description="Why")
    def why(self, row: Proposal) -> str:
        words = "; ".join(row.evidence[:2])[:160]
        return words[:1].upper() + words[1:]

    @display(
        description="State", ordering="state",
        label={"To decide": "info", "Accepted": "success", "Dismissed": "warning"},
    )  # fmt: skip
    def shown_state(self, row: Proposal) -> str:
        return row.get_state_display()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("sure/", view(self.sure), name="connectors_proposal_sure"),
            path("<int:pk>/decide/<slug:name>/", view(self.decide), name="connectors_proposal_decide"),
        ]
        urls: list[URLPattern] = [*own, *super().get_urls()]
        return urls

    def change_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The proposal's page instead of a form."""
        return self._show(request, typed.number(object_id))  # 0 is nobody's number

    def decide(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Accept or dismiss; a refusal comes back on the page with what was chosen."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user, row = self._may(request), get_object_or_404(Proposal, pk=pk)
        try:
            if name == "accept":
                deciding.accept(row, by=user, choices=chosen(request), seen=request.POST.get("seen", ""))
            elif name == "dismiss":
                deciding.dismiss(row, reason=request.POST.get("reason", ""), by=user)
            else:
                raise Http404
        except Refused as error:
            return self._show(request, pk, status=422, refused=error.message, given=request.POST)
        messages.success(request, "It is part of the inventory." if name == "accept" else "It is put aside.")
        return redirect(f"{reverse('admin:connectors_proposal_changelist')}?state__exact=open")

    def sure(self, request: HttpRequest) -> HttpResponse:
        """The sure ones: GET shows what would be accepted, POST accepts exactly those that were shown and ticked."""
        user = self._may(request)
        if request.method == "POST":
            ticked = [one.partition(":") for one in request.POST.getlist("one")[:MOST_TOGETHER]]
            shown = {typed.number(pk): seen for pk, _, seen in ticked if typed.number(pk)}
            done, refused = deciding.accept_many(shown, by=user)
            messages.success(request, f"{done} accepted; they are part of the inventory.")
            for one in refused:
                messages.error(request, one)
            return redirect("admin:connectors_proposal_sure")
        rows = [(one, lines(one)) for one in deciding.sure_ones()[:MOST_TOGETHER]]
        context = {**self.admin_site.each_context(request), "title": "Sure proposals", "rows": rows, "opts": self.opts}
        return TemplateResponse(request, SURE, context)

    def _may(self, request: HttpRequest) -> Any:
        user = colleague(request)
        if not user.has_perm("connectors.decide_proposal"):
            raise PermissionDenied
        return user

    def _show(self, request: HttpRequest, pk: int, *, status: int = 200, **more: Any) -> HttpResponse:
        row = get_object_or_404(Proposal.objects.select_related("system", "decided_by"), pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request), **more, "opts": self.opts, "one": row,
            "title": str(row), "lines": [_typed(one, more.get("given", {})) for one in lines(row)],
            "collection": row.suggestion.get("collection"),
            "categories": categories(), "erase": Collection.Erase.choices, "none": deciding.NO_CATEGORY,
            "may": row.state == Proposal.State.OPEN and colleague(request).has_perm("connectors.decide_proposal"),
        }  # fmt: skip
        return TemplateResponse(request, TEMPLATE, context, status=status)


def chosen(request: HttpRequest) -> deciding.Choices:
    """What the form says."""
    given = {key: str(value) for key, value in request.POST.items()}
    categories = {key.removeprefix(FIELD): value for key, value in given.items() if key.startswith(FIELD)}
    erase, skip = given.get("erase", ""), given.get("skip")
    if erase and erase not in Collection.Erase.values:
        raise Refused("Rows are deleted, masked or kept. Choose one of the list.", code="choice_unknown", field="erase")
    ground = given.get("keep_ground", "").strip()[:60]
    if erase == Collection.Erase.KEEP and not ground:
        raise Refused("Say why rows are kept, for example legal_obligation.", code="missing", field="keep_ground")
    return deciding.Choices(categories, erase, ground, None if skip is None else skip == "yes")


def _again(survey: Survey, by: Any, given: dict[str, str]) -> str:
    taken = surveying.take(surveying.ask(survey.system).pk)
    if taken.state == Survey.State.FAILED:
        raise Refused(taken.failure, code="survey")
    return "The tables were looked at; what differs stands under Proposals."


class SurveyAdmin(ReadOnly):
    """Looks at systems' tables."""

    list_display = ("system", "shown_state", "asked_at", "taken_at", "failure")
    list_filter = ("state", "system")
    follow = ("system",)
    ordering = ("-asked_at",)
    fields = ("system", "state", "asked_at", "tried_at", "taken_at", "failure")
    verbs = (Verb("again", "Look again now", "connectors.decide_proposal", _again, style="primary"),)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("tables")

    @display(description="State", label={"Asked for": "info", "Taken": "success", "Failed": "danger"})
    def shown_state(self, row: Survey) -> str:
        return row.get_state_display()
