"""A person with a hundred thousand rows: memory stays flat, and a chunk costs the same queries whatever its size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors import reading
from connectors.kinds import sql_engines
from connectors.models import Chunk
from tests.connectors import shop as s
from tests.connectors.shop import Shop, allow, find, order_of, run_all

MEASURE = """
import django, json, sys; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from connectors import reading
from tests.connectors import shop as s
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024
shop = s.open_shop(sys.argv[1], 200)
with shop.engine.begin() as target:
    for start in range(0, int(sys.argv[2]), 2000):
        target.execute(s.visits.insert(), [{"account_id": 1, "ip": "192.0.2.1", "seen_on": s.date(2026, 1, 1)}] * 2000)
before = peak()
batch = s.find()
found = peak()
read = sum(1 for one in batch.findings.filter(collection="visits") for _ in reading.rows(one))
seen = peak()
s.allow(batch); s.run_all(batch)
order = s.order_of(batch)
left = len(shop.rows(s.visits, account_id=1))
print("RESULT" + json.dumps([order.state, order.rows_done, read, left, before, found, seen, peak()]))
"""


def measured(folder: Path, rows: int) -> dict[str, int | str]:
    folder.mkdir()
    company = folder / "shop.sqlite3"
    company.touch()
    env = {
        **os.environ,
        "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "PYTHONPATH": os.getcwd(),
    }
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, f"sqlite:///{company}", str(rows)], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    names = ("state", "done", "read", "left", "before", "found", "seen", "peak")
    return dict(zip(names, json.loads(done.stdout.split("RESULT")[1]), strict=True))


@pytest.mark.load
@pytest.mark.timeout(300)
def test_a_hundred_thousand_rows_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    few, many = measured(tmp_path / "few", 4_000), measured(tmp_path / "many", 100_000)
    assert many["state"] == "done" and many["left"] == 0
    assert many["read"] == 100_200 and many["done"] > 100_200
    grown = {name: int(many[name]) - int(many["before"]) for name in ("found", "seen", "peak")}
    small = {name: int(few[name]) - int(few["before"]) for name in ("found", "seen", "peak")}
    assert all(grown[name] - small[name] < 25 for name in grown), f"MiB: {small} for 4,000 rows, {grown} for 100,000"


def test_a_chunk_costs_the_same_queries_whatever_its_size(shop: Shop, settings) -> None:
    def counted(rows: int, size: int) -> tuple[int, int]:
        s.meta.drop_all(shop.engine)
        s.meta.create_all(shop.engine)
        s.fill(shop, rows)
        settings.CHUNK_ROWS = size
        asked: list[str] = []
        engine = sql_engines.engine_for(shop.engine.url.render_as_string(hide_password=False))
        sa.event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        with CaptureQueriesContext(connection) as ours:
            batch = find()
            rows_read = sum(1 for one in batch.findings.filter(collection="visits") for _ in reading.rows(one))
            allow(batch)
            run_all(batch)
        assert order_of(batch).state == "done" and rows_read == rows
        return len(ours), len(asked)

    counted(10, 10)
    (ours_few, theirs_few), (ours_many, theirs_many) = counted(40, 10), counted(1600, 400)
    assert ours_many <= ours_few + 2 and theirs_many <= theirs_few + 2
    assert Chunk.objects.filter(finding__collection="visits", rows=400).count() == 4
