"""Schedules and runs on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from audit import actor
from audit.accountable import Accountable, Input, ReadOnly, Verb, colleague
from audit.refusal import Refused
from retention import runs
from retention.models import Run, Schedule


def _propose(schedule: Schedule, by: User, given: dict[str, str]) -> str:
    runs.propose(schedule, actor=actor.staff(by.pk), today=runs.today(timezone.now()))
    return "A run is being counted; it waits for approval under Retention runs."


@admin.register(Schedule)
class ScheduleAdmin(Accountable):
    """How long things are kept."""

    list_display = ("title", "collection", "period", "unit", "every_days", "active")
    list_filter = ("active",)
    list_select_related = ("collection__dataset",)
    fields = (
        "key",
        "title",
        "collection",
        "purpose",
        "period",
        "unit",
        "reason",
        "every_days",
        "grace_hours",
        "active",
    )
    verbs = (Verb("propose", "Propose a run now", "retention.change_schedule", _propose),)

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        # Whoever last wrote the rule may not approve what comes of it.
        obj.author = colleague(request)
        super().save_model(request, obj, form, change)


def _approve(run: Run, by: User, given: dict[str, str]) -> str:
    if not given["rows"].isdecimal():
        raise Refused("Write the number of rows that you approve, in digits.", code="rows", field="rows")
    runs.approve(run, by=by, rows=int(given["rows"]))
    return "Approved. It starts when its grace is over."


def _cancel(run: Run, by: User, given: dict[str, str]) -> str:
    runs.cancel(run, by=by)
    return "Cancelled; nothing was erased."


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Proposed and finished runs."""

    list_display = ("schedule", "cutoff_on", "rows", "shown_state", "proposed_at", "approved_by", "finished_at")
    list_filter = ("state", "schedule")
    follow = ("schedule", "approved_by")
    fields = (
        "schedule", "terms", "state", "cutoff_on", "rows", "proposed_at", "approved_by", "approved_at", "not_before",
        "finished_at", "note", "certificate",
    )  # fmt: skip
    verbs = (
        Verb("approve", "Approve", "retention.approve_run", _approve, (Input("rows", "Rows that you approve"),),
             style="danger", confirm="These rows will be erased.", shown=lambda run: run.state == Run.State.PROPOSED),
        Verb("cancel", "Cancel", "retention.approve_run", _cancel,
             shown=lambda run: run.state in (Run.State.PROPOSED, Run.State.APPROVED)),
    )  # fmt: skip

    @display(
        description="State",
        label={
            "Counting": "info", "Proposed": "warning", "Approved, in grace": "info", "Running": "info", "Done": "success",
            "Cancelled": "warning", "Nothing to do": "success",
        },
    )  # fmt: skip
    def shown_state(self, run: Run) -> str:
        return run.get_state_display()
