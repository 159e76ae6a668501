"""Connections, work orders and legal holds on the desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from audit import actor as actors
from audit.accountable import Accountable, Input, ReadOnly, Verb
from audit.refusal import Refused
from connectors import checking, examining, halting, settling
from connectors.handdesk import HandTaskAdmin
from connectors.holddesk import LegalHoldAdmin
from connectors.kinds import base
from connectors.models import Batch, Connection, HandTask, LegalHold, Proposal, RowHold, Survey, Throttle, WorkOrder
from connectors.proposaldesk import ProposalAdmin, SurveyAdmin
from connectors.rowholddesk import RowHoldAdmin
from connectors.sql_grants import shown as grants_shown
from connectors.throttledesk import ThrottleAdmin

WAIVE_REASONS = (
    ("system_retired", "The system is gone"),
    ("done_by_hand", "Done by hand"),
    ("not_possible", "Not possible; the letter says so"),
)

KINDS = {
    "sql": "SQL database",
    "http": "HTTP interface",
    "files": "Files: CSV or JSON lines",
    "django": "Django project",
    "redis": "Redis hashes",
    "hand": "By hand: a colleague does it",
}


def _test(connection: Connection, by: User, given: dict[str, str]) -> str:
    works, sentence = checking.check(connection, actor=actors.staff(by.pk))
    if not works:
        raise Refused(sentence, code="connection")
    return sentence


def _examine(connection: Connection, by: User, given: dict[str, str]) -> str:
    return examining.told(examining.examine(connection, actor=actors.staff(by.pk)), connection)


class ConnectionForm(forms.ModelForm):
    """The address holds a password: it can be written, never read."""

    kind = forms.ChoiceField(
        choices=lambda: [(one, KINDS.get(one, one)) for one in base.names()], widget=UnfoldAdminSelectWidget
    )
    address = forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="For SQL an SQLAlchemy URL, for HTTP the base URL with its secret, for files file:///folder or "
        "s3://key:secret@bucket; see the documentation of connector kinds. Work by hand needs none. "
        "Leave empty to keep the stored one; it is never shown.",
    )
    described = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false"}),
        label="Description",
        help_text="For kinds that need more than an address: how the system is spoken to, in YAML. No secrets.",
    )

    class Meta:
        model = Connection
        fields = ("system", "kind", "address", "described", "active")

    def clean_address(self) -> str:
        given = self.cleaned_data.get("address", "")
        if not given and self.cleaned_data.get("kind") == "hand":
            return self.instance.address or "-"
        if not given and not self.instance.pk:
            raise forms.ValidationError("Write the address of the system.")
        return given or self.instance.address

    def clean(self) -> dict[str, Any]:
        """A description is read when it is written, so that its faults are told at once."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("described") and "kind" in given and "address" in given:
            made = Connection(kind=given["kind"], address=given["address"], described=given["described"])
            try:
                base.open_kind(made)
            except base.Permanent as error:
                raise forms.ValidationError(error.sentence) from None
            except base.Temporary:
                pass  # it does not answer now; "Test connection" says so
        return given


@admin.register(Connection)
class ConnectionAdmin(Accountable):
    """How systems are reached."""

    form = ConnectionForm
    list_display = ("system", "shown_kind", "active", "checked_at", "check_result")
    list_select_related = ("system",)
    readonly_fields = ("checked_at", "check_result", "grants")
    verbs = (
        Verb("test", "Test connection", "connectors.change_connection", _test,
             confirm="Says whether the system answers."),
        Verb("examine", "Examine schema and rights", "connectors.change_connection", _examine,
             confirm="Says what does not fit the inventory. Reads no row."),
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        checking.forget_if_moved(obj)
        super().save_model(request, obj, form, change)

    @display(description="Kind", ordering="kind")
    def shown_kind(self, connection: Connection) -> str:
        return KINDS.get(connection.kind, connection.kind)

    @display(description="Grants for the database's administrator")
    def grants(self, connection: Connection) -> str:
        return grants_shown(connection)


def _retry(order: WorkOrder, by: User, given: dict[str, str]) -> str:
    settling.retry(order, by=by)
    return "The order is open again; a worker takes it within seconds."


def _waive(order: WorkOrder, by: User, given: dict[str, str]) -> str:
    settling.waive(order, reason_code=given["reason_code"], by=by)
    return "The order is given up; the closing letter will say so."


def _stop(order: WorkOrder, by: User, given: dict[str, str]) -> str:
    if not halting.stop_order(order, by=by):
        raise Refused("It is not at work any more.", code="order_conflict")
    return "Stopped before the next rows. What was done stays done; retry goes on where it stopped."


def _at_work(order: WorkOrder) -> bool:
    return order.state in (WorkOrder.State.OPEN, WorkOrder.State.RUNNING)


def _parked(order: WorkOrder) -> bool:
    return order.state == WorkOrder.State.PARKED


def _retriable(order: WorkOrder) -> bool:
    """Parked, and not because a colleague has yet to do it by hand: their sign-off opens it again."""
    return _parked(order) and order.park_code != "waiting"


@admin.register(WorkOrder)
class WorkOrderAdmin(ReadOnly):
    """Work in other systems; the filter "parked" is what waits for a person."""

    list_display = (
        "operation",
        "system",
        "origin",
        "shown_state",
        "rows_done",
        "rows_planned",
        "park_reason",
        "created_at",
    )
    list_filter = ("state", "operation", "system")
    search_fields = ("batch__origin__exact",)
    search_help_text = "Reference of the request or the run"
    ordering = ("-created_at",)
    follow = ("system", "batch")
    fields = (
        "operation", "system", "origin", "state", "park_code", "park_reason", "rows_planned", "rows_done", "attempts",
        "next_try_at", "not_before", "created_at", "started_at", "finished_at",
    )  # fmt: skip
    readonly_fields = ("origin",)
    verbs = (
        Verb("retry", "Retry", "connectors.retry_workorder", _retry, style="primary", shown=_retriable),
        Verb("stop", "Stop", "connectors.retry_workorder", _stop, shown=_at_work,
             confirm="It stops before the next rows. What was done stays done."),
        Verb("waive", "Give up", "connectors.waive_workorder", _waive, (Input("reason_code", "Reason", WAIVE_REASONS),),
             style="danger", shown=_parked),
    )  # fmt: skip

    @display(
        description="State",
        label={"Open": "info", "Running": "info", "Done": "success", "Parked": "danger", "Waived": "warning"},
    )
    def shown_state(self, order: WorkOrder) -> str:
        return order.get_state_display()

    @display(description="For")
    def origin(self, order: WorkOrder) -> str:
        return order.batch.origin


admin.site.register(HandTask, HandTaskAdmin)
admin.site.register(LegalHold, LegalHoldAdmin)
admin.site.register(Proposal, ProposalAdmin)
admin.site.register(RowHold, RowHoldAdmin)
admin.site.register(Throttle, ThrottleAdmin)
admin.site.register(Survey, SurveyAdmin)


@admin.register(Batch)
class BatchAdmin(ReadOnly):
    """Searches and what came of them."""

    list_display = ("origin", "reason", "created_at")
    list_filter = ("reason",)
    search_fields = ("origin__exact",)
    search_help_text = "Reference of the request or the run"
    fields = ("origin", "reason", "subject", "criteria", "plan", "created_at")
