"""Recipients, the ledger, notices and external sites on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from audit.accountable import Accountable, Input, ReadOnly, Verb
from disclosures import notices, sites
from disclosures.models import Disclosure, ExternalSite, Notice, Recipient


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


def _reviewed(site: ExternalSite, by: User, given: dict[str, str]) -> str:
    sites.reviewed(site, by=by, on=timezone.localdate())
    return "Noted: reviewed today, and due again in a year."


class Review(admin.SimpleListFilter):
    """By whether somebody should look again."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[ExternalSite]") -> "QuerySet[ExternalSite]":
        return rows & sites.overdue(timezone.localdate()) if self.value() == "overdue" else rows


class SiteForm(ModelForm):
    """One address of one site, over https."""

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"])
        if not address.lower().startswith("https://"):
            raise ValidationError("Give an address that begins with https://.")
        return address


@admin.register(ExternalSite)
class ExternalSiteAdmin(Accountable):
    """Sites of others that our pages link to."""

    form = SiteForm
    list_display = ("name", "host", "state", "reviewed_on", "review_due")
    list_filter = (Review, "state")
    search_fields = ("name", "address")
    fields = ("name", "address", "about", "policy_address", "state", "reviewed_on", "review_due")
    verbs = (
        Verb("reviewed", "Reviewed today", "disclosures.change_externalsite", _reviewed, style="primary",
             shown=lambda site: site.state == ExternalSite.State.IN_USE),
    )  # fmt: skip
