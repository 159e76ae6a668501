"""Recipients, the ledger and notices on the desk."""

from django.contrib import admin
from django.contrib.auth.models import User
from unfold.decorators import display

from audit.accountable import Accountable, Input, ReadOnly, Verb
from disclosures import notices
from disclosures.models import Disclosure, Notice, Recipient


@admin.register(Recipient)
class RecipientAdmin(Accountable):
    """Who gets data from us."""

    list_display = ("name", "role", "kind", "country", "contract", "active")
    list_filter = ("role", "kind", "country", "active")
    search_fields = ("name", "key")


@admin.register(Disclosure)
class DisclosureAdmin(ReadOnly):
    """The ledger."""

    list_display = ("recipient", "subject", "purpose", "occasion", "disclosed_at")
    list_filter = ("recipient", "purpose")
    search_fields = ("subject__pk__exact",)
    search_help_text = "Whole id of a data subject"
    fields = ("recipient", "subject", "purpose", "categories", "occasion", "disclosed_at", "client")
    follow = ("recipient", "subject", "purpose")


def _retry(notice: Notice, by: User, given: dict[str, str]) -> str:
    notices.retry(notice, by=by)
    return "The notice will be sent again."


def _waive(notice: Notice, by: User, given: dict[str, str]) -> str:
    notices.waive(notice, by=by, reason_code=given["reason_code"])
    return "The notice is given up."


def _parked(notice: Notice) -> bool:
    return notice.state == Notice.State.PARKED


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
    follow = ("recipient", "subject")
    fields = (
        "recipient", "subject", "kind", "origin", "state", "park_reason", "attempts", "next_try_at", "queued_at", "sent_at",
        "acknowledged_at", "message_id",
    )  # fmt: skip
    verbs = (
        Verb("retry", "Send again", "disclosures.retry_notice", _retry, style="primary", shown=_parked),
        Verb("waive", "Give up", "disclosures.waive_notice", _waive,
             (Input("reason_code", "Reason", tuple(notices.WAIVE_REASONS.items())),), style="danger", shown=_parked),
    )  # fmt: skip

    @display(
        description="State",
        label={
            "Queued": "info",
            "Sent": "success",
            "Acknowledged": "success",
            "Needs a person": "danger",
            "Waived": "warning",
        },
    )
    def shown_state(self, notice: Notice) -> str:
        return notice.get_state_display()
