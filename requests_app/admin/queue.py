"""The queue: what is due first stands first, in a number of queries that does not grow with the rows."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

import law
from audit.accountable import ReadOnly
from audit.refusal import Refused
from requests_app import deadlines
from requests_app.admin.case import CasePages, may_see
from requests_app.admin.entering import EntryPages
from requests_app.admin.talking import Talks
from requests_app.badges import badge
from requests_app.models import Letter, Request, State
from subjects import identifiers, vault
from subjects.models import Identifier

Rows = QuerySet[Request]
SHORT = {
    "access": "Copy", "delete": "Deletion", "correct": "Correction", "opt_out_sale": "No sale", "appeal": "Appeal",
    "complaint": "Complaint", "portability": "Portable copy", "third_party_list": "Recipients", "object": "Objection",
    "restrict": "Restriction", "opt_out_targeted_ads": "No ads", "opt_out_profiling": "No profiling",
    "limit_sensitive": "Limit", "withdraw_consent": "Consent",
}  # fmt: skip
TONES: dict[str, str] = {State.VERIFYING: "soon", State.IN_REVIEW: "now", State.CLOSED: "ok"}


class Due(admin.SimpleListFilter):
    """By how near the deadline is."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("week", "Within 7 days"), ("later", "Later")]

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        now = timezone.now()
        week = now + timedelta(days=7)
        conditions = {
            "overdue": Q(due_at__lte=now),
            "week": Q(due_at__gt=now, due_at__lte=week),
            "later": Q(due_at__gt=week),
        }
        chosen = conditions.get(self.value() or "")
        return rows.filter(chosen).exclude(state=State.CLOSED) if chosen else rows


