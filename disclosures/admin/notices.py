"""Notices to recipients on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb, colleague
from disclosures import deciding
from disclosures.models import Attempt, Notice


def _retry(notice: Notice, by: User, given: dict[str, str]) -> str:
    deciding.retry(notice, by=by)
    return "The notice will be sent again."


def _waive(notice: Notice, by: User, given: dict[str, str]) -> str:
    deciding.waive(notice, by=by, reason_code=given["reason_code"])
    return "The notice is given up."


def _excuse(notice: Notice, by: User, given: dict[str, str]) -> str:
    deciding.excuse(notice, by=by, ground=given["ground"], words=given["words"])
    return "Recorded. The person reads your words where they see who was told."


def _heard(notice: Notice, by: User, given: dict[str, str]) -> str:
    deciding.heard(notice, by=by, answer=given["answer"], words=given["words"])
    return "Noted."


def _excusable(notice: Notice) -> bool:
    open_ = notice.state in (Notice.State.QUEUED, Notice.State.HANDED, Notice.State.PARKED)
    return open_ and notice.kind in deciding.EXCUSABLE


def _awaited(notice: Notice) -> bool:
    return notice.sent_at is not None and notice.state in (Notice.State.SENT, Notice.State.PARKED)


def _parked(notice: Notice) -> bool:
    return notice.state == Notice.State.PARKED


class Tries(TabularInline):
    """Every try, in order."""

    model = Attempt
    hide_title = True
    fields = readonly_fields = ("begun_at", "what", "outcome", "ms", "asked_to_wait", "said")
    extra = 0
    can_delete = False

    @display(description="What")
    def what(self, attempt: Attempt) -> str:
        return "Reminder by e-mail" if attempt.reminder else attempt.get_way_display()

    @display(description="What came of it")
    def outcome(self, attempt: Attempt) -> str:
        return f"{attempt.code}: {attempt.verdict}" if attempt.code else "never heard of"

    @display(description="We were asked to wait")
    def asked_to_wait(self, attempt: Attempt) -> str:
        return f"{attempt.wait_seconds} s" if attempt.wait_seconds is not None else ""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return colleague(request).has_perm("disclosures.view_notice")


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """What recipients were told."""

    list_display = (
        "recipient",
        "kind",
        "origin",
        "shown_state",
        "queued_at",
        "sent_at",
        "acknowledged_at",
        "park_reason",
    )
    list_filter = ("state", "kind", "recipient")
    search_fields = ("origin__exact",)
    search_help_text = "Reference of the request"
    ordering = ("-queued_at",)
    follow = ("recipient", "subject", "purpose", "given_up_by")
    fields = (
        "recipient", "subject", "kind", "purpose", "origin", "state", "park_reason", "way", "attempts", "next_try_at",
        "queued_at", "sent_at", "reminded_at", "acknowledged_at", "answer", "answer_words", "ground", "ground_words",
        "given_up_by", "given_up_at", "message_id",
    )  # fmt: skip
    inlines = (Tries,)
    verbs = (
        Verb("retry", "Send again", "disclosures.retry_notice", _retry, style="primary", shown=_parked),
        Verb("waive", "Give up", "disclosures.waive_notice", _waive,
             (Input("reason_code", "Reason", tuple(deciding.WAIVE_REASONS.items())),), style="danger", shown=_parked),
        Verb("heard", "Note their answer", "disclosures.retry_notice", _heard,
             (Input("answer", "What they say", Notice.Answer.choices), Input("words", "Their words", required=False)),
             shown=_awaited),
        Verb("excuse", "Record a ground for not telling", "disclosures.excuse_notice", _excuse,
             (Input("ground", "Ground", tuple((key, str(words)) for key, words in deciding.GROUNDS.items())),
              Input("words", "Why, in words for the person")), style="danger", shown=_excusable,
             confirm="GDPR Art. 19, CCPA s. 1798.105(c): the person is shown these words."),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only what there is something to say of."""
        return tuple(name for name in self.fields if obj is None or getattr(obj, name) not in (None, "", 0))

    @display(
        description="State",
        label={
            "Queued": "info",
            "With a colleague": "info",
            "Sent": "success",
            "Acknowledged": "success",
            "Needs a person": "danger",
            "Waived": "warning",
            "Not told, on a ground of the law": "warning",
        },
    )
    def shown_state(self, notice: Notice) -> str:
        return notice.get_state_display()
