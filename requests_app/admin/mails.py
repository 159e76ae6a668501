"""Mail that arrived, on the desk: the list, and the page of one, where a draft becomes a request or does not."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

import law
from audit import actor, log
from audit.accountable import ReadOnly, colleague
from audit.refusal import Refused
from requests_app import inbox, plans, stationery
from requests_app.models import InboundMail, Right
from subjects import identifiers

TEMPLATE = "admin/requests_app/inboundmail/mail.html"
TONES: dict[str, str] = {"draft": "now", "parked": "soon", "matched": "ok"}
Fields = dict[str, str]


def _confirm(one: InboundMail, by: User, given: Fields) -> str:
    wanted = inbox.Wanted(
        right=given.get("right", ""),
        residence=given.get("residence", ""),
        language=given.get("language", ""),
        email=given.get("email", ""),
        name=given.get("name", ""),
    )
    request = inbox.confirm(one, wanted, by=by)
    return f"{request.reference} was made of it, received on {request.received_at:%d %B %Y}. The person is written to."


def _join(one: InboundMail, by: User, given: Fields) -> str:
    return f"It belongs to {inbox.join(one, reference=given.get('reference', ''), by=by).reference} now."


def _dismiss(one: InboundMail, by: User, given: Fields) -> str:
    inbox.dismiss(one, reason=given.get("reason", ""), by=by)
    return "Noted: no request."


def _reopen(one: InboundMail, by: User, given: Fields) -> str:
    inbox.reopen(one, by=by)
    return "It waits for a decision again."


BUTTONS = {"confirm": _confirm, "join": _join, "dismiss": _dismiss, "reopen": _reopen}


@admin.register(InboundMail)
class InboundMailAdmin(ReadOnly):
    """Mail that arrived for the privacy team."""

    list_display = ("from_whom", "shown_state", "arrived_at", "noted", "files", "case")
    list_display_links = None
    list_filter = ("state", "reason")
    follow = ("request",)
    ordering = ("-arrived_at",)
    fields = ("state", "reason", "arrived_at", "size")

    @display(description="From")
    def from_whom(self, one: InboundMail) -> SafeString:
        link = reverse("admin:requests_app_inboundmail_change", args=(one.pk,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, masked(one))

    @display(description="What it is", ordering="state")
    def shown_state(self, one: InboundMail) -> SafeString:
        pill = format_html(
            '<span class="po-tag po-{}">{}</span>', TONES.get(one.state, "plain"), one.get_state_display()
        )
        words = one.get_reason_display() if one.reason else ""
        return format_html('{}<br><small class="po-muted">{}</small>', pill, words) if words else pill

    @display(description="Our mail server noted")
    def noted(self, one: InboundMail) -> str:
        return one.authentication or "nothing"

    @display(description="Request")
    def case(self, one: InboundMail) -> SafeString | str:
        if one.request is None:
            return ""
        link = reverse("admin:requests_app_request_change", args=(one.request_id,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, one.request.reference)

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "requests_app_inboundmail"
        own = [
            path("<uuid:pk>/press/<slug:button>/", wrap(self.press), name=f"{name}_press"),
            path("<uuid:pk>/reveal/", wrap(self.reveal), name=f"{name}_reveal"),
            path("<uuid:pk>/change/", wrap(self.change_view), name=f"{name}_change"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None, pk: Any = None
    ) -> HttpResponse:
        """The page of a mail instead of a form."""
        try:
            return self._page(request, pk or UUID(str(object_id)))
        except ValueError as error:
            raise Http404 from error

    def reveal(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The page with the sender and their words in clear, on this answer only; an event."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return self._page(request, pk, revealed=True)

    def press(self, request: HttpRequest, pk: UUID, button: str) -> HttpResponse:
        """A button: one verb; a refusal comes back with what was typed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = self._may(request)
        if button not in BUTTONS:
            raise Http404
        one = get_object_or_404(InboundMail, pk=pk)
        given = {name: str(value).strip() for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
        try:
            messages.success(request, BUTTONS[button](one, user, given))
        except Refused as refused:
            messages.error(request, refused.message)
            again = bool(given.get("revealed")) and user.has_perm("subjects.reveal_datasubject")
            return self._page(request, pk, revealed=again, status=422, given={**given, "form": button})
        return redirect("admin:requests_app_inboundmail_change", pk)

    def _page(
        self, request: HttpRequest, pk: UUID, *, revealed: bool = False, status: int = 200, given: Fields | None = None
    ) -> HttpResponse:
        user = self._may(request)
        one = get_object_or_404(InboundMail.objects.select_related("request", "decided_by", "letter"), pk=pk)
        if revealed:
            if not user.has_perm("subjects.reveal_datasubject"):
                return HttpResponse(status=403)
            with log.atomic():
                log.record("mail.viewed", actor=actor.staff(user.pk), noun=one, reason="message")
        context = {
            **self.admin_site.each_context(request),
            "title": "Mail",
            "one": one,
            "from_whom": one.sender if revealed else masked(one),
            "revealed": revealed,
            "given": given or {},
            "rights": [(code, Right(code).label) for code in plans.OFFERED],
            "residences": law.residences(),
            "languages": [(code, row.name) for code, row in stationery.LANGUAGES.items()],
            "no_request": [(str(code), words) for code, words in inbox.NO_REQUEST.items()],
            "may_reveal": user.has_perm("subjects.reveal_datasubject"),
            "may_decide": user.has_perm("requests_app.decide_request") or user.has_perm("requests_app.change_request"),
        }
        return TemplateResponse(request, TEMPLATE, context, status=status)

    def _may(self, request: HttpRequest) -> User:
        user = colleague(request)
        if not self.has_view_permission(request):
            raise Http404
        return user


def masked(one: InboundMail) -> str:
    """The sender as a colleague may see them in passing."""
    return identifiers.masked("email", one.sender) if one.sender else ("forgotten" if one.forgotten_at else "unknown")
