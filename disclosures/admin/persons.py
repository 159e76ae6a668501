"""Notices to people on the desk."""

from django.contrib import admin
from django.contrib.auth.models import User
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb
from disclosures import persons
from disclosures.models import PersonNotice


def _retry(notice: PersonNotice, by: User, given: dict[str, str]) -> str:
    persons.retry(notice, by=by)
    return "The notice will be sent again."


def _waive(notice: PersonNotice, by: User, given: dict[str, str]) -> str:
    persons.waive(notice, by=by, reason_code=given["reason_code"])
    return "The notice is given up."


def _parked(notice: PersonNotice) -> bool:
    return notice.state == PersonNotice.State.PARKED


@admin.register(PersonNotice)
class PersonNoticeAdmin(ReadOnly):
    """What people were told about legal demands and transactions."""

    list_display = ("subject", "kind", "shown_state", "queued_at", "sent_at", "seen_at", "park_reason")
    list_filter = ("state", "kind")
    ordering = ("-queued_at", "-pk")
    follow = ("subject", "demand", "transaction")
    fields = (
        "subject", "kind", "demand", "transaction", "state", "park_reason", "attempts", "next_try_at", "queued_at",
        "sent_at", "seen_at",
    )  # fmt: skip
    verbs = (
        Verb("retry", "Send again", "disclosures.retry_personnotice", _retry, style="primary", shown=_parked),
        Verb("waive", "Give up", "disclosures.waive_personnotice", _waive,
             (Input("reason_code", "Reason", tuple(persons.WAIVE_REASONS.items())),), style="danger", shown=_parked),
    )  # fmt: skip

    @display(
        description="State",
        label={"Queued": "info", "Sent": "success", "Needs a person": "danger", "Waived": "warning"},
    )
    def shown_state(self, notice: PersonNotice) -> str:
        return notice.get_state_display()
