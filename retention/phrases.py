"""What this room says to people in the company's own words."""

from collections.abc import Iterable

from inventory import phrases
from retention.models import Schedule


@phrases.source
def of_schedules() -> Iterable[str]:
    """Why data is kept so long."""
    yield from Schedule.objects.filter(active=True).values_list("reason", flat=True)
