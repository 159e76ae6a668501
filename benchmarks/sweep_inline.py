"""The part of `benchmarks.sweep` that needs Django: fill, sweep, count."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from audit import actor as actors
from benchmarks.sweep import peak_mib, timed
from requests_app import deadlines, plans
from requests_app.models import Clock, Request
from subjects.models import DataSubject

WHO = actors.worker("bench")


def run(size: int) -> dict[str, Any]:
    """One size: half of the due clocks at a warning step, half missed; the rest runs on."""
    _fill(size)
    now = timezone.now()
    seen: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql[:40])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        seconds, changed = timed(lambda: deadlines.sweep(now, actor=WHO))
    peak = peak_mib()
    idle, nothing = timed(lambda: deadlines.sweep(now, actor=WHO))
    assert nothing == 0
    plain, _ = timed(lambda: Clock.objects.exclude(warnings=None, breached_at=None).update(next_step_at=now))
    return {
        "changed": changed,
        "seconds": round(seconds, 2),
        "queries": len(seen),
        "peak_mib": round(peak, 1),
        "idle_seconds": round(idle, 3),
        "plain_update_seconds": round(plain, 2),
    }


def _fill(size: int) -> None:
    """Copies of one request and one clock, made by the server."""
    now = timezone.now()
    subject = DataSubject.objects.create()
    first = Request.objects.create(
        reference="PR-0", right="opt_out_sale", subject=subject, residence="DE", received_at=now,
        plan=plans.PLANS["opt_out_sale"].frozen(),
    )  # fmt: skip
    clock = Clock.objects.create(
        request=first, kind="respond", statute="eu-gdpr", name="standard", version="x", cite="art. 12(3)",
        start_on=now.date(), start_at=now, due_on=now.date(), due_at=now + timedelta(days=90),
        next_step_at=now + timedelta(days=45),
    )  # fmt: skip
    _copies(Request._meta.db_table, first.pk, {
        "id": "gen_random_uuid()", "reference": "'PR-' || n", "nonce": "NULL",
    }, size)  # fmt: skip
    due = (
        "CASE WHEN mod(number, 200) = 0 THEN interval '-1 day' WHEN mod(number, 200) = 1 THEN interval '40 days'"
        " ELSE interval '80 days' END"
    )
    look = "CASE WHEN mod(number, 200) < 2 THEN interval '-1 minute' ELSE interval '35 days' END"
    columns = [one.column for one in Clock._meta.concrete_fields if not one.primary_key]
    values = {
        "request_id": "r.id", "due_at": f"now() + {due}", "next_step_at": f"now() + {look}",
        "start_at": "now() - interval '50 days'",
    }  # fmt: skip
    chosen = ", ".join(values.get(one, f'c."{one}"') for one in columns)
    names = ", ".join(f'"{one}"' for one in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Clock._meta.db_table} ({names}) SELECT {chosen} FROM"
            f" (SELECT id, row_number() OVER () AS number FROM {Request._meta.db_table} WHERE id <> %s) r,"
            f" {Clock._meta.db_table} c WHERE c.id = %s",
            [first.pk, clock.pk],
        )
    Request.objects.filter(pk=first.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _copies(table: str, key: Any, changed: dict[str, str], size: int) -> None:
    columns = [one.column for one in Request._meta.concrete_fields]
    chosen = ", ".join(changed.get(one, f't."{one}"') for one in columns)
    names = ", ".join(f'"{one}"' for one in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} t, generate_series(1, %s) n WHERE t.id = %s",
            [size, key],
        )
