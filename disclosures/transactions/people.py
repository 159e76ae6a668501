"""Who is concerned by a transaction: everybody whom we know, in one statement, or a list; and who objects."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from audit import actor as actors
from audit import log, sheet
from audit.refusal import Refused
from disclosures.models import Transaction, TransactionPerson
from disclosures.objecting import open_for
from disclosures.transactions import table
from disclosures.transactions.registering import locked, may, note
from subjects import many, registry
from subjects.models import DataSubject, Identifier

MOST_LINES = 50_000
AT_ONCE = 1000


def add_everybody(transaction: Transaction, *, by: User) -> int:
    """Everybody in the register of people, in one statement; how many are new. Raises Refused once people are told."""
    may(by, "change_transaction")
    rows, subjects = TransactionPerson._meta.db_table, DataSubject._meta.db_table
    with log.atomic():
        fresh = locked(transaction)
        _early(fresh)
        key = fresh.pk if connection.vendor == "postgresql" else fresh.pk.hex
        sql = (
            f'INSERT INTO "{rows}" (transaction_id, subject_id) SELECT %s, id FROM "{subjects}"'
            " WHERE merged_into_id IS NULL AND forgotten_at IS NULL ON CONFLICT DO NOTHING"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [key])
            added = int(cursor.rowcount)
        note("transaction.people_added", fresh, by, added=added, everybody=True)
    return added


def add_listed(transaction: Transaction, kind: str, lines: list[str], *, by: User) -> int:
    """The people with these identifiers, made if they are new; how many are new here. Raises Refused, then nobody is added."""
    may(by, "change_transaction")
    values = [one.strip() for one in lines if one.strip()]
    if not 0 < len(values) <= MOST_LINES:
        raise Refused(f"Give between one and {MOST_LINES:,} lines.", code="list_length", field="file")
    wanted: dict[many.Index, str] = {}
    for number, one in enumerate(values, 1):
        try:
            wanted.setdefault(many.index(kind, one), one)
        except Refused as refused:
            raise Refused(f"Line {number}: {refused.message}", code=refused.code, field="file") from refused
    added = 0
    with log.atomic():
        fresh = locked(transaction)
        _early(fresh)
        found = many.find_or_make(wanted, actor=actors.staff(by.pk))
        before = fresh.people.count()
        everybody = {pk for people in found.values() for pk in people}
        rows = [TransactionPerson(transaction=fresh, subject_id=pk, added_at=timezone.now()) for pk in everybody]
        TransactionPerson.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
        added = fresh.people.count() - before
        note("transaction.people_added", fresh, by, added=added, everybody=False)
    return added


def object_for(transaction: Transaction, kind: str, value: str, *, now: datetime, by: User) -> None:
    """Note the objection of somebody who wrote or called. Raises Refused when they are not concerned, or it is too late."""
    may(by, "change_transaction")
    with log.atomic():
        fresh = locked(transaction)
        subject = registry.known(kind, value)
        mine = fresh.people.filter(subject=subject) if subject is not None else fresh.people.none()
        if not mine.exists():
            raise Refused("This person is not concerned by the transaction.", code="not_concerned", field="value")
        late = fresh.object_until is None or timezone.localdate(now) > fresh.object_until
        if not open_for(fresh) or late:
            raise Refused("People can object while they are told, until the last day.", code="too_late")
        if mine.filter(objected_at=None).update(objected_at=now, noted_by=by):
            assert subject is not None
            log.record("transaction.objected", actor=actors.staff(by.pk), noun=fresh, subject_id=subject.pk)


def left_out(transaction: Transaction, *, clear: bool, by: User) -> Iterator[str]:
    """Who objected, as CSV, for whoever exports the datasets; an event. `clear`: with identifiers. Raises Refused first."""
    may(by, "change_transaction")
    if clear and not by.has_perm("subjects.reveal_datasubject"):
        raise Refused("Your role sees no identifiers. Take the list with ids only.", code="not_allowed")
    with log.atomic():
        note("transaction.list_taken", transaction, by, clear=clear)
    return _lines(transaction, clear)


def _lines(transaction: Transaction, clear: bool) -> Iterator[str]:
    """Keyset by keyset: memory stays flat however many objected."""
    yield sheet.line(["person", *(Identifier.Kind.values if clear else ())])
    last = 0
    while True:
        rows = list(
            TransactionPerson.objects.filter(transaction=transaction, objected_at__isnull=False, pk__gt=last)
            .order_by("pk").values_list("pk", "subject_id")[:AT_ONCE]
        )  # fmt: skip
        if not rows:
            return
        last = rows[-1][0]
        known = _identifiers([subject for _, subject in rows]) if clear else {}
        for _, subject in rows:
            cells = known.get(subject, {})
            yield sheet.line(
                [str(subject), *(" ".join(cells.get(kind, ())) for kind in Identifier.Kind.values if clear)]
            )


def _identifiers(ids: list[UUID]) -> dict[UUID, dict[str, list[str]]]:
    found: dict[UUID, dict[str, list[str]]] = {}
    for one in Identifier.objects.filter(Q(subject__in=ids)).order_by("created_at"):
        found.setdefault(one.subject_id, {}).setdefault(one.kind, []).append(one.value)
    return found


def _early(transaction: Transaction) -> None:
    if transaction.state not in table.EARLY:
        raise Refused("People are told already; nobody can be added any more.", code="state_conflict")
