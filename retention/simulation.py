"""What a change of a schedule would do before it is in force: rows that would go now, and month by month ahead.

Counted by the system itself, one question for the terms in force and one for the draft; nothing is read row by row where a
system can count. What comes in meanwhile is unknown, so the months ahead count the rows of today.
"""

from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from audit.refusal import Refused
from connectors import counting, people
from connectors.kinds.base import Permanent, Temporary
from inventory import mapping
from inventory.dating import Counted
from inventory.graph import Graph
from retention import scopes
from retention.models import ScheduleVersion, Terms

MONTHS = 12
MOST_PEOPLE = 20_000


@dataclass(frozen=True)
class Month:
    """Rows that would be past their date on one day: by what is in force (None: nothing is), and by the draft."""

    day: date
    now: int | None
    then: int

    @property
    def more(self) -> int:
        """How many more rows the draft erases by then; negative: how many it keeps."""
        return self.then - (self.now or 0)


@dataclass(frozen=True)
class Ahead:
    """The answer, or a sentence why there is none."""

    months: tuple[Month, ...] = ()
    total: int | None = None
    undated: int | None = None
    fault: str = ""


def ahead(version: ScheduleVersion, today: date, months: int = MONTHS) -> Ahead:
    """Count for today and for each of the months to come."""
    days = [today + relativedelta(months=one) for one in range(months + 1)]
    schedule, graph = version.schedule, mapping.graph()
    try:
        then = _count(version, days, graph)
        held = schedule.version_id is not None and schedule.version_id != version.pk and schedule.active
        now = _count(schedule, days, graph) if held else None
    except (Permanent, Refused) as error:
        return Ahead(fault=error.sentence if isinstance(error, Permanent) else error.message)
    except Temporary:
        return Ahead(fault="The system is away just now. Load the page again in a few minutes.")
    except ValueError:
        return Ahead(fault="This period cannot be counted. Mend the draft.")
    rows = tuple(
        Month(day, None if now is None else now.past[place], then.past[place]) for place, day in enumerate(days)
    )
    return Ahead(rows, then.total, then.undated)


def _count(row: Terms, days: list[date], graph: Graph) -> Counted:
    cuts = [row.cutoff(day) for day in days]
    spec, due = scopes.due(row, cuts[0], graph)
    if due.purpose and people.ledger().many(due.purpose, MOST_PEOPLE):
        raise Refused(
            f"More than {MOST_PEOPLE:,} people have withdrawn: too many to count while a page loads. The nightly count "
            "takes them, once this is in force.", code="too_many",
        )  # fmt: skip
    return counting.counted(spec, due, cuts)
