"""One retention run on PostgreSQL: of millions of rows two fifths are due and one in a hundred is held. Counted and deleted,
beside the best deletion by hand and Django's `QuerySet.delete()`.

    python -m benchmarks.retention [ROWS ...]     (BENCH_POSTGRES_URL=postgres://user@host:5432/postgres names the server)

Each size runs in a process of its own, on databases of its own that are dropped afterwards. By hand: batches by key, in one
statement each, that know the table and the held accounts by heart and keep no receipts; the quickest of several sizes of
batches counts. Django deletes all the same rows as well, each time on a copy and in a process of its own.
"""

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import psycopg
from django.conf import settings

from benchmarks.erasing import SERVER, _url
from benchmarks.sweep import _plain

ROOT = Path(__file__).resolve().parents[1]
SIZES = (10_000_000,)
BATCHES = (5_000, 20_000, 50_000)
PEOPLE = 10_000
HELD = PEOPLE // 100
# Two fifths of the days lie before the cut-off, spread over the whole table as they come.
TABLES = """
CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE, full_name text);
CREATE INDEX ON accounts (lower(email));
CREATE TABLE visits (id bigserial PRIMARY KEY, account_id int NOT NULL, path text NOT NULL, ip text, agent text,
  seen_at timestamptz NOT NULL, seconds int);
INSERT INTO accounts SELECT n, 'p' || n || '@people.example', 'Person ' || n FROM generate_series(1, {people}) n;
INSERT INTO visits (account_id, path, ip, agent, seen_at, seconds)
  SELECT 1 + n % {people}, '/jobs/' || n, '192.0.2.' || n % 250,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    date_trunc('day', now()) - ((n::bigint * 7919) % 1000) * interval '1 day' - interval '1 hour', n % 600
  FROM generate_series(1, {rows}) n;
CREATE INDEX ON visits (account_id);
CREATE INDEX ON visits (seen_at);
ANALYZE;
"""
DUE = "seen_at < %(before)s AND account_id > %(held)s"
BY_HAND = {
    "join": "WITH part AS (SELECT id FROM visits WHERE id > %(last)s AND " + DUE + " ORDER BY id LIMIT %(most)s), "
    "gone AS (DELETE FROM visits v USING part WHERE v.id = part.id) SELECT max(id), count(*) FROM part",
    "span": "WITH part AS (SELECT max(id) AS upto FROM (SELECT id FROM visits WHERE id > %(last)s AND " + DUE
    + " ORDER BY id LIMIT %(most)s) s), gone AS (DELETE FROM visits v USING part WHERE v.id > %(last)s AND "
    "v.id <= part.upto AND " + DUE + " RETURNING 1) SELECT (SELECT upto FROM part), (SELECT count(*) FROM gone)",
}  # fmt: skip
HELD_ROWS = "SELECT count(*), sum(hashtextextended(v::text, 7)) FROM visits v WHERE account_id <= %s"


def main() -> None:
    """Print the figures of each size."""
    for size in [int(one) for one in sys.argv[1:]] or SIZES:
        one = _measured(size)
        one["hand"] = one["rows"] / one["hand_pace"]
        rate = one["rows"] / one["erase"]
        print(
            f"{size:>11,} rows, {one['rows']:,} due and free, {one['held']:,} due and held\n"
            f"  dry run (count, freeze, calendar) {one['find']:.1f} s\n"
            f"  erase {one['erase']:.1f} s = {rate:,.0f} rows/s, of which deleting {one['deleting']:.1f} s, "
            f"the schema {one['prepare']:.2f} s, counting once more {one['recount']:.2f} s, proofs {one['proofs']:.2f} s\n"
            f"  by hand {one['hand']:.1f} s ({one['how']}); ours/by hand {one['hand'] / one['erase']:.2f}, "
            f"deleting alone {one['hand'] / one['deleting']:.2f}\n"
            f"  Django's QuerySet.delete() {one['django']['pace']:,.0f} rows/s with a receiver of post_delete and "
            f"{one['django']['memory']:,.0f} MiB, without (one statement for all) {one['bare']['pace']:,.0f}; "
            f"ours/Django {rate / one['django']['pace']:.1f} and {rate / one['bare']['pace']:.2f}\n"
            f"  transactions {one['chunks']}: p50 {one['p50']:.3f} s  p99 {one['p99']:.3f} s  longest {one['longest']:.3f} s\n"
            f"  memory {one['start']:.0f} MiB at the start, after a quarter {one['quarter']:.0f}, peak {one['peak']:.0f}\n"
            f"  held rows untouched: {one['untouched']} (the run's own proof: {one['proof']})",
            flush=True,
        )


