"""A clock that is wrong must not decide what has outlived its period."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused

APART = timedelta(seconds=60)
SENTENCE = "The clock of this machine is wrong: {}. Nothing is counted or erased by date until it is set."


def refuse_if_wrong(now: datetime | None = None) -> None:
    """Raises Refused "clock" when our clock lies behind the newest event by more than a minute, or is further than that from
    our database's own clock (PostgreSQL).
    """
    now = now or timezone.now()
    newest = Event.objects.aggregate(at=Max("at"))["at"]
    if newest is not None and newest > now + APART:
        raise Refused(SENTENCE.format("events were recorded later than it says it is"), code="clock")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (theirs,) = cursor.fetchone() or (now,)
        if abs(theirs - now) > APART:
            raise Refused(SENTENCE.format("the database's clock says something else"), code="clock")
