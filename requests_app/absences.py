"""Who is away today, and who stands in. A day here is the company's."""

from datetime import date
from typing import Any

from django.contrib.auth.models import User

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app.models import Absence

MANAGE = "requests_app.change_absence"
LONGEST_DAYS = 366


def away(today: date) -> dict[int, Absence]:
    """Absences that hold today, by whose they are; of several the one that lasts longest. One query."""
    rows = Absence.objects.filter(starts_on__lte=today, ends_on__gte=today, cancelled=False)
    return {one.person_id: one for one in rows.select_related("stand_in").order_by("ends_on")}


def name(user: User) -> str:
    """A colleague as colleagues know them."""
    return user.get_full_name() or user.get_username()


def check(row: Absence) -> None:
    """Raises Refused for days that make no sense, and for a stand-in who is none."""
    if row.ends_on < row.starts_on:
        raise Refused("The last day lies before the first.", code="absence_days", field="ends_on")
    if (row.ends_on - row.starts_on).days > LONGEST_DAYS:
        raise Refused(
            "That is more than a year. Take their role away instead, or check the year.", code="absence_days",
            field="ends_on",
        )  # fmt: skip
    if row.stand_in_id is not None and row.stand_in_id == row.person_id:
        raise Refused("Somebody else has to stand in.", code="stand_in", field="stand_in")
    if row.stand_in is not None and not row.stand_in.is_active:
        raise Refused("This colleague is not active. Choose another stand-in.", code="stand_in", field="stand_in")


def keep(row: Absence, *, by: User) -> Absence:
    """Keep a new or changed absence: one's own, or anybody's with the permission. Raises Refused."""
    if row.person_id != by.pk and not by.has_perm(MANAGE):
        raise Refused("Your role may enter your own absence only.", code="not_allowed")
    check(row)
    with log.atomic():
        row.save()
        facts: dict[str, Any] = {"person": row.person_id, "starts_on": row.starts_on, "ends_on": row.ends_on}
        facts |= {"cancelled": row.cancelled} | ({"stand_in": row.stand_in_id} if row.stand_in_id is not None else {})
        log.record("team.absence_kept", actor=actors.staff(by.pk), noun=row, **facts)
    return row


def back(row: Absence, *, by: User) -> Absence:
    """They are back before the last day."""
    row.cancelled = True
    return keep(row, by=by)