def _measured(size: int) -> dict[str, Any]:
    names = {part: f"po_bench_retention_{part}_{size}" for part in ("portal", "company", "hand", "django", "bare")}
    try:
        with psycopg.connect(_plain(SERVER), autocommit=True) as server:
            for name in names.values():
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {names['portal']}")
            server.execute(f"CREATE DATABASE {names['company']}")
            with psycopg.connect(_url(names["company"]), autocommit=True) as company:
                company.execute(TABLES.replace("{rows}", str(size)).replace("{people}", str(PEOPLE)))
                company.execute("VACUUM ANALYZE")
            _copy(server, names, "hand")
            with psycopg.connect(_url(names["company"])) as company:
                before = company.execute(HELD_ROWS, (HELD,)).fetchone()
            hand = by_hand(_url(names["hand"]))
            server.execute(f"DROP DATABASE {names['hand']} WITH (FORCE)")
            found: dict[str, Any] = {}
            for how in ("django", "bare"):
                _copy(server, names, how)
                found[how] = _child(names, how, _url(names[how]))
                server.execute(f"DROP DATABASE {names[how]} WITH (FORCE)")
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=_environment(names), check=True)
        found |= _child(names, "ours", _url(names["company"]))
        with psycopg.connect(_url(names["company"])) as company:
            after = company.execute(HELD_ROWS, (HELD,)).fetchone()
        return found | hand | {"untouched": before == after}
    finally:
        with psycopg.connect(_plain(SERVER), autocommit=True) as server:
            for name in names.values():
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _copy(server: "psycopg.Connection[Any]", names: dict[str, str], part: str) -> None:
    """A copy of the company's database, written down to the disk before anything is measured."""
    server.execute(f"CREATE DATABASE {names[part]} TEMPLATE {names['company']}")
    server.execute("CHECKPOINT")


def _environment(names: dict[str, str]) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": _url(names["portal"]), "DJANGO_SETTINGS_MODULE": "privacyops.settings"}


def _child(names: dict[str, str], part: str, url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.retention", part, url, str(HELD)]
    out = subprocess.run(command, cwd=ROOT, env=_environment(names), check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(out.stdout.splitlines()[-1])
    return found


def by_hand(url: str) -> dict[str, Any]:
    """A tenth of the due rows in each of several ways, then the rest in the quickest; seconds for all of them, at the pace of
    the whole way.
    """
    with psycopg.connect(url, autocommit=True) as db:
        cutoff = db.execute("SELECT date_trunc('day', now()) - interval '600 days'").fetchone()
        assert cutoff is not None
        total = db.execute("SELECT max(id) FROM visits").fetchone()
        assert total is not None
        last, paces = 0, {}
        for how, words in BY_HAND.items():
            for most in BATCHES:
                began, end, rows = time.perf_counter(), last + total[0] // 20, 0
                while last < end:
                    upto, count = _part(db, words, cutoff[0], last, most)
                    last, rows = upto, rows + count
                paces[how, most] = rows / (time.perf_counter() - began)
        (how, most), _ = max(paces.items(), key=lambda one: one[1])
        began, rows = time.perf_counter(), 0
        while True:
            upto, count = _part(db, BY_HAND[how], cutoff[0], last, most)
            if not count:
                break
            last, rows = upto, rows + count
        pace = rows / (time.perf_counter() - began)
    return {"hand_pace": pace, "how": f"{how}, {most:,} at a time, {pace:,.0f} rows/s"}


def _part(db: "psycopg.Connection[Any]", words: str, before: Any, last: int, most: int) -> tuple[int, int]:
    row = db.execute(words, {"last": last, "before": before, "held": HELD, "most": most}).fetchone()
    assert row is not None
    return row[0] or last, row[1]


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["django"], ["bare"]):
        django.setup()
        settings.CELERY_BROKER_URL = "memory://"  # nobody listens: the orders are run right here
        inline = import_module("benchmarks.retention_inline")
        part, url, held = sys.argv[1], sys.argv[2], int(sys.argv[3])
        print(
            json.dumps(
                inline.run(url, held) if part == "ours" else inline.django_pace(url, held, listened=part == "django")
            )
        )
    else:
        main()
