"""Runs on the desk: approved, paused, ended and followed here, and a calendar of what will go when."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb, colleague
from audit.refusal import Refused
from connectors import halting
from retention import anonymity, coming, progress, runs
from retention.models import Run

ENDED = "Ended. What was gone by then is on the certificate; nothing else goes."
BEGUN = (Run.State.FINDING, Run.State.RUNNING)


def _approve(run: Run, by: User, given: dict[str, str]) -> str:
    digits = given["rows"].replace(",", "")  # as the page itself groups them
    if not digits.isdecimal():
        raise Refused("Write the number of rows that you approve, in digits.", code="rows", field="rows")
    done = runs.approve(run, by=by, rows=int(digits), reason=given["reason"])
    if done.state == Run.State.PROPOSED:
        return "Noted. These are unusually many rows, so a second person has to approve as well."
    return "Approved. It starts when its grace is over."


def _cancel(run: Run, by: User, given: dict[str, str]) -> str:
    # From a page that was opened before it began: then it was ended, and something may be gone.
    return ENDED if runs.cancel(run, by=by).certificate else "Cancelled; nothing was erased."


def _accept(run: Run, by: User, given: dict[str, str]) -> str:
    anonymity.accept(run, by=by, reason=given["reason"])
    return "Left as they are; the certificate calls them pseudonymised."


def _end(run: Run, by: User, given: dict[str, str]) -> str:
    runs.cancel(run, by=by)
    return ENDED


def _pause(run: Run, by: User, given: dict[str, str]) -> str:
    runs.pause(run, by=by)
    return "Paused between two chunks."


def _resume(run: Run, by: User, given: dict[str, str]) -> str:
    runs.resume(run, by=by)
    return "It goes on where it stopped."


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Proposed, running and finished runs."""

    list_display = (
        "schedule", "cutoff_on", "rows", "held", "shown_state", "automatic", "proposed_at", "approved_by", "finished_at",
    )  # fmt: skip
    list_filter = ("state", "automatic", "schedule")
    list_before_template = "admin/retention/run/calendar_link.html"
    follow = ("schedule", "approved_by", "first_by")
    fields = (
        "schedule", "terms", "state", "cutoff_on", "rows", "held", "of_rows", "unusual", "first_by", "reason", "proposed_at",
        "automatic", "approved_by", "approved_at", "not_before", "finished_at", "note", "certificate",
    )  # fmt: skip
    change_form_outer_before_template = "admin/retention/run/before.html"
    verbs = (
        Verb("approve", "Approve", "retention.approve_run", _approve,
             (Input("rows", "Rows that you approve", most=20),
              Input("reason", "Reason, if they are unusually many", required=False, most=300)),
             style="danger", confirm="These rows will be erased.", shown=lambda run: run.state == Run.State.PROPOSED),
        Verb("pause", "Pause", "retention.approve_run", _pause,
             shown=lambda run: run.state in BEGUN and halting.stoppable(run.batch_id).exists()),
        Verb("resume", "Go on", "retention.approve_run", _resume,
             shown=lambda run: run.state in BEGUN and halting.stopped(run.batch_id).exists()),
        Verb("end", "End now", "retention.approve_run", _end, style="danger",
             confirm="What is gone stays gone; the rest stays.", shown=lambda run: run.state == Run.State.RUNNING),
        Verb("cancel", "Cancel", "retention.approve_run", _cancel,
             shown=lambda run: run.state in (Run.State.FINDING, Run.State.PROPOSED, Run.State.APPROVED)),
        Verb("accept", "Leave the rows as they are, pseudonymised", "retention.approve_run", _accept,
             (Input("reason", "Why they may stay so", most=300),), shown=anonymity.waits),
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

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("calendar/", view(self.calendar), name="retention_run_calendar"),
            path("<uuid:pk>/progress/", view(self.progress), name="retention_run_progress"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if run is not None and run.state in BEGUN:
            more = {"progress": progress.of(run.pk, timezone.now()), "progress_at": self._url("progress", run.pk)}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def progress(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """How far one run is, as JSON. Nothing personal, so that looking leaves no event."""
        self._may(request)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        found = progress.of(pk, timezone.now())
        if found is None:
            raise Http404
        return JsonResponse(found.shown(), headers={"Cache-Control": "no-store"})

    def calendar(self, request: HttpRequest) -> HttpResponse:
        """What will go in the weeks and months to come."""
        self._may(request)
        by_month = request.GET.get("by") == "month"
        today = runs.today(timezone.now())
        ends = coming.months(today) if by_month else coming.weeks(today)
        context = {
            **self.admin_site.each_context(request), "title": "What will go when", "by_month": by_month,
            "begins": ends[:-1], "rows": coming.calendar(today, ends),
        }  # fmt: skip
        return TemplateResponse(request, "admin/retention/run/calendar.html", context)

    def _may(self, request: HttpRequest) -> None:
        if not colleague(request).has_perm("retention.view_run"):
            raise PermissionDenied

    def _url(self, name: str, *arguments: Any) -> str:
        return reverse(f"admin:retention_run_{name}", args=arguments)
