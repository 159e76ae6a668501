"""How near a deadline is, in words. Pure: no framework."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SOON = timedelta(days=7)


@dataclass(frozen=True)
class Badge:
    """A clock in words; `tone` is ok, soon, late or done."""

    words: str
    tone: str


def badge(due_at: datetime | None, now: datetime, *, closed: bool = False) -> Badge:
    """How far away a deadline is, in words that do not need colour."""
    if closed:
        return Badge("closed", "done")
    if due_at is None:
        return Badge("no deadline", "done")
    days = (due_at - now).days
    if due_at <= now:
        late = (now - due_at).days
        return Badge(f"overdue {late} d" if late else "overdue today", "late")
    if due_at - now <= SOON:
        return Badge(f"{days} d left" if days else "due today", "soon")
    return Badge(f"{days} d left", "ok")
