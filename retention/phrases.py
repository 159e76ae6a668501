"""What this room says to people in the company's own words."""

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.translation import gettext

from inventory import phrases
from retention import cutoffs
from retention.models import Schedule


@phrases.source
def of_schedules() -> Iterable[str]:
    """Why data is kept so long."""
    yield from Schedule.objects.filter(active=True).values_list("reason", flat=True)


def kept(schedule: Schedule) -> str:
    """How long, in the reader's language."""
    time = f"{schedule.period} {gettext(schedule.get_unit_display())}"
    if not schedule.year_ends:
        return time
    if schedule.year_ends == cutoffs.CALENDAR_YEAR:
        return gettext("%(time)s from the end of the calendar year") % {"time": time}
    day = date_format(cutoffs.last_day(2000, schedule.year_ends), "MONTH_DAY_FORMAT")
    return gettext("%(time)s from the end of the year that ends on %(day)s") % {"time": time, "day": day}
