"""Announcements on the desk: how far each is, and the list of who was told."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.urls import reverse
from unfold.decorators import display

from audit.accountable import ReadOnly, Verb
from consent import telling
from consent.models import Announcement


def _stop(row: Announcement, by: User, given: dict[str, str]) -> str:
    telling.stop(row, by=by)
    return "Stopped. Nobody else is told until you resume it."


def _resume(row: Announcement, by: User, given: dict[str, str]) -> str:
    telling.resume(row, by=by)
    return "Going on where it stopped; mails that failed are tried again."


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnly):
    """Who is being told of which version."""

    list_display = ("version", "audience", "by_mail", "in_service", "shown_state", "started_at", "finished_at")
    list_filter = ("state", "audience")
    follow = ("version", "started_by")
    fields = ("version", "progress", "audience", "by_mail", "in_service", "per_minute", "state", "started_by", "started_at",
              "listed_at", "finished_at")  # fmt: skip
    readonly_fields = ("progress",)
    verbs = (
        Verb("stop", "Stop", "consent.run_announcement", _stop, style="danger", confirm="Mails that left stay sent.",
             shown=lambda row: row.state == Announcement.State.OPEN),
        Verb("resume", "Resume", "consent.run_announcement", _resume, style="primary",
             shown=lambda row: row.state == Announcement.State.STOPPED),
    )  # fmt: skip

    @display(description="State", label={"Going on": "info", "Stopped": "warning", "Done": "success"})
    def shown_state(self, row: Announcement) -> str:
        return row.get_state_display()

    @display(description="Progress")
    def progress(self, row: Announcement) -> str:
        said = telling.counts(row)
        whole = said["told"] + said["waiting"] + said["failed"]
        context = {
            "row": row, "said": said, "whole": whole, "part": 100 * said["told"] // whole if whole else 0,
            "csv": reverse("admin:notice_told", args=(row.pk,)),
        }  # fmt: skip
        return render_to_string("admin/notices/progress.html", context)
