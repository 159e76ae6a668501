"""Aggregate releases on the desk: what is proposed, what left, and what the budgets of noise have left."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb, colleague
from audit.refusal import Refused
from disclosures import proposing, releasing
from disclosures.admin import choosing, verdicts
from disclosures.models import Release, ReleaseProposal

State = ReleaseProposal.State
TAGS = {
    "Columns to be chosen": "info", "At the gate": "info", "Passed, to be decided": "warning",
    "Refused by the gate": "danger", "Approved": "success", "Declined": "danger", "Lapsed": "info", "Needs a person": "danger",
}  # fmt: skip


def _approve(proposal: ReleaseProposal, by: User, given: dict[str, str]) -> str:
    if releasing.approve(proposal, by=by) is None:
        return "Another release of this dataset left since the gate judged. It is compared with that one now; look again soon."
    return "Approved. It stands on the ledger, from where it can be fetched."


def _decline(proposal: ReleaseProposal, by: User, given: dict[str, str]) -> str:
    releasing.decline(proposal, by=by, note=given["note"])
    return "Declined. What was handed in is destroyed."


def _adopt(proposal: ReleaseProposal, by: User, given: dict[str, str]) -> str:
    proposing.adopt(proposal, by=by)
    return "You answer for this proposal now. A colleague decides."


def _passed(proposal: ReleaseProposal) -> bool:
    return proposal.state == State.PASSED


@admin.register(ReleaseProposal)
class ReleaseProposalAdmin(ReadOnly):
    """Data that shall leave because it is about nobody in particular."""

    list_display = ("title", "kind", "dataset", "shown_state", "proposed_at", "decided_at")
    list_filter = ("state", "kind", "dataset")
    follow = ("dataset", "purpose", "proposed_by", "decided_by", "client", "collection")
    list_before_template = "admin/releases/before.html"
    change_form_outer_before_template = "admin/releases/proposal.html"
    fields = (
        "title", "kind", "dataset", "collection", "purpose", "public", "state", "park_reason", "proposed_by", "client",
        "proposed_at", "judged_at", "decided_by", "decided_at", "decision_note", "rows", "digest",
    )  # fmt: skip
    verbs = (
        Verb("adopt", "I answer for it", "disclosures.propose_release", _adopt, style="primary",
             shown=lambda one: one.proposed_by_id is None and one.state in releasing.OPEN_STATES),
        Verb("approve", "Let it leave", "disclosures.approve_release", _approve, style="primary", shown=_passed,
             confirm="It goes on the ledger, and the rows that were handed in are destroyed.",
             offered=lambda one, by: one.proposed_by_id not in (None, by.pk)),
        Verb("decline", "Keep it in", "disclosures.approve_release", _decline, (Input("note", "Why"),), style="danger",
             shown=_passed, offered=lambda one, by: one.proposed_by_id != by.pk),
    )  # fmt: skip

    @display(description="State", ordering="state", label=TAGS)
    def shown_state(self, proposal: ReleaseProposal) -> str:
        return proposal.get_state_display()

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        if request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_changelist"):
            rows = rows.defer("columns", "failing", "preview", "figures", "parameters", "reasons", "header")
        return rows

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "disclosures_releaseproposal"
        own = [
            path("propose/", wrap(self.propose), name=f"{name}_propose"),
            path("<uuid:pk>/columns/", wrap(self.choose), name=f"{name}_columns"),
        ]
        urls: list[URLPattern] = [*own, *super().get_urls()]
        return urls

    def propose(self, request: HttpRequest) -> HttpResponse:
        """Whose data, for whom, and the rows."""
        self._may(request)
        return choosing.propose(self.admin_site, request)

    def choose(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What each column is, and what the gate is asked for."""
        self._may(request)
        return choosing.choose(self.admin_site, request, get_object_or_404(self.get_queryset(request), pk=pk))

    def change_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With the verdict above the fields."""
        row = self.get_object(request, str(object_id))
        context = {**(extra_context or {}), **(verdicts.context(row) if row is not None else {})}
        context["may_propose"] = colleague(request).has_perm(proposing.PROPOSE)
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def _may(self, request: HttpRequest) -> None:
        if not colleague(request).has_perm(proposing.PROPOSE):
            raise PermissionDenied


@admin.register(Release)
class ReleaseAdmin(ReadOnly):
    """What left: the ledger at the level of datasets."""

    list_display = ("title", "kind", "dataset", "purpose", "public", "rows", "released_at")
    list_filter = ("kind", "dataset", "public")
    follow = ("dataset", "purpose", "proposed_by", "approved_by", "client", "proposal")
    change_form_outer_before_template = "admin/releases/release.html"
    fields = (
        "title", "kind", "dataset", "purpose", "recipients", "public", "columns", "rows", "digest", "proposed_by",
        "approved_by", "client", "released_at",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<uuid:pk>/fetch/<str:form>/", self.admin_site.admin_view(self.fetch), name="disclosures_release_fetch"
        )
        urls: list[URLPattern] = [own, *super().get_urls()]
        return urls

    def change_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With the figures above the fields."""
        row = self.get_object(request, str(object_id))
        context = {**(extra_context or {}), **(verdicts.figures(row.kind, row.figures) if row is not None else {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**context, "release": row})
        return answer

    def fetch(self, request: HttpRequest, pk: UUID, form: str) -> HttpResponseBase:
        """The file. A POST, for it is an event."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        release = get_object_or_404(Release.objects.select_related("proposal", "dataset", "purpose"), pk=pk)
        try:
            name, pieces = releasing.fetch(release, "json" if form == "json" else "csv", by=colleague(request))
        except Refused as refused:
            if refused.code == "not_allowed":
                raise PermissionDenied from refused
            messages.error(request, refused.message)
            return redirect("admin:disclosures_release_change", pk)
        kind = "application/json" if form == "json" else "text/csv; charset=utf-8"
        answer = StreamingHttpResponse(pieces, content_type=kind)
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        return answer
