"""Retention on the desk: schedules and their versions, runs, and what was counted."""

from retention.admin import copies, counted, limits, replays, runs, schedules, versions

__all__ = (
    "copies",
    "counted",
    "limits",
    "replays",
    "runs",
    "schedules",
    "versions",
)
