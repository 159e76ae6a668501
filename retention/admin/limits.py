"""Limits on the desk: written by whoever writes schedules, granted by somebody else."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.decorators import display

from audit.accountable import Accountable, Verb
from retention import limits
from retention.models import Limits


def _grant(row: Limits, by: User, given: dict[str, str]) -> str:
    limits.grant(row, by=by)
    return "Granted: runs within these limits go by themselves, in your name."


def _withdraw(row: Limits, by: User, given: dict[str, str]) -> str:
    limits.withdraw(row, by=by)
    return "Taken back: a person approves each run again."


@admin.register(Limits)
class LimitsAdmin(Accountable):
    """What may go without being asked, and what is unusual."""

    list_display = ("schedule", "most_rows", "most_percent", "manual_runs", "growth", "granted_to_run")
    list_select_related = ("schedule", "granted_by")
    fields = (
        "schedule", "most_rows", "most_percent", "manual_runs", "growth", "last_runs", "usual_factor", "unusual_percent",
        "granted_by", "granted_at",
    )  # fmt: skip
    readonly_fields = ("granted_by", "granted_at")
    verbs = (
        Verb("grant", "Let runs go by themselves", "retention.approve_run", _grant, style="danger",
             confirm="Runs within these limits will erase without being asked.", shown=lambda row: row.granted_at is None),
        Verb("withdraw", "Ask for each run again", "retention.approve_run", _withdraw,
             shown=lambda row: row.granted_at is not None),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "schedule") if obj is not None else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Limits, form: Any, change: bool) -> None:
        # Other limits than those that were granted are granted by nobody yet.
        obj.granted_by, obj.granted_at = None, None
        super().save_model(request, obj, form, change)

    @display(description="Automatic", boolean=True)
    def granted_to_run(self, row: Limits) -> bool:
        return row.granted_at is not None
