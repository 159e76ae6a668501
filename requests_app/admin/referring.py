"""Referrals to clients on the desk: the list, and the buttons that the case page shows too."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb
from requests_app import referrals
from requests_app.models import Referral

MAY = referrals.MAY


def _answer(one: Referral, by: User, given: dict[str, str]) -> str:
    referrals.answer(one, answer=given["answer"], note=given["note"], by=by)
    return "The client's answer is recorded."


def _assist(one: Referral, by: User, given: dict[str, str]) -> str:
    referrals.assist(one, reason=given["reason"], note=given["note"], by=by)
    return "Our help is recorded."


def _again(one: Referral, by: User, given: dict[str, str]) -> str:
    referrals.send_again(one, by=by)
    return "The letter to the client goes out within seconds."


VERBS = (
    Verb("again", "Send again", MAY, _again, style="primary", shown=lambda one: one.state == Referral.State.PARKED),
    Verb("answer", "Record the client's answer", MAY, _answer,
         (Input("answer", "What they said", tuple(referrals.ANSWERS.items())),
          Input("note", "Note, without personal data", required=False)),
         shown=lambda one: one.state != Referral.State.ANSWERED),
    Verb("assist", "Record our help (exception)", MAY, _assist,
         (Input("reason", "Why we helped", tuple(referrals.ASSISTS.items())),
          Input("note", "What we did, without personal data")),
         shown=lambda one: one.assisted_at is None),
)  # fmt: skip


class Waits(admin.SimpleListFilter):
    """Whose turn it is."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("us", "Us"), ("client", "The client")]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        if self.value() == "us":
            return rows.filter(pk__in=referrals.stuck())
        return rows.filter(state=Referral.State.SENT) if self.value() == "client" else rows


class Answers(admin.SimpleListFilter):
    """What the client said."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(referrals.ANSWERS.items())

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        return rows.filter(answer=self.value()) if self.value() else rows


@admin.register(Referral)
class ReferralAdmin(ReadOnly):
    """Requests that clients decide about."""

    list_display = ("case", "client", "system", "state", "due_on", "what_became")
    list_display_links = None
    list_filter = (Waits, "state", Answers, "order__system__client")
    search_fields = ("request__reference__exact",)
    search_help_text = "Reference of the request"
    follow = ("request", "order__system", "by")
    ordering = ("-order__created_at",)
    fields = (
        "request", "client", "system", "state", "what_became", "sent_at", "due_on", "answered_at", "answer_note",
        "assisted_at", "why_we_helped", "assist_note", "by",
    )  # fmt: skip
    readonly_fields = ("client", "system", "what_became", "why_we_helped")
    verbs = VERBS

    @display(description="Request")
    def case(self, one: Referral) -> SafeString:
        link = reverse("admin:requests_app_referral_change", args=(one.pk,))
        return format_html('<a class="po-ref" href="{}">{}</a>', link, one.request.reference)

    @display(description="Client")
    def client(self, one: Referral) -> str:
        return one.order.system.client

    @display(description="System")
    def system(self, one: Referral) -> str:
        return one.order.system.name

    @display(description="What became of it")
    def what_became(self, one: Referral) -> str:
        return referrals.said(one)

    @display(description="Why we helped")
    def why_we_helped(self, one: Referral) -> str:
        return referrals.ASSISTS.get(one.assist_reason, one.assist_reason)
