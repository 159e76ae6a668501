"""A crowd at the request form while web workers are killed: whoever was told that it was taken has one request."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import crowd
from benchmarks.portal import QUICKEST_SECONDS, web_workers
from tests.processes import Portal, portal

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]
PEOPLE, AT_ONCE, KILLED = 60, 8, 4

COUNT = """
import django; django.setup()
from requests_app.models import Letter, Request
letters = Letter.objects.filter(kind="acknowledgement").count()
print("ROWS", " ".join(Request.objects.values_list("reference", flat=True)), letters)
"""


def rows(one: Portal) -> tuple[list[str], int]:
    """The references of all requests, and how many confirmations were written."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT], env={**one.env, "DJANGO_SETTINGS_MODULE": "privacyops.settings"},
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = next(line for line in done.stdout.splitlines() if line.startswith("ROWS")).split()[1:]
    return words[:-1], int(words[-1])


def test_no_accepted_form_is_lost_and_none_counts_twice_while_web_workers_are_killed(tmp_path):
    with portal(tmp_path / "state", DEMO="0", FLOOD_FORMS="0") as one:
        port = urlsplit(one.url).port
        people = crowd.gather(port, PEOPLE, AT_ONCE)
        time.sleep(QUICKEST_SECONDS)
        killed: list[int] = []
        over = threading.Event()

        def kill() -> None:
            while len(killed) < KILLED and not over.wait(0.7):
                for pid in web_workers(one.children())[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

        killer = threading.Thread(target=kill)
        killer.start()
        seen = crowd.send(port, people, AT_ONCE)
        over.set()
        killer.join()
        stored, letters = rows(one)
    assert killed, "the crowd was through before anything was killed"
    assert not seen.lost, [one.refused or one.tries for one in seen.lost]
    assert len(stored) == PEOPLE == letters and set(stored) == seen.references
