"""Facts: two or three things that our systems know, asked on the page and compared by a worker. Never shown, never kept.

1. `answer` keeps what was typed, encrypted, in a row; it is written for everybody alike, known or not.
2. `sweep` has the engine search by the address of the request, reads the attributes that were asked about, compares, and
   empties the answers. All must fit. The person reads nothing but that we compare. No session opens: what was asked for goes
   on, and its answer goes to the address on file.
3. Three times for a request, five in a day for a person, and only where PROOF_FACTS names enough attributes, not all of which
   stand in public (a name, a birthday and an address are no secret).
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors import batches
from connectors.kinds import base
from connectors.models import WorkOrder
from inventory.models import Field
from requests_app import guards, letters, locks, proof
from requests_app.models import FactCheck, Request, State
from requests_app.proving import held, ways

COMPARER = actors.worker("requests.facts")
FOR_REQUEST, IN_A_DAY = 3, 5
LONGEST = 200
GIVEN_UP = timedelta(days=1)


def asked(right: str) -> list[str]:
    """The attributes that this right may be asked about; nothing where facts cannot prove it here."""
    known = set(Field.objects.filter(attribute__in=settings.PROOF_FACTS).values_list("attribute", flat=True))
    return ways.ask_about(right, [one for one in settings.PROOF_FACTS if one in known])


def answer(request: Request, answers: Mapping[str, str], *, now: datetime) -> None:
    """Keep answers to be compared; silently nothing past the limits. Raises Refused for an answer that is missing."""
    wanted = asked(request.right)
    given = {one: answers.get(one, "").strip()[:LONGEST] for one in wanted}
    if not wanted or not all(given.values()):
        raise Refused(gettext("Please fill all of them in."), code="facts_missing", field="facts")
    with log.atomic():
        fresh = locks.request(request.pk)
        locks.person(fresh.subject_id)
        mine = FactCheck.objects.filter(request__subject=fresh.subject_id, created_at__gt=now - timedelta(days=1))
        if fresh.fact_checks.count() >= FOR_REQUEST or mine.count() >= IN_A_DAY or not guards.needs_proof(fresh):
            return
        FactCheck.objects.create(request=fresh, asked=wanted, answers=given, created_at=now)
        person = actors.person(fresh.subject_id)
        log.record("facts.given", actor=person, noun=fresh, subject_id=fresh.subject_id, many=len(wanted))


def sweep(now: datetime) -> int:
    """Open searches for new answers, compare those whose search is over; how many were looked at."""
    rows = list(FactCheck.objects.filter(state=FactCheck.State.OPEN).order_by("created_at")[:50])
    for row in rows:
        if row.batch is None:
            _search(row)
        elif batches.settled(row.batch, WorkOrder.Operation.FIND):
            _compare(row, now)
        elif now - row.created_at > GIVEN_UP:
            _settle(row, False, now)
    return len(rows)


def same(said: str, held: object) -> bool:
    """Whether what was typed is what is held: by its letters and digits, whatever their case."""
    return bool(_plain(said)) and _plain(said) == _plain(str(held))


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())


def _search(row: FactCheck) -> None:
    with log.atomic():
        request = locks.request(row.request_id)
        batch = batches.open_find(
            origin=request.reference,
            subject=request.subject,
            identities={"email": [letters.address(request).value]},
            actor=COMPARER,
        )
        FactCheck.objects.filter(pk=row.pk, batch=None).update(batch=batch)


def _compare(row: FactCheck, now: datetime) -> None:
    try:
        known = _held(row)
    except (base.Temporary, base.Permanent):
        if now - row.created_at > GIVEN_UP:
            _settle(row, False, now)
        return
    fits = all(any(same(row.answers.get(one, ""), value) for value in known.get(one, ())) for one in row.asked)
    _settle(row, fits and bool(row.asked), now)


def _held(row: FactCheck) -> dict[str, list[object]]:
    """What the systems hold of the attributes that were asked about."""
    if row.batch is None:
        return {}
    return held.values(row.batch, Q(attribute__in=row.asked))


def _settle(row: FactCheck, fits: bool, now: datetime) -> None:
    with log.atomic():
        request = locks.request(row.request_id)
        state = FactCheck.State.MATCHED if fits else FactCheck.State.FAILED
        if not FactCheck.objects.filter(pk=row.pk, state=FactCheck.State.OPEN).update(
            state=state, answers={}, settled_at=now
        ):
            return
        log.record("facts.compared", actor=COMPARER, noun=request, subject_id=request.subject_id, result=state)
        if fits and request.state != State.CLOSED:
            found = [letters.address(request)]
            proof.accept(request, found, channel="data_compared", now=now, actor=actors.person(request.subject_id))
