"""What the benchmark of the ledger does inside Django: keys, the bare SELECT, and batches beside the raw insert."""

import time
import uuid
from typing import Any

import django
import psycopg

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import actor, clients  # noqa: E402
from consent import append_only, launching, recording, terms  # noqa: E402
from consent.models import Choice, Launch  # noqa: E402
from consent.recording import Item  # noqa: E402
from inventory.models import Purpose  # noqa: E402
from subjects import many  # noqa: E402

ACTOR = actor.worker("benchmark")
ROUNDS = 5
FIELDS = recording.COLUMNS


def begin(purposes: int) -> str:
    """Purposes, and the key of a caller."""
    for n in range(purposes):
        made = Purpose.objects.create(
            key=f"bench-{n}", name=f"Purpose {n}", description="For the benchmark.", lawful_basis="consent"
        )
        now, ground = timezone.now(), Launch.Ground.BEFORE
        Launch.objects.create(
            purpose=made, terms=terms.of(made), regions=launching.EVERYWHERE, asked_at=now, live_at=now, ground=ground
        )
    return clients.create("benchmark", ["consent:read", "consent:write"], actor=ACTOR)[1]


def index(mail: str) -> str:
    """The blind index of an address."""
    return many.index("email", mail)[1]


def select(mails: list[str]) -> float:
    """Milliseconds (median) of the bare indexed SELECT on a kept connection, prepared by the driver."""
    connection.close()
    purpose = Purpose.objects.get(key="bench-0").pk
    sql = "SELECT choice_id, granted, expires_at FROM consent_standing WHERE holder = %s AND purpose_id = %s"
    holders = list(many.known([many.index("email", one) for one in mails]).values())
    times = []
    with connection.cursor() as cursor:
        for holder, *_rest in holders:
            started = time.perf_counter()
            cursor.execute(sql, [holder, purpose])
            cursor.fetchone()
            times.append(time.perf_counter() - started)
    connection.close()
    return 1000 * sorted(times)[len(times) // 2]


def batches() -> None:
    """A batch of 1,000 beside the raw multi-row insert of the same rows, for known and for new people."""
    client, _ = clients.create("batches", [], actor=ACTOR)
    _batch(client, 0)  # warm
    known, new = [], []
    for turn in range(ROUNDS):
        known.append(_batch(client, 0))
        new.append(_batch(client, turn + 1))
    for words, seen in (("known people", known), ("new people", new)):
        ours, raw = (sorted(one[n] for one in seen)[ROUNDS // 2] for n in (0, 1))
        print(
            f"a batch of 1,000 of {words}: {1000 * ours:.0f} ms; raw insert of its choices {1000 * raw:.0f} ms:"
            f" {ours / raw:.1f} x (goal 3)"
        )


def _batch(client: Any, group: int) -> tuple[float, float]:
    """Seconds of a batch, and of the raw insert of the same rows under other ids."""
    items = [
        Item("email", f"batch{group}.{n}@people.example", f"bench-{n % 4}", n % 3 > 0, region="DE", language="de")
        for n in range(1000)
    ]
    started = time.perf_counter()
    done = recording.record_many(items, source="api", actor=ACTOR, client=client, call_key=str(uuid.uuid4()))
    ours = time.perf_counter() - started
    rows = list(Choice.objects.filter(pk__in=[one.choice for one in done]).values_list(*FIELDS))
    again = [tuple(uuid.uuid4() if n == 0 else one for n, one in enumerate(row)) for row in rows]
    return ours, _raw(again)


def _raw(rows: list[tuple[Any, ...]]) -> float:
    """Seconds of one INSERT with a list of values for each row, committed; the rows are taken out again afterwards."""
    columns = ", ".join(str(Choice._meta.get_field(one).column) for one in FIELDS)
    place = "(" + ", ".join(["%s"] * len(FIELDS)) + ")"
    sql = f"INSERT INTO consent_choice ({columns}) VALUES " + ", ".join([place] * len(rows))
    given: list[Any] = []
    for row in rows:
        values = list(row)
        values[FIELDS.index("evidence")] = "{}"
        values[FIELDS.index("idempotency_key")] = f"raw-{uuid.uuid4()}"
        given += values
    with connection.cursor() as cursor:
        started = time.perf_counter()
        with transaction.atomic():
            # The driver writes the values into the statement: the server takes no 18,000 places in one.
            psycopg.ClientCursor(cursor.connection).execute(sql, given)
        took = time.perf_counter() - started
        # Without its triggers: the ledger's own refuse it, and that of the reference reads ten million rows for each.
        cursor.execute("SET session_replication_role = replica")
        append_only.remove(None, connection.schema_editor())
        cursor.execute("DELETE FROM consent_choice WHERE id = ANY(%s)", [[row[0] for row in rows]])
        cursor.execute("SET session_replication_role = origin")
    append_only.install(None, connection.schema_editor())
    return took
