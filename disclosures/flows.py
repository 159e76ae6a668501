"""Which categories went to which recipient in which month: what lists of a year are read from. Written with the entries."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from audit import rows
from disclosures.models import Flow

# Recipient, first day of the month (UTC), key of the category, key of the purpose or nothing.
Cell = tuple[int, date, str, str]
COLUMNS = ("recipient_id", "month", "category", "purpose")


def month(at: datetime | date) -> date:
    """The first day of the month of a moment, by UTC."""
    return (at.astimezone(UTC).date() if isinstance(at, datetime) else at).replace(day=1)


def note(cells: Iterable[Cell]) -> None:
    """Remember that this went there; what is known already is left alone. One statement, in the caller's transaction."""
    # In one order, so that two who note the same at once never wait for each other crosswise.
    rows.insert(Flow, COLUMNS, sorted(set(cells)), "ON CONFLICT DO NOTHING")
