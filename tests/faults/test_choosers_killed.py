"""Web workers are killed while programs record choices: what was answered is there, once, and what holds agrees with it."""

import os
import signal
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from tests.faults import choosers
from tests.processes import ROOT, portal

pytestmark = [pytest.mark.faults]
READY = """
from audit import actor, clients
from inventory.models import Purpose
for n in range(4):
    Purpose.objects.get_or_create(key=f"bench-{n}", defaults={"name": f"P{n}", "description": "d", "lawful_basis": "consent"})
print("KEY", clients.create("choosers", ["consent:write"], actor=actor.worker("test"))[1])
"""
COUNT = """
from consent.models import Choice
print("ROWS", *Choice.objects.filter(region="US-CA").values_list("pk", flat=True))
"""
CALLS, KILLS = 60, 2


def shell(one, text: str, word: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", text], cwd=ROOT, env=one.env, capture_output=True, text=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith(word))
    return line.split()[1:]


def workers(one) -> list[int]:
    """The children of gunicorn's first process."""
    web = {}
    for pid in one.children():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line, open(f"/proc/{pid}/stat") as stat:
                if b"gunicorn" in line.read():
                    web[pid] = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    return [pid for pid, parent in web.items() if parent in web]


def test_what_was_answered_is_there_once_and_what_holds_agrees(tmp_path) -> None:
    with portal(tmp_path / "state", DEMO="0", EMAIL_URL="dummymail://") as one:
        (key,) = shell(one, READY, "KEY")
        seen: list[str] = []
        killed: list[int] = []
        stop = threading.Event()

        def kill() -> None:
            while not stop.wait(0.05) and len(killed) < KILLS:
                if len(seen) * (KILLS + 1) > CALLS * (len(killed) + 1):
                    for pid in workers(one)[:1]:
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            accepted = choosers.send(
                urlsplit(one.url).port or 0, key, singles=CALLS - 6, batches=6, threads=4, size=50, seen=seen
            )
        finally:
            stop.set()
            killer.join()
        rows = shell(one, COUNT, "ROWS")
        assert len(killed) == KILLS and len(seen) == CALLS
        assert set(rows) == accepted and len(rows) == len(accepted) == CALLS - 6 + 300
        check = subprocess.run([sys.executable, "manage.py", "consent_standing", "--check"], cwd=ROOT, env=one.env)
        assert check.returncode == 0
