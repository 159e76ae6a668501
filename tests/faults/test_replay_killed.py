"""Our own database and the shop's are both restored from old copies: what only the sealed list outside knows is done again,
although the command is killed again and again on its way. With real processes, on SQLite and on PostgreSQL.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.connectors.conftest import SERVERS
from tests.processes import ROOT

pytestmark = [pytest.mark.faults]

BEFORE = """
import os
from inventory.models import Purpose
from consent import choices
from tests.connectors.shop import CLERK, open_shop, person, BEN
open_shop(os.environ["SHOP"])
news = Purpose.objects.create(key="news", name="News", description="d", lawful_basis="consent")
choices.record(person(BEN), news, True, source="portal", actor=CLERK)
"""
AFTER = """
from django.contrib.auth.models import Permission
from django.utils import timezone
from inventory.models import Collection, Purpose
from consent import choices
from retention import runs, sealing
from retention.models import Schedule
from tests.connectors.shop import ANNA, BEN, CLERK, allow, find, person, run_all, staff
from tests.retention.builders import TODAY, grace_over, work
batch = find(ANNA)
allow(batch, "erase")
run_all(batch)
choices.record(person(BEN), Purpose.objects.get(), False, source="portal", actor=CLERK)
jonas, maya = staff()
maya.user_permissions.add(Permission.objects.get(codename="approve_run"))
schedule = Schedule.objects.create(
    key="v", title="V", collection=Collection.objects.get(name="visits"), period=6, unit="months", reason="r",
    grace_hours=0, author=jonas,
)
run = runs.propose(schedule, actor=CLERK, today=TODAY)
work()
run.refresh_from_db()
grace_over(runs.approve(run, by=type(maya).objects.get(pk=maya.pk), rows=run.rows))
work()
print("SEALED", sealing.complete())
"""
LOOK = """
import json
from audit import log
from consent.models import Choice, Standing
from retention.models import Replay, SealedEntry
from tests.connectors.shop import BEN, person
print("LOOK", json.dumps({
    "noes": Choice.objects.filter(subject=person(BEN), granted=False).count(),
    "holds": Standing.objects.get(holder=person(BEN).pk).granted, "entries": SealedEntry.objects.count(),
    "replays": list(Replay.objects.order_by("system").values_list("system", "state")), "faults": list(log.faults())}))
"""
NOT_OURS = ("REDIS_URL", "FAILPOINTS", "DJANGO_SETTINGS_MODULE")
KILLS = (
    "replay.before_commit=kill@2",
    "replay.after_step=kill@3",
    "erase.after_target_commit=kill",
    "find.after_step=kill",
)


class Company:
    """An installation and a shop, each with a database that can be copied and brought back."""

    def __init__(self, folder: Path, own: str, shop: str, copy: Callable[[str, str], None]) -> None:
        self.copy, self.shop = copy, shop
        self.env = {
            **{key: value for key, value in os.environ.items() if key not in NOT_OURS},
            "STATE_DIR": str(folder / "state"), "DATABASE_URL": own, "SHOP": shop, "DEMO": "0", "LEASE_SECONDS": "2",
            "EMAIL_URL": "dummymail://", "PYTHONPATH": str(ROOT),
        }  # fmt: skip

    def manage(self, *words: str, kill: str = "") -> subprocess.CompletedProcess[str]:
        env = {**self.env, **({"FAILPOINTS": kill} if kill else {})}
        return subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True)

    def shell(self, text: str) -> str:
        done = self.manage("shell", "-v0", "-c", text)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def rows(self) -> list[list[tuple[Any, ...]]]:
        engine = sa.create_engine(self.shop, poolclass=sa.NullPool)
        with engine.connect() as connection:
            names = ("accounts", "visits", "messages", "newsletter", "ratings")
            return [list(connection.exec_driver_sql(f"SELECT * FROM {one} ORDER BY 1, 2").all()) for one in names]


@pytest.fixture(params=["sqlite", "postgresql"])
def company(
    request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str, bool, str], None]
) -> Iterator[Company]:
    if request.param == "sqlite":

        def copy(name: str, to: str) -> None:
            for end in ("-wal", "-shm"):
                Path(f"{tmp_path / to}.sqlite3{end}").unlink(missing_ok=True)
            source = sa.create_engine(f"sqlite:///{tmp_path / name}.sqlite3", poolclass=sa.NullPool)
            with source.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(f"{tmp_path / name}.sqlite3", f"{tmp_path / to}.sqlite3")

        yield Company(tmp_path, f"sqlite:///{tmp_path}/own.sqlite3", f"sqlite:///{tmp_path}/shop.sqlite3", copy)
        return
    address, how = SERVERS["postgresql"]
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    names = {name: f"po_replay_{name}_{os.getpid()}" for name in ("own", "shop", "own_copy", "shop_copy")}

    def run(*statements: str) -> None:
        with admin.connect() as connection:
            for one in statements:
                connection.exec_driver_sql(one)

    try:
        run(*(f"DROP DATABASE IF EXISTS {one}" for one in names.values()))
    except sa.exc.OperationalError:
        need("postgresql", False, how)
    run(*(f"CREATE DATABASE {names[one]}" for one in ("own", "shop")))

    def clone(name: str, to: str) -> None:
        run(f"DROP DATABASE IF EXISTS {names[to]} WITH (FORCE)", f"CREATE DATABASE {names[to]} TEMPLATE {names[name]}")

    where = admin.url
    own = f"postgres://{where.username}@{where.host}:{where.port}/{names['own']}"
    shop = where.set(database=names["shop"]).render_as_string(hide_password=False)
    yield Company(tmp_path, own, shop, clone)
    run(*(f"DROP DATABASE IF EXISTS {one} WITH (FORCE)" for one in names.values()))
    admin.dispose()


def test_what_only_the_list_outside_knows_is_done_again_however_often_it_is_killed(company: Company) -> None:
    assert company.manage("migrate", "-v0").returncode == 0
    company.shell(BEFORE)
    since = datetime.now(UTC)
    company.copy("own", "own_copy")
    company.copy("shop", "shop_copy")
    assert "SEALED 3" in company.shell(AFTER)
    after = company.rows()

    company.copy("own_copy", "own")
    company.copy("shop_copy", "shop")
    assert company.rows() != after
    assert '"entries": 0' in company.shell(LOOK), "our own database knows of no erasure"

    for which in (["--system", "shop"], ["--own"]):
        words = ["replay_erasures", *which, "--since", since.isoformat()]
        for place in KILLS:
            done = company.manage(*words, kill=place)
            assert done.returncode in (-9, 0), done.stderr[-2000:]
        done = company.manage(*words)
        assert done.returncode == 0, done.stdout + done.stderr[-2000:]
        told = json.loads(done.stdout)
        assert told["state"] == "done" and told["certificate"]["left"] == 0
    assert company.rows() == after, "the erased are erased again, and nothing else is"
    found = json.loads(company.shell(LOOK).split("LOOK ")[1])
    assert found["noes"] == 1 and found["holds"] is False and found["faults"] == []
    assert {tuple(one) for one in found["replays"]} == {("", "done"), ("shop", "done")}
    again = json.loads(company.manage("replay_erasures", "--system", "shop", "--since", since.isoformat()).stdout)
    assert again["state"] == "done" and again["certificate"]["changed"] == 0 and company.rows() == after
