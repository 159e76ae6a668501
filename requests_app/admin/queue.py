"""The queue: what is due first stands first, in a number of queries that does not grow with the rows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

import law
from audit import typed
from audit.accountable import ReadOnly, colleague
from requests_app import risk, saved_views
from requests_app.admin import searching, views
from requests_app.admin.case import CasePages, may_see
from requests_app.admin.entering import EntryPages
from requests_app.admin.filters import Due, Found, Law, LetterKind, Owner, Region, Risk, Waiting, wide
from requests_app.admin.many import Deeds, ManyPages
from requests_app.admin.together import TeamPages
from requests_app.badges import badge
from requests_app.models import Letter, Request, State
from requests_app.next_step import words as next_step_words
from requests_app.paging import Bounded
from subjects import identifiers

Rows = QuerySet[Request]
SHORT = {
    "access": "Copy", "delete": "Deletion", "correct": "Correction", "opt_out_sale": "No sale", "appeal": "Appeal",
    "complaint": "Complaint", "portability": "Portable copy", "third_party_list": "Recipients", "object": "Objection",
    "restrict": "Restriction", "opt_out_targeted_ads": "No ads", "opt_out_profiling": "No profiling",
    "limit_sensitive": "Limit", "withdraw_consent": "Consent",
}  # fmt: skip
TONES: dict[str, str] = {State.VERIFYING: "soon", State.IN_REVIEW: "now", State.CLOSED: "ok"}


@admin.register(Request)
class RequestAdmin(ReadOnly):
    """Rights requests."""

    list_display = ("case", "asked", "shown_state", "clock", "person", "whose", "received")
    list_filter = (
        Waiting, Due, Risk, Owner, "state", "right", Law, Region, "channel", "outcome", "asked_by", "authority", Found,
    )  # fmt: skip
    search_fields = ("reference",)
    search_help_text = "Reference, whole e-mail address or name, or words"
    follow = ("owner", "subject", "identifier")
    list_display_links = None
    list_fullwidth = True
    paginator = Bounded
    action_form = Deeds
    list_disable_select_all = True  # a page at a time: whoever does something to many has seen them
    list_before_template = "admin/requests_app/request/views.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The queue; without a question, with the view that the colleague chose to begin with."""
        user = colleague(request)
        if request.method == "GET" and not request.GET and user.has_perm("requests_app.view_request"):
            view = saved_views.first(user)
            if view is not None:
                return redirect(f"{reverse('admin:requests_app_request_changelist')}?{saved_views.address(view)}")
        if not all(typed.key(one) for one in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("a key of no request")
        answer: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "strip": views.strip(request, user)}
        )
        return answer

    def get_list_display(self, request: HttpRequest) -> Any:
        """On a phone a row is a card, which says what comes next; the wide table has no room for it."""
        user = colleague(request)

        @display(description="Next")
        def next_step(one: Request) -> str:
            return next_step_words(one, user)

        return (*super().get_list_display(request), next_step)

    def get_actions(self, request: HttpRequest) -> Any:
        """What may be done to many: see `together`."""
        return ManyPages(self.admin_site).actions(colleague(request))

    def get_ordering(self, request: HttpRequest) -> Any:
        """What is due first; of everything, what came last."""
        return ("-received_at",) if wide(request) else (F("due_at").asc(nulls_last=True), "received_at")

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """A reference, or the exact address through its blind index: personal data is never searched by pattern."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(subject__in=searching.people(term)), False
        return queryset.filter(searching.referenced(term)), False

    def search(self, request: HttpRequest) -> HttpResponse:
        """The search box posts here, so that an address stands in no URL, no access log and no history."""
        may_see(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        queue = reverse("admin:requests_app_request_changelist")
        found = searching.where(request, request.POST.get("q", ""))
        if found is None:
            messages.warning(request, "No request came from this address. It must match to the letter.")
        return redirect(f"{queue}?{found}" if found else queue)

    @display(description="Request", ordering="reference")
    def case(self, one: Request) -> SafeString:
        link = reverse("admin:requests_app_request_change", args=(one.pk,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, one.reference)

    @display(description="State", ordering="state")
    def shown_state(self, one: Request) -> SafeString:
        pill = '<span class="po-tag po-{}">{}</span>'
        shown = format_html(pill, TONES.get(one.state, "plain"), one.get_state_display())
        if risk.of(one, timezone.now()) == "high":
            shown = format_html('{} <span class="po-risk">high risk</span>', shown)
        if one.raised_at is not None:
            shown = format_html('{} <span class="po-risk">raised</span>', shown)
        return format_html('{}<br><span class="po-look">{}</span>', shown, one.attention) if one.attention else shown

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
        pages, wrap = TeamPages(self.admin_site), self.admin_site.admin_view
        name = "requests_app_request"
        entry, many = EntryPages(self.admin_site), ManyPages(self.admin_site)
        own = [
            path("new/", wrap(entry.new), name=f"{name}_new"),
            path("bulk/", wrap(entry.bulk), name=f"{name}_bulk"),
            path("bulk/sample.csv", wrap(entry.sample), name=f"{name}_sample"),
            path("bulk/<uuid:pk>/", wrap(entry.upload), name=f"{name}_upload"),
            path("together/", wrap(many.carry_out), name=f"{name}_together"),
            path("together/done/", wrap(many.done), name=f"{name}_together_done"),
            path("views/", wrap(views.press), name=f"{name}_views"),
            path("search/", wrap(self.search), name=f"{name}_search"),
            path("<uuid:pk>/do/<slug:name>/", wrap(pages.press), name=f"{name}_press"),
            path("<uuid:pk>/finding/<int:finding_id>/", wrap(pages.finding), name=f"{name}_finding"),
            path("<uuid:pk>/finding/<int:finding_id>/rows/", wrap(pages.rows), name=f"{name}_rows"),
            path("<uuid:pk>/order/<uuid:order_id>/<slug:verb>/", wrap(pages.order), name=f"{name}_order"),
            path("<uuid:pk>/reveal/", wrap(pages.reveal), name=f"{name}_reveal"),
            path("<uuid:pk>/letter/<uuid:letter_id>/", wrap(pages.letter), name=f"{name}_letter"),
            path("<uuid:pk>/letter/<uuid:letter_id>/again/", wrap(pages.letter_again), name=f"{name}_letter_again"),
            path("<uuid:pk>/letter/<uuid:letter_id>/posted/", wrap(pages.posted), name=f"{name}_letter_posted"),
            path("<uuid:pk>/letter/<uuid:letter_id>/pdf/", wrap(pages.letter_pdf), name=f"{name}_letter_pdf"),
            path("<uuid:pk>/preview/", wrap(pages.preview), name=f"{name}_preview"),
            path("<uuid:pk>/parcel/take/", wrap(pages.take_package), name=f"{name}_take_package"),
            path("<uuid:pk>/receipt/", wrap(pages.receipt), name=f"{name}_receipt"),
            path("<uuid:pk>/parcel/again/", wrap(pages.parcel_again), name=f"{name}_parcel_again"),
            path("<uuid:pk>/referral/<uuid:referral_id>/<slug:verb>/", wrap(pages.referral), name=f"{name}_referral"),
            path("<uuid:pk>/write/", wrap(pages.write), name=f"{name}_write"),
            path("<uuid:pk>/seen/", wrap(pages.seen), name=f"{name}_seen"),
            path("<uuid:pk>/file/<uuid:file_id>/", wrap(pages.attachment), name=f"{name}_attachment"),
            path("<uuid:pk>/progress/", wrap(pages.progress), name=f"{name}_progress"),
            path("<uuid:pk>/time/", wrap(pages.spend), name=f"{name}_time"),
            path("<uuid:pk>/paper/", wrap(pages.paper), name=f"{name}_paper"),
            path("<uuid:pk>/team/<slug:verb>/", wrap(pages.watching), name=f"{name}_team"),
            path("<uuid:pk>/step/<int:number>/", wrap(pages.step), name=f"{name}_step"),
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

    list_display = ("request", "shown_kind", "state", "queued_at", "sent_at", "park_reason")
    list_filter = ("state", LetterKind)
    follow = ("request",)
    fields = (
        "request", "shown_kind", "subject_line", "language", "statute", "template_version", "state", "park_reason", "queued_at",
        "sent_at", "attempts",
    )  # fmt: skip
    readonly_fields = ("shown_kind",)

    @display(description="Letter", ordering="kind")
    def shown_kind(self, letter: Letter) -> str:
        return letter.named
