"""An upgrade that is stopped at any moment leaves a database that starts again, with what it held."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import ROOT, environment

UPGRADE = "import django; django.setup(); from privacyops import upgrading; upgrading.migrate(print)"
LATEST = "SELECT count(*) FROM django_migrations"


def begin(state: Path, **more: str) -> subprocess.Popen[str]:
    env = environment(state, 8000, DJANGO_SETTINGS_MODULE="privacyops.settings", **more)
    return subprocess.Popen([sys.executable, "-c", UPGRADE], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


def upgrade(state: Path, **more: str) -> str:
    running = begin(state, **more)
    said = running.communicate(timeout=120)[0]
    assert running.returncode == 0, said
    return said


def one_release_back(state: Path) -> None:
    """Take the last migration of the requests back."""
    last, before = sorted((ROOT / "requests_app" / "migrations").glob("0*.py"))[-1:-3:-1]
    env = environment(state, 8000, DJANGO_SETTINGS_MODULE="privacyops.settings")
    command = [sys.executable, "manage.py", "migrate", "requests_app", before.stem, "-v0"]
    assert last.stem > before.stem
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=120)


def asked(state: Path, sql: str) -> int:
    with closing(sqlite3.connect(state / "privacyops.sqlite3")) as database:
        return int(database.execute(sql).fetchone()[0])


@pytest.mark.parametrize("bytes_written", [1, 400_000])
def test_killed_while_it_makes_its_first_tables_it_makes_them_at_the_next_start(
    tmp_path: Path, bytes_written: int
) -> None:
    running = begin(tmp_path)
    copy = tmp_path / "privacyops.sqlite3.upgrade"
    while running.poll() is None and not written(copy) >= bytes_written:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    upgrade(tmp_path)
    assert asked(tmp_path, LATEST) > 20
    assert [one.name for one in tmp_path.glob("*.upgrade*")] == []


def written(copy: Path) -> int:
    return sum(one.stat().st_size for one in copy.parent.glob(f"{copy.name}*") if one.exists())


def test_killed_before_the_new_database_takes_its_place_the_old_one_is_still_there(tmp_path: Path) -> None:
    upgrade(tmp_path)
    one_release_back(tmp_path)
    with closing(sqlite3.connect(tmp_path / "privacyops.sqlite3")) as database:
        database.execute("UPDATE requests_app_warningstep SET name='Kept' WHERE key='half'")
        database.commit()
    before = asked(tmp_path, LATEST)
    stopped = begin(tmp_path, FAILPOINTS="upgrade.before_swap=kill")
    assert stopped.wait(timeout=120) == -signal.SIGKILL
    assert asked(tmp_path, LATEST) == before
    assert "in a copy" in upgrade(tmp_path)
    assert asked(tmp_path, LATEST) == before + 1
    assert asked(tmp_path, "SELECT count(*) FROM requests_app_warningstep WHERE name='Kept'") == 1


def test_with_nothing_to_do_it_does_nothing(tmp_path: Path) -> None:
    upgrade(tmp_path)
    before = (tmp_path / "privacyops.sqlite3").stat().st_ino
    assert upgrade(tmp_path) == ""
    assert (tmp_path / "privacyops.sqlite3").stat().st_ino == before