class Waiting(admin.SimpleListFilter):
    """By whom it waits for."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("me", "Me"), ("nobody", "No owner yet"), ("review", "A review"), ("second", "A second person"),
            ("attention", "Attention"),
            ("managers", "The managers"),
            ("open", "Anything open"),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, rows: Rows) -> Rows:
        open_rows = rows.exclude(state=State.CLOSED)
        return {
            "me": open_rows.filter(owner=request.user.pk),
            "nobody": open_rows.filter(owner=None),
            "review": open_rows.filter(state=State.IN_REVIEW, proposed_by=None),
            "second": open_rows.filter(state=State.IN_REVIEW, proposed_by__isnull=False),
            "attention": rows.exclude(attention=""),
            "managers": open_rows.filter(deadlines.raised()),
            "open": open_rows,
        }.get(self.value() or "", rows)


def _people(address: str) -> list[UUID]:
    """Ids of the people with exactly this address."""
    try:
        index = vault.blind_index("email", identifiers.email(address))
    except Refused:
        return []
    return list(Identifier.objects.filter(kind="email", blind_index=index).values_list("subject", flat=True)[:20])


@admin.register(Request)
class RequestAdmin(ReadOnly):
    """Rights requests."""

    list_display = ("case", "asked", "shown_state", "clock", "person", "whose", "received")
    list_filter = (Waiting, Due, "state", "right", "outcome", "asked_by", "authority")
    search_fields = ("reference",)
    search_help_text = "Reference, or a whole e-mail address"
    follow = ("owner", "subject", "identifier")
    list_display_links = None
    list_fullwidth = True

    def get_ordering(self, request: HttpRequest) -> Any:
        return (F("due_at").asc(nulls_last=True), "received_at")

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """A reference, or the exact address through its blind index: personal data is never searched by pattern."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" not in term:
            return queryset.filter(reference__istartswith=term), False
        return queryset.filter(subject__in=_people(term)), False

    def search(self, request: HttpRequest) -> HttpResponse:
        """The search box posts here, so that an address stands in no URL, no access log and no history."""
        may_see(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        term = request.POST.get("q", "").strip()
        queue = reverse("admin:requests_app_request_changelist")
        if "@" not in term:
            return redirect(f"{queue}?{urlencode({'q': term})}" if term else queue)
        people = _people(term)
        if not people:
            messages.warning(request, "No request came from this address. It must match to the letter.")
            return redirect(queue)
        return redirect(f"{queue}?{urlencode({'subject__in': ','.join(str(one) for one in people)})}")

    @display(description="Request", ordering="reference")
    def case(self, one: Request) -> SafeString:
        link = reverse("admin:requests_app_request_change", args=(one.pk,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, one.reference)

    @display(description="State", ordering="state")
    def shown_state(self, one: Request) -> SafeString:
        pill = '<span class="po-tag po-{}">{}</span>'
        if not one.attention:
            return format_html(pill, TONES.get(one.state, "plain"), one.get_state_display())
        words = pill + '<br><span class="po-look">{}</span>'
        return format_html(words, TONES.get(one.state, "plain"), one.get_state_display(), one.attention)

    @display(description="Clock", ordering="due_at")
    def clock(self, one: Request) -> SafeString:
        seen = badge(one.due_at, timezone.now(), closed=one.state == State.CLOSED)
        if one.due_at is None or one.state == State.CLOSED:
            return format_html('<span class="po-clock po-{}">{}</span>', seen.tone, seen.words)
        # The last day is the day before the first instant that is too late.
        last = date_format(timezone.localtime(one.due_at - timedelta(seconds=1)), "j M Y")
        words = '<span class="po-clock po-{}">{}</span><br><small class="po-muted">{}</small>'
        return format_html(words, seen.tone, seen.words, last)

    @display(description="Right", ordering="right")
    def asked(self, one: Request) -> SafeString:
        under = ", ".join(law.statute(row["statute"]).short_name for row in one.laws)
        return format_html(
            '{}<br><small class="po-muted">{}</small>', SHORT.get(one.right, one.get_right_display()), under
        )

    @display(description="Owner", ordering="owner")
    def whose(self, one: Request) -> str:
        return (one.owner.get_full_name() or one.owner.get_username()) if one.owner else "nobody"

    @display(description="Person")
    def person(self, one: Request) -> str:
        return identifiers.masked(one.identifier.kind, one.identifier.value) if one.identifier else str(one.subject)

    @display(description="Received", ordering="received_at")
    def received(self, one: Request) -> str:
        return date_format(timezone.localtime(one.received_at), "j M Y")

    def get_urls(self) -> list[URLPattern]:
        pages, wrap = Talks(self.admin_site), self.admin_site.admin_view
        name = "requests_app_request"
        entry = EntryPages(self.admin_site)
        own = [
            path("new/", wrap(entry.new), name=f"{name}_new"),
            path("bulk/", wrap(entry.bulk), name=f"{name}_bulk"),
            path("bulk/sample.csv", wrap(entry.sample), name=f"{name}_sample"),
            path("bulk/<uuid:pk>/", wrap(entry.upload), name=f"{name}_upload"),
            path("search/", wrap(self.search), name=f"{name}_search"),
            path("<uuid:pk>/do/<slug:name>/", wrap(pages.press), name=f"{name}_press"),
            path("<uuid:pk>/finding/<int:finding_id>/", wrap(pages.finding), name=f"{name}_finding"),
            path("<uuid:pk>/finding/<int:finding_id>/rows/", wrap(pages.rows), name=f"{name}_rows"),
            path("<uuid:pk>/order/<uuid:order_id>/<slug:verb>/", wrap(pages.order), name=f"{name}_order"),
            path("<uuid:pk>/reveal/", wrap(pages.reveal), name=f"{name}_reveal"),
            path("<uuid:pk>/letter/<uuid:letter_id>/", wrap(pages.letter), name=f"{name}_letter"),
            path("<uuid:pk>/letter/<uuid:letter_id>/again/", wrap(pages.letter_again), name=f"{name}_letter_again"),
            path("<uuid:pk>/letter/<uuid:letter_id>/pdf/", wrap(pages.letter_pdf), name=f"{name}_letter_pdf"),
            path("<uuid:pk>/preview/", wrap(pages.preview), name=f"{name}_preview"),
            path("<uuid:pk>/parcel/again/", wrap(pages.parcel_again), name=f"{name}_parcel_again"),
            path("<uuid:pk>/referral/<uuid:referral_id>/<slug:verb>/", wrap(pages.referral), name=f"{name}_referral"),
            path("<uuid:pk>/write/", wrap(pages.write), name=f"{name}_write"),
            path("<uuid:pk>/seen/", wrap(pages.seen), name=f"{name}_seen"),
            path("<uuid:pk>/file/<uuid:file_id>/", wrap(pages.attachment), name=f"{name}_attachment"),
            path("<uuid:pk>/paper/", wrap(pages.paper), name=f"{name}_paper"),
            path("<uuid:pk>/note/", wrap(pages.note), name=f"{name}_note"),
            path("<uuid:pk>/change/", wrap(self.change_view), name=f"{name}_change"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None, pk: Any = None
    ) -> HttpResponse:
        """The case page instead of a form."""
        try:
            return CasePages(self.admin_site).show(request, pk or UUID(str(object_id)))
        except ValueError as error:
            raise Http404 from error


@admin.register(Letter)
class LetterAdmin(ReadOnly):
    """Letters to people; their words are shown on the case page."""

    list_display = ("request", "kind", "state", "queued_at", "sent_at", "park_reason")
    list_filter = ("state", "kind")
    follow = ("request",)
    fields = (
        "request", "kind", "subject_line", "language", "statute", "template_version", "state", "park_reason", "queued_at",
        "sent_at", "attempts",
    )  # fmt: skip
