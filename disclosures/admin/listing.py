"""The list of sub-processors on the desk: its changes, the mails about them, what clients say, and who subscribed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from audit.accountable import Accountable, Input, ReadOnly, Verb, colleague
from audit.refusal import Refused
from disclosures import answers, listing, listmail
from disclosures.models import ClientAnswer, ListChange, ListMail, Subscriber


def _withdraw(one: ListChange, by: User, given: dict[str, str]) -> str:
    listing.withdraw(one, by=by)
    return "The change is withdrawn. Whoever was told of it is told that too."


@admin.register(ListChange)
class ListChangeAdmin(ReadOnly):
    """Changes of the list. They are announced on the recipient's page."""

    list_display = ("number", "name", "kind", "starts_on", "objections_until", "stands", "told", "untold", "against")
    list_display_links = ("number", "name")
    list_filter = ("kind", "state")
    search_fields = ("name",)
    fields = (
        "number", "recipient", "kind", "name", "service", "countries", "starts_on", "objections_until", "words", "state",
        "announced_at", "announced_by", "withdrawn_at",
    )  # fmt: skip
    follow = ("recipient", "announced_by")
    verbs = (
        Verb("withdraw", "Withdraw it", listing.MAY, _withdraw, style="danger",
             shown=lambda one: one.state == "announced" and one.kind != "first"
             and one.starts_on > timezone.localdate()),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ListChange]":
        rows = super().get_queryset(request)
        about = Q(mails__about="announced", mails__client__isnull=False)
        settled = Q(mails__state__in=("sent", "waived"))
        return rows.annotate(
            told_count=Count("mails", filter=about & settled, distinct=True),
            untold_count=Count("mails", filter=about & ~settled, distinct=True),
            against_count=Count("answers", filter=Q(answers__answer="objects"), distinct=True),
        )

    @display(description="Stands", label={"in force": "success", "to come": "info", "withdrawn": "warning"})
    def stands(self, one: ListChange) -> str:
        if one.state == ListChange.State.WITHDRAWN:
            return "withdrawn"
        return "in force" if one.starts_on <= timezone.localdate() else "to come"

    @display(description="Clients told")
    def told(self, one: Any) -> int:
        return int(one.told_count)

    @display(description="Not told yet")
    def untold(self, one: Any) -> int:
        return int(one.untold_count)

    @display(description="Objections")
    def against(self, one: Any) -> int:
        return int(one.against_count)


def _retry(one: ListMail, by: User, given: dict[str, str]) -> str:
    listmail.retry(one, by=by)
    return "The mail will be sent again."


def _waive(one: ListMail, by: User, given: dict[str, str]) -> str:
    listmail.waive(one, by=by)
    return "Noted: the client was told another way."


def _parked(one: ListMail) -> bool:
    return one.state == ListMail.State.PARKED


@admin.register(ListMail)
class ListMailAdmin(ReadOnly):
    """Mails about the list."""

    list_display = ("about", "change", "client", "state", "queued_at", "sent_at", "park_reason")
    list_filter = ("state", "about", "client")
    fields = (
        "about",
        "change",
        "client",
        "subscriber",
        "state",
        "park_reason",
        "attempts",
        "next_try_at",
        "queued_at",
        "sent_at",
    )
    follow = ("change", "client", "subscriber")
    verbs = (
        Verb("retry", "Send again", listmail.MAY, _retry, style="primary", shown=_parked),
        Verb("waive", "Told another way", listmail.MAY, _waive, style="danger", shown=_parked),
    )


class Waits(admin.SimpleListFilter):
    """Whether something has to come of it."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("us", "Us: objections about which nothing is decided")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[ClientAnswer]") -> "QuerySet[ClientAnswer]":
        return rows.filter(pk__in=answers.unsettled().values("pk")) if self.value() == "us" else rows


class AnswerForm(forms.ModelForm):
    """What a client said, as the verb takes it."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                answers.check(given["change"], given["answer"], given["said_on"], given["words"])
            except Refused as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
        return given


def _settle(one: ClientAnswer, by: User, given: dict[str, str]) -> str:
    answers.settle(one, outcome=given["outcome"], by=by)
    return "Noted what came of it."


@admin.register(ClientAnswer)
class ClientAnswerAdmin(Accountable):
    """What clients say to changes: recorded, and settled by a button."""

    records = False  # the verbs do
    form = AnswerForm
    list_display = ("change", "client", "answer", "said_on", "way", "words", "outcome", "settled_on")
    list_filter = (Waits, "answer", "outcome", "way", "client")
    list_select_related = ("change", "client")
    verbs = (
        Verb("settle", "What came of it", answers.MAY, _settle,
             (Input("outcome", "Outcome", tuple(ClientAnswer.Outcome.choices)),), style="primary",
             shown=lambda one: one.answer == "objects" and not one.outcome),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["change", "client", "answer", "said_on", "words"]
        known = ["outcome", "settled_on", "way", "signed_by", "recorded_by", "recorded_at"]
        return fields if obj is None else [*fields, *known]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return colleague(request).has_perm(answers.MAY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ClientAnswer, form: Any, change: bool) -> None:
        row = answers.record(
            obj.change, obj.client, answer=obj.answer, said_on=obj.said_on, words=obj.words, by=colleague(request)
        )
        obj.pk, obj._state.adding = row.pk, False


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnly):
    """Who hears of changes. Addresses are not shown: whoever has one writes from it."""

    list_display = ("id", "language", "state", "asked_at", "confirmed_at", "ended_at")
    list_filter = ("state", "language")
    fields = ("id", "language", "state", "asked_at", "confirmed_at", "ended_at")
