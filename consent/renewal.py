"""When a Yes ends, and when somebody may be asked again after a No. Rules, and the sweep that notes what ended."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from consent import hooks
from consent.models import Choice, Delivery, Standing, Terms
from inventory.models import Purpose
from law.calendars import add_months

SWEEPER = actors.worker("consent.renewal")
SOON = timedelta(days=30)
AT_ONCE = 500


def ends(chosen_at: datetime, months: int) -> datetime | None:
    """When a Yes of that moment ends; None: only when it is withdrawn."""
    if not months:
        return None
    return datetime.combine(add_months(chosen_at.date(), months), chosen_at.timetz())


def months(terms: Terms | None, purpose: Purpose) -> int:
    """How long a Yes to this purpose holds. Only consent wears off: another basis does not rest on the Yes."""
    if purpose.lawful_basis != Purpose.Basis.CONSENT:
        return 0
    return terms.months if terms else Terms.MONTHS


def ask_again_on(standing: Standing, terms: Terms | None) -> date | None:
    """The first day on which this holder may be asked again; None: now (there is no No). A signal is a No as any other."""
    if standing.granted:
        return None
    return add_months(standing.chosen_at.date(), terms.ask_again_months if terms else Terms.MONTHS)


def not_to_be_asked(holder: UUID, on: date) -> dict[str, date]:
    """Purposes, by key, about which this holder is not to be asked on that day, and from when on they may be. One query."""
    rows = Standing.objects.filter(holder=holder, granted=False).select_related("purpose__terms")
    found = {one.purpose.key: ask_again_on(one, getattr(one.purpose, "terms", None)) for one in rows}
    return {key: day for key, day in found.items() if day is not None and day > on}


def ending(holder: UUID, now: datetime) -> QuerySet[Standing]:
    """The Yeses of this holder that end soon, or ended: a renewal is asked for beside them."""
    rows = Standing.objects.filter(holder=holder, granted=True, expires_at__lt=now + SOON)
    return rows.select_related("purpose", "choice__notice")


def note_ended(now: datetime | None = None) -> int:
    """Note each Yes whose end has come, once, and tell the subscribers; how many. The decision knows it by the clock anyway."""
    now, done = now or timezone.now(), 0
    while found := _note_some(now):
        done += found
    return done


def _note_some(now: datetime) -> int:
    over = Q(granted=True, expires_at__lte=now, ended_at=None)
    with log.atomic():
        rows = Standing.objects.filter(over).select_for_update(skip_locked=True).order_by("expires_at")
        held = list(rows[:AT_ONCE])
        Standing.objects.filter(pk__in=[one.pk for one in held]).update(ended_at=now)
        choices = Choice.objects.in_bulk([one.choice_id for one in held])
        log.record_many(
            [log.Entry("choice.ended", Choice, one.choice_id, choices[one.choice_id].subject_id, {}) for one in held],
            actor=SWEEPER,
        )
        hooks.queue(choices.values(), Delivery.Kind.ENDED)
    return len(held)
