"""The account of disclosures, of a period or of one person, as a file: read page by page, so that its length costs no memory.

Taking it out is an event. The lines name no person but by id.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from audit import actor as actors
from audit import log, sheet
from audit.refusal import Refused
from disclosures import ledger, standing
from disclosures.models import Disclosure, Recipient
from subjects.models import DataSubject

PAGE = 2000
HEAD = (
    "id", "disclosed_at", "data_subject", "recipient", "recipient_name", "role", "country", "categories", "purpose", "occasion",
    "source", "reason", "recorded_at", "taken_back_at", "taken_back_reason",
)  # fmt: skip
COLUMNS = (
    "pk", "disclosed_at", "subject_id", "recipient__key", "recipient__name", "recipient__role", "recipient__country",
    "categories", "purpose__key", "occasion", "source", "reason", "recorded_at", "retraction__taken_back_at",
    "retraction__reason",
)  # fmt: skip
FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@dataclass(frozen=True)
class Wanted:
    """What an account is of: days (UTC, both included), or all of one person's, or both. `form`: csv or json."""

    first: date | None
    last: date | None
    subject: DataSubject | None
    form: str


def take(wanted: Wanted, *, by: User) -> Iterator[str]:
    """Record that the account is taken out, and give its text piece by piece. Raises Refused."""
    if not by.has_perm("disclosures.export_disclosure"):
        raise Refused("Your role may not take the ledger out. Ask your privacy officer.", code="not_allowed")
    if wanted.form not in FORMATS:
        raise Refused("Choose CSV or JSON.", code="format_unknown", field="form")
    if wanted.subject is None and (wanted.first is None or wanted.last is None):
        raise Refused("Give a period, or a person.", code="period_missing", field="first")
    if wanted.first and wanted.last and wanted.last < wanted.first:
        raise Refused("The period ends before it begins.", code="period_wrong", field="last")
    with log.atomic():
        log.record(
            "disclosures.exported", actor=actors.staff(by.pk), noun=wanted.subject or Disclosure(),
            subject_id=wanted.subject.pk if wanted.subject else None, first=wanted.first, last=wanted.last, form=wanted.form,
        )  # fmt: skip
    return as_json(wanted) if wanted.form == "json" else as_csv(wanted)


def rows(wanted: Wanted) -> Iterator[list[Any]]:
    """The entries under HEAD, by time, with a mark where one was taken back; each page is found by its place."""
    place: tuple[datetime, UUID] | None = None
    while True:
        page = list(_chosen(wanted, place).values_list(*COLUMNS)[:PAGE])
        yield from (list(one) for one in page)
        if len(page) < PAGE:
            return
        place = (page[-1][1], page[-1][0])


def _chosen(wanted: Wanted, place: tuple[datetime, UUID] | None) -> Any:
    found = Disclosure.objects.order_by("disclosed_at", "pk")
    if wanted.subject is not None:
        found = found.filter(subject__in=ledger.people(wanted.subject).values("pk"))
    if wanted.first is not None and place is None:
        found = found.filter(disclosed_at__gte=_midnight(wanted.first))
    if wanted.last is not None:
        found = found.filter(disclosed_at__lt=_midnight(wanted.last + timedelta(days=1)))
    if place is not None:
        at, pk = place
        found = found.filter(Q(disclosed_at__gt=at) | Q(disclosed_at=at, pk__gt=pk), disclosed_at__gte=at)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def as_csv(wanted: Wanted) -> Iterator[str]:
    """CSV with a head line (RFC 4180)."""
    yield "\ufeff" + sheet.line(HEAD)
    for one in rows(wanted):
        one[7] = "; ".join(one[7])
        yield sheet.line(one)


def as_json(wanted: Wanted) -> Iterator[str]:
    """One JSON document: the entries, and the standing disclosures of the period or the person."""
    yield '{"disclosures": ['
    before = "\n"
    for one in rows(wanted):
        yield before + _json(dict(zip(HEAD, map(_plain, one), strict=True)))
        before = ",\n"
    yield '\n], "standing": ' + _json([_standing(one) for one in _held(wanted)]) + "}\n"


def _held(wanted: Wanted) -> list[standing.Held]:
    today = datetime.now(UTC).date()
    if wanted.subject is not None:
        return standing.of(ledger.people(wanted.subject).values("pk"), wanted.last or today)
    return standing.between(wanted.first or date.min, wanted.last or today)


def _standing(one: standing.Held) -> dict[str, Any]:
    return {
        "recipient": one.recipient.key, "recipient_name": one.recipient.name,
        "role": Recipient.Role(one.recipient.role).value, "categories": [each.key for each in one.categories],
        "purpose": one.purpose.key if one.purpose else None, "occasion": one.occasion, "group": one.group,
        "perhaps": one.perhaps, "since_on": _plain(one.since_on), "until_on": _plain(one.until_on),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
