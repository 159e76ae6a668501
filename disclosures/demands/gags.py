"""Secrecy: until which day we may not tell the person, and that they are told once it ends.

The end is found by a sweep. What was disclosed under the gag is entered in the ledger only now, for people see their entries.
"""

from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import log
from audit.refusal import Refused
from disclosures import persons
from disclosures.demands import entering, table
from disclosures.demands.registering import locked, may, note
from disclosures.models import LegalDemand, PersonNotice

Notify = LegalDemand.Notify


def running(demand: LegalDemand, today: date) -> bool:
    """Whether we may not tell the person today. The last day of a gag belongs to it."""
    if not demand.gag or (demand.gag_lifted_on is not None and demand.gag_lifted_on <= today):
        return False
    return demand.gag_until is None or today <= demand.gag_until


def ended(today: date) -> Q:
    """Demands whose gag is over."""
    return Q(gag=True) & (Q(gag_lifted_on__lte=today) | Q(gag_until__lt=today))


def to_tell(today: date) -> "QuerySet[LegalDemand]":
    """Approved or disclosed demands whose gag is over and whose people were not told yet."""
    states = (table.APPROVED, table.DISCLOSED)
    return LegalDemand.objects.filter(ended(today), state__in=states, notify=Notify.GAG, told_at=None)


def to_review(today: date) -> "QuerySet[LegalDemand]":
    """Gags without an end whose day of asking again has come."""
    endless = LegalDemand.objects.filter(gag=True, gag_until=None, gag_lifted_on=None, gag_review_on__lte=today)
    return endless.exclude(state__in=(table.REFUSED, table.WITHDRAWN))


def lift(demand: LegalDemand, *, by: User) -> None:
    """The authority or a court ended the gag: from today the person may be told. Raises Refused."""
    may(by, "change_legaldemand")
    today = timezone.localdate()
    with log.atomic():
        fresh = locked(demand)
        if not running(fresh, today):
            raise Refused("There is no gag that runs.", code="no_gag")
        LegalDemand.objects.filter(pk=fresh.pk).update(gag_lifted_on=today)
        note("demand.gag_lifted", fresh, by)


def prolong(demand: LegalDemand, *, until: date, basis: str, by: User) -> None:
    """A new order keeps the gag until another day. Raises Refused, also once the person was told."""
    may(by, "change_legaldemand")
    today = timezone.localdate()
    with log.atomic():
        fresh = locked(demand)
        if not fresh.gag or fresh.told_at is not None:
            raise Refused("There is no gag, or the person knows already.", code="no_gag")
        if until <= today or (fresh.gag_until is not None and until <= fresh.gag_until):
            raise Refused("Choose a later day.", code="gag_end", field="until")
        if not basis.strip():
            raise Refused("Name the order that keeps the gag.", code="gag_basis", field="basis")
        rows = LegalDemand.objects.filter(pk=fresh.pk)
        rows.update(gag_until=until, gag_lifted_on=None, gag_basis=basis.strip()[:200], gag_review_on=None)
        note("demand.gag_prolonged", fresh, by, until=until)


def tell_before(demand: LegalDemand) -> None:
    """Queue the mails that come before a disclosure, in the caller's transaction; people can object from now on."""
    until = timezone.localdate() + timedelta(days=settings.DEMAND_OBJECTION_DAYS)
    rows = LegalDemand.objects.filter(pk=demand.pk)
    rows.update(object_until=until, told_at=timezone.now(), notify=Notify.BEFORE)
    persons.queue_demand(demand, PersonNotice.Kind.DEMAND_BEFORE)
    demand.refresh_from_db()
    note("demand.people_told", demand, None, people=demand.people.count(), object_until=until)


def tell_after(demand: LegalDemand) -> None:
    """Queue the mails that say what was given, in the caller's transaction."""
    LegalDemand.objects.filter(pk=demand.pk).update(told_at=timezone.now())
    persons.queue_demand(demand, PersonNotice.Kind.DEMAND_AFTER)
    demand.refresh_from_db()
    note("demand.people_told", demand, None, people=demand.people.count())


def settle(demand: LegalDemand) -> bool:
    """The gag of one demand is over: enter it in the ledger and tell the people; whether there was something to do.

    Where nothing left yet, the people are told before it does, and can object.
    """
    today = timezone.localdate()
    with log.atomic():
        fresh = locked(demand)
        if not to_tell(today).filter(pk=fresh.pk).exists():
            return False
        note("demand.gag_ended", fresh, None)
        if fresh.state == table.DISCLOSED:
            entering.enter(fresh)
            tell_after(fresh)
        else:
            tell_before(fresh)
    return True
