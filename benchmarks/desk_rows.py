"""The rows of `benchmarks.desk`: copies of one of each noun, made by the server, so that a million take minutes."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from audit.models import Event
from connectors.models import Batch, Finding, WorkOrder
from inventory.models import System
from requests_app import plans
from requests_app.models import Clock, Letter, Request
from subjects import vault
from subjects.models import DataSubject, Identifier

# Of the n-th request: 3 of 100 are open, spread over the whole table as they would be after some years of updates.
OPEN = "mod(n, 100) IN (13, 47, 81)"
AT = "now() - make_interval(days => mod(n::bigint * 7919, 1095)::int, secs => mod(n * 31, 86400))"
OPENED = "now() - make_interval(days => mod(n / 100, 40)::int, secs => mod(n * 31, 86400))"
RIGHT = "(ARRAY['access','access','delete','delete','delete','opt_out_sale','correct','portability'])[1 + mod(n, 8)]"
STATE = "(ARRAY['verifying','collecting','in_review','in_review','verifying','collecting'])[1 + mod(n / 100, 6)]"
LAWS = """(ARRAY['[{"right":"access","statute":"eu-gdpr","version":"1"}]',
 '[{"right":"access","statute":"eu-gdpr","version":"1"},{"right":"access","statute":"us-ca-ccpa","version":"1"}]',
 '[{"right":"access","statute":"us-ca-ccpa","version":"1"}]','[{"right":"access","statute":"uk-gdpr","version":"1"}]'])[
 1 + CASE WHEN mod(n, 1000) = 481 THEN 3 ELSE mod(n / 3, 3) END]::jsonb"""
GDPR = """'[{"right":"access","statute":"eu-gdpr","version":"1"}]'::jsonb"""
UK = """'[{"right":"access","statute":"uk-gdpr","version":"1"}]'::jsonb"""
PLACE = "(ARRAY['DE','FR','ES','US-CA','US-CO','IT','NL','GB'])[1 + mod(n / 5, 8)]"
CHANNEL = "(ARRAY['web','web','web','email','phone','api'])[1 + mod(n / 7, 6)]"


def fill(size: int) -> None:
    """Everything that the pages read, for so many requests."""
    now = timezone.now()
    subject = DataSubject.objects.create()
    mailbox = Identifier.objects.create(
        subject=subject, kind="email", value="ada@example.org", blind_index=vault.blind_index("email", "x@example.org")
    )
    batch = Batch.objects.create(reason="request", origin="PR-0", subject=subject)
    system = System.objects.create(key="bench", name="Bench")
    order = WorkOrder.objects.create(batch=batch, system=system, operation="find", state="done")
    finding = Finding.objects.create(
        batch=batch, system=system, dataset="site", collection="people", title="people", via="email", place=1, rows=12,
        action="delete", decision="include",
    )  # fmt: skip
    first = Request.objects.create(
        reference="PR-0", right="access", subject=subject, identifier=mailbox, batch=batch, residence="DE",
        received_at=now, proved_at=now, plan=plans.PLANS["access"].frozen(), details="Please send me what you hold.",
    )  # fmt: skip
    clock = Clock.objects.create(
        request=first, kind="respond", statute="eu-gdpr", name="standard", version="x", cite="Art. 12(3)",
        start_on=now.date(), start_at=now, due_on=now.date(), due_at=now, steps=["Received.", "One month."],
    )  # fmt: skip
    letter = Letter.objects.create(
        request=first, kind="acknowledgement", identifier=mailbox, subject_line="We have your request", state="sent",
        body="Dear Ada, we have your request. " * 20, dedupe="a", message_id="m", sent_at=now, statute="eu-gdpr",
    )  # fmt: skip
    event = Event.objects.create(
        number=10**12, at=now, actor="worker:bench", name="request.received", noun="requests_app.request",
        noun_id=str(first.pk), previous="", digest="x",
    )  # fmt: skip
    owners = [User.objects.create_user(f"colleague{one}", is_staff=True).pk for one in range(12)]
    _series(size)
    # Foreign keys are not looked up one by one: the server would spend most of the time on that.
    connection.cursor().execute("SET session_replication_role = replica")
    indexes = _drop_indexes(DataSubject, Identifier, Batch, Request, Clock, Letter, WorkOrder, Event)
    many = "FROM made m, {table} t{more} WHERE t.{key} = %s"
    _copy(DataSubject, subject.pk, {"id": "m.subject", "created_at": "m.at"}, many + " AND m.newcomer")
    _copy(Identifier, mailbox.pk, {
        "id": "m.mailbox", "subject_id": "m.subject", "blind_index": "md5('b' || m.n)", "created_at": "m.at",
    }, many + " AND m.newcomer")  # fmt: skip
    _copy(Batch, batch.pk, {"id": "m.batch", "subject_id": "m.subject", "origin": "'PR-' || m.n"}, many)
    _copy(Request, first.pk, {
        "id": "m.id", "reference": "m.reference", "nonce": "NULL", "received_at": "m.at", '"right"': "m.asked",
        "state": "CASE WHEN m.open THEN m.state ELSE 'closed' END",
        "outcome": "CASE WHEN m.open THEN '' WHEN mod(m.n, 9) = 0 THEN 'denied' ELSE 'fulfilled' END",
        "subject_id": "m.subject", "identifier_id": "m.mailbox", "batch_id": "m.batch", "laws": "m.laws",
        "residence": "m.place", "channel": "m.channel", "due_at": "m.at + interval '30 days'",
        "closed_at": "CASE WHEN m.open THEN NULL ELSE m.at + make_interval(days => mod(m.n, 34)) END",
        "proposed_by_id": f"CASE WHEN NOT m.open OR mod(m.n / 600, 3) = 0 THEN {owners[0]} END",
        "approved_by_id": f"CASE WHEN NOT m.open THEN {owners[1]} END",
        "proved_at": "CASE WHEN m.open AND m.state = 'verifying' THEN NULL ELSE m.at END",
        "owner_id": f"CASE WHEN mod(m.n / 100, 4) > 0 THEN {owners[0]} + mod(m.n / 100, 12) END",
        "denial_ground": "CASE WHEN NOT m.open AND mod(m.n, 9) = 0 THEN 'excessive' ELSE '' END",
        "denial_note": "CASE WHEN NOT m.open AND mod(m.n, 9) = 0 THEN"
        " 'You asked the same ' || (m.n / 1000) || ' days ago and nothing has changed since.' ELSE '' END",
        "attention": "CASE WHEN m.open AND mod(m.n / 100, 20) = 3 THEN 'A letter could not be sent.' ELSE '' END",
    }, many)  # fmt: skip
    answer = {
        "id": "nextval(pg_get_serial_sequence('requests_app_clock', 'id'))",
        "request_id": "m.id", "start_at": "m.at", "start_on": "m.at::date", "due_at": "m.at + interval '30 days'",
        "due_on": "(m.at + interval '30 days')::date", "statute": "m.laws->0->>'statute'",
        "met_at": "CASE WHEN m.open THEN NULL ELSE m.at + make_interval(days => mod(m.n, 34)) END",
        "breached_at": "CASE WHEN mod(m.n, 34) > 30 OR (m.open AND m.at < now() - interval '30 days')"
        " THEN m.at + interval '30 days' END",
    }  # fmt: skip
    _copy(Clock, clock.pk, answer, many)
    _copy(Clock, clock.pk, answer | {"kind": "'acknowledge'", "met_at": "m.at", "breached_at": "NULL"}, many)
    for kind in ("acknowledgement", "package_ready"):
        _copy(Letter, letter.pk, {
            "id": "gen_random_uuid()", "request_id": "m.id", "identifier_id": "m.mailbox", "kind": f"'{kind}'",
            "dedupe": f"'{kind}'", "message_id": f"'{kind}-' || m.n", "queued_at": "m.at", "sent_at": "m.at",
            "state": "CASE WHEN m.open AND mod(m.n / 100, 20) = 3 THEN 'parked' ELSE 'sent' END",
        }, many)  # fmt: skip
    _copy(WorkOrder, order.pk, {
        "id": "gen_random_uuid()", "batch_id": "m.batch", "created_at": "m.at",
        "state": "CASE WHEN m.open AND mod(m.n / 100, 30) = 7 THEN 'parked' ELSE 'done' END",
        "park_code": "'connection'", "park_reason": "'The system refused us.'",
    }, many)  # fmt: skip
    names = ("request.received", "request.proved", "request.found", "request.closed")
    for place, name in enumerate(names):
        _copy(Event, event.pk, {
            "id": "gen_random_uuid()", "number": f"5 * m.n + {place}", "at": "m.at", "name": f"'{name}'",
            "noun_id": "m.id::text", "subject_id": "m.subject", "digest": f"md5('d{place}' || m.n)",
        }, many)  # fmt: skip
    _copy(Finding, finding.pk, {
        "id": "nextval(pg_get_serial_sequence('connectors_finding', 'id'))", "batch_id": "m.batch", "collection": "c",
        "title": "c",
    }, many + " AND m.open", ", unnest(ARRAY['people', 'orders', 'mails']) c")  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO requests_app_clockwarning (clock_id, step_id, given_at) SELECT c.id, s.id, c.due_at"
            " FROM requests_app_clock c, requests_app_warningstep s"
            " WHERE c.kind = 'respond' AND mod(c.id, 5) = 0 AND s.escalates"
        )
        cursor.execute(
            "UPDATE requests_app_clock SET escalated_at = due_at WHERE met_at IS NULL AND id IN"
            " (SELECT clock_id FROM requests_app_clockwarning)"
        )
        cursor.execute("DROP TABLE made")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for sql in indexes:
            cursor.execute(sql)
    for row in (letter, clock, first, order, finding):
        type(row).objects.filter(pk=row.pk).delete()
    connection.cursor().execute("VACUUM ANALYZE")


def busy(size: int) -> Any:
    """An open request in review of the filled table."""
    rows = Request.objects.filter(state="in_review", received_at__lt=timezone.now() - timedelta(days=3))
    return rows.order_by("received_at").first()


def _drop_indexes(*nouns: type[Model]) -> list[str]:
    """Drop what no constraint needs, and hand back how to make it again: one sort is cheaper than a million insertions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid::regclass::text = ANY(%s) AND NOT EXISTS"
            " (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
            [[noun._meta.db_table for noun in nouns]],
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _series(size: int) -> None:
    """Who, when and what of each request, once, so that every noun copies the same; four people of five ask once only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE UNLOGGED TABLE made AS SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS batch,"
            " md5('s' || CASE WHEN mod(n, 5) = 4 THEN n - 1 ELSE n END)::uuid AS subject,"
            " md5('i' || CASE WHEN mod(n, 5) = 4 THEN n - 1 ELSE n END)::uuid AS mailbox, mod(n, 5) <> 4 AS newcomer,"
            " 'PR-' || translate(upper(substr(md5('r' || n), 1, 8)), '01', 'XY') || '-' || n AS reference,"
            f" {OPEN} AS open, {RIGHT} AS asked, {STATE} AS state, {LAWS} AS laws, {PLACE} AS place, {CHANNEL} AS channel,"
            f" CASE WHEN {OPEN} THEN {OPENED} ELSE {AT} END AS at FROM generate_series(1, %s) n",
            [size],
        )
        # A page of fifty at every size: what is rare in a small table would fill half a page only.
        cursor.execute(
            f"UPDATE made SET place = 'DE', laws = {GDPR}, at = now() - interval '29 days' - make_interval(mins => n)"
            " WHERE n BETWEEN 4000 AND 10000 AND mod(n, 100) = 13"
        )
        cursor.execute(f"UPDATE made SET laws = {UK} WHERE n BETWEEN 4000 AND 10000 AND mod(n, 100) = 47")
        # An opt-out waits for no proof, so it is at work.
        cursor.execute("UPDATE made SET state = 'in_review' WHERE asked = 'opt_out_sale' AND state = 'verifying'")


def _copy(noun: type[Model], key: Any, changed: dict[str, str], source: str, more: str = "") -> None:
    table = noun._meta.db_table
    columns = [f'"{one.column}"' for one in noun._meta.concrete_fields]
    given = {name if name.startswith('"') else f'"{name}"': value for name, value in changed.items()}
    chosen = ", ".join(given.get(one, f"t.{one}") for one in columns)
    pk = noun._meta.pk
    assert pk is not None
    tail = source.format(table=table, key=pk.column, more=more)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} {tail}", [key])
