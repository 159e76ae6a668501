"""The company's own targets, counted in its own working days: a promise to itself, never a date of the law."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

import law
from law import calendars
from requests_app.models import Clock, DayOff, OwnTarget, Request

COMPANY = "company"


def clock_values(request: Request, at: datetime) -> list[dict[str, Any]]:
    """The fields of the clock of our own target for this right, counted from `at`; none where no target is set."""
    target = OwnTarget.objects.filter(right=request.right).first()
    if target is None:
        return []
    zone = settings.ESTABLISHMENT_TIME_ZONE
    start_on = at.astimezone(ZoneInfo(zone)).date()
    off = frozenset(DayOff.objects.filter(day__gt=start_on).values_list("day", flat=True))
    due_on = calendars.add_business_days(start_on, target.working_days, settings.ESTABLISHMENT_HOLIDAYS, off)
    step = f"{target.working_days} working days of ours from {start_on}, weekends, holidays and our days off left out."
    return [
        {
            "kind": Clock.Kind.TARGET,
            "statute": COMPANY,
            "name": "target",
            "version": "",
            "cite": "our own target",
            "start_on": start_on,
            "start_at": at,
            "due_on": due_on,
            "due_at": law.due_at(due_on, zone),
            "steps": [step],
        }
    ]
