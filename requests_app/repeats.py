"""Whether a request is one too many by the test of its law: shown to colleagues, who decide. Nothing is refused by itself."""

from dataclasses import dataclass
from datetime import timedelta

import law
from requests_app import laws
from requests_app.models import Outcome, Request

# A law that counts says how many are free in a year (`terms.free_count`). One that does not speaks of excess: so many of a
# kind within a quarter are put before a colleague. Our number, no law's.
YEAR, QUARTER = timedelta(days=365), timedelta(days=91)
REPEATED = 3
# What came to nothing was no burden, and what was merged was answered once. What nobody proved does not count either: a
# stranger could use up somebody's requests with it.
UNCOUNTED = (Outcome.DUPLICATE, Outcome.WITHDRAWN, Outcome.UNVERIFIED)
GROUNDS = ("frequency_limit", "excessive_repetitive", "manifestly_unfounded")


@dataclass(frozen=True)
class Excess:
    """The how-manieth request it is, in how many days, and what each law says to that."""

    number: int
    days: int
    said: tuple[str, ...]


def excess(request: Request) -> Excess | None:
    """What speaks for too many requests of one kind by this person, if something does. One query."""
    if request.right in law.NO_PROOF_RIGHTS:
        return None
    since = request.received_at - YEAR
    rows = Request.objects.filter(subject=request.subject_id, right=request.right, received_at__gt=since)
    rows = rows.filter(received_at__lte=request.received_at, proved_at__isnull=False)
    rows = rows.exclude(pk=request.pk).exclude(outcome__in=UNCOUNTED)
    before = list(rows.values_list("received_at", flat=True))
    number = len(before) + 1
    counted = [law.statute(row["statute"]) for row in request.laws]
    said = [_free(one) for one in counted if one.terms.free_count is not None and number > one.terms.free_count]
    if said:
        return Excess(number, YEAR.days, tuple(said))
    lately = sum(at > request.received_at - QUARTER for at in before) + 1
    grounds = [words for one in counted if one.terms.free_count is None and (words := _ground(one, request.right))]
    if lately < REPEATED or not grounds:
        return None
    return Excess(lately, QUARTER.days, tuple(grounds))


def _free(one: law.Statute) -> str:
    many = "one is" if one.terms.free_count == 1 else f"{one.terms.free_count} are"
    cite = f" ({one.terms.fee_cite})" if one.terms.fee_cite else ""
    words = f" Beyond that: {one.terms.fee_words}." if one.terms.fee_words else ""
    return f"{laws.short(one.id)}: {many} free in {one.terms.free_period or '12 months'}{cite}.{words}"


def _ground(one: law.Statute, right: str) -> str:
    known = {ground.code: ground for ground in law.grounds(one, right)}
    found = next((known[code] for code in GROUNDS if code in known), None)
    return f"{laws.short(one.id)}: “{found.sentence}” ({found.cite}) We would have to show it." if found else ""
