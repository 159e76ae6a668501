"""Nouns of retention: how long things are kept (`schedules`, with their versions), what was done about it (`runs`), and what
was counted and remembered (`nights`).
"""

from retention.models.anonymity import AnonymityCheck
from retention.models.copies import Archive, CopySet, StoredCopy
from retention.models.limits import Limits
from retention.models.nights import Cleared, Departure, DepartureMark, Erased, Night, Revival, Summary, SummaryCell
from retention.models.replays import Replay, ReplayPart
from retention.models.runs import Run
from retention.models.schedules import Schedule, ScheduleVersion
from retention.models.sealed import SealedEntry
from retention.models.terms import Action, Basis, Terms, Trigger

__all__ = (
    "Action",
    "AnonymityCheck",
    "Archive",
    "Basis",
    "Cleared",
    "CopySet",
    "Departure",
    "DepartureMark",
    "Erased",
    "Limits",
    "Night",
    "Replay",
    "ReplayPart",
    "Revival",
    "Run",
    "Schedule",
    "ScheduleVersion",
    "SealedEntry",
    "StoredCopy",
    "Summary",
    "SummaryCell",
    "Terms",
    "Trigger",
)
