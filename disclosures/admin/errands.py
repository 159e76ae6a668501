"""Notices by hand on the desk: who tells which recipient, until when, and the sign-off."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb
from disclosures import channels, errands
from disclosures.models import Errand

LABELS = {
    "told": "Told; they confirm later",
    "done": "Told, and they have done it",
    "nothing": "They have nothing of this person",
    "cannot": "They cannot, or will not (say why in the note)",
}


def _take(errand: Errand, by: User, given: dict[str, str]) -> str:
    errands.take(errand, by=by)
    return "It is yours."


def _reveal(errand: Errand, by: User, given: dict[str, str]) -> str:
    return errands.reveal(errand, by=by)


def _sign(errand: Errand, by: User, given: dict[str, str]) -> str:
    errands.sign(errand, by=by, answer=given["answer"], note=given["note"])
    return "Signed off."


def _ours(errand: Errand) -> bool:
    return errand.state == Errand.State.OPEN and not errand.theirs


def _mine(errand: Errand, by: User) -> bool:
    return errand.assignee_id == by.pk


class Waits(admin.SimpleListFilter):
    """Whose turn it is."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "Me"), ("nobody", "Nobody has it yet"), ("overdue", "Overdue"), ("us", "Anybody of us")]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        ours = rows.filter(state=Errand.State.OPEN, theirs=False)
        if self.value() == "me":
            return ours.filter(assignee=request.user)
        if self.value() == "nobody":
            return ours.filter(assignee=None)
        if self.value() == "overdue":
            return ours & errands.overdue(timezone.now())
        return ours if self.value() == "us" else rows


@admin.register(Errand)
class ErrandAdmin(ReadOnly):
    """Notices by hand."""

    list_display = ("whom", "what", "reference", "due_on", "assignee", "state", "theirs")
    list_filter = (Waits, "state")
    follow = ("notice__recipient__channel", "notice__purpose", "assignee", "signed_by")
    ordering = ("due_on", "pk")
    fields = (
        "whom", "what", "reference", "where", "how", "due_on", "theirs", "assignee", "state", "seen_at", "note", "signed_by",
        "signed_name", "signed_at",
    )  # fmt: skip
    readonly_fields = ("whom", "what", "reference", "where", "how")
    verbs = (
        Verb("take", "Take it", "disclosures.sign_errand", _take, style="primary", shown=_ours,
             offered=lambda one, by: not _mine(one, by)),
        Verb("reveal", "Show whom it is about", "disclosures.sign_errand", _reveal, shown=_ours, offered=_mine, once=True,
             confirm="That you looked is recorded."),
        Verb("sign", "Sign off", "disclosures.sign_errand", _sign,
             (Input("answer", "What came of it", tuple(LABELS.items())), Input("note", "Note", required=False)),
             style="primary", shown=_ours, offered=_mine),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only what there is something to say of."""
        return tuple(name for name in self.fields if obj is None or getattr(obj, name, "-") not in (None, "", False))

    @display(description="Recipient", ordering="notice__recipient__name")
    def whom(self, errand: Errand) -> str:
        return errand.notice.recipient.name

    @display(description="What to ask of them")
    def what(self, errand: Errand) -> str:
        purpose = errand.notice.purpose
        return f"{errand.notice.get_kind_display()}{f': {purpose.name}' if purpose else ''}"

    @display(description="Reference")
    def reference(self, errand: Errand) -> str:
        return errand.notice.reference

    @display(description="Where")
    def where(self, errand: Errand) -> str:
        return channels.of(errand.notice.recipient).address or "–"

    @display(description="How")
    def how(self, errand: Errand) -> str:
        return channels.of(errand.notice.recipient).how or "–"
