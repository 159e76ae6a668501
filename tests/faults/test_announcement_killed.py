"""A worker that mails 2,000 people is killed with SIGKILL again and again; with a real mail server, each is mailed once.

At each kill one mail may be in flight: taken by the server, and not yet known to us as taken. It goes out again, under the same
Message-ID, and the report counts it. So: nobody is left out, nobody is doubled but those, and the report says how many may be.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.disclosures.builders import Post

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 2000
# One process sets up and then is the parent of the workers: each is a fork that goes on with the announcement as a task does.
# Two die at a line of the code, the rest wherever they happen to be; the last one lives, and finds it by the sweep's question.
SCRIPT = """
import json, os, random, sys, time
import django; django.setup()
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from audit import actor, failpoints
from consent import telling
from consent.models import Announcement, NoticeVersion, Told
from subjects import registry

people = int(sys.argv[1])
call_command("migrate", verbosity=0)
chance = random.Random(7)
for number in range(people):
    registry.find_or_make("email", f"p{number}@example.org", actor=actor.worker("faults"))
now = timezone.now()
version = NoticeVersion.objects.create(number=1, title="Notice", body="Words.", digest="d" * 64, published_at=now,
                                       effective_on=now.date())
row = telling.announce(version, by=User.objects.create_superuser("noor"), per_minute=1_000_000)

def freed():
    Announcement.objects.update(lease_until=None, next_try_at=None)  # who was killed is a minute ago
    connections.close_all()

def told():
    try:
        return Told.objects.filter(state="told").count()
    finally:
        connections.close_all()

def worker(line=""):
    connections.close_all()
    child = os.fork()
    if child == 0:
        if line:
            failpoints.arm(line)
        for found in telling.waiting(timezone.now()):
            telling.go_on(found)
        os._exit(0)
    return child

print("ready", flush=True)
ends = []
for line in ("announcement.before_send=kill@40", "announcement.after_send=kill@40", "", "", ""):
    freed()
    before, child = told(), worker(line)
    if not line:
        while told() < before + 100 + chance.randrange(150):
            time.sleep(0.01)
        os.kill(child, 9)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
for _ in range(20):
    freed()
    if not telling.waiting(timezone.now()):
        break
    os.waitpid(worker(), 0)
row.refresh_from_db()
print(json.dumps({"ends": ends, "state": row.state, "rows": Told.objects.count(), **telling.counts(row)}))
"""


def test_a_killed_announcement_tells_everybody_once_but_for_what_was_in_flight(tmp_path) -> None:
    post = Post()
    post.start()
    world = {one: value for one, value in os.environ.items() if one not in ("DATABASE_URL", "REDIS_URL")}
    world |= {"STATE_DIR": str(tmp_path), "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
              "DJANGO_SETTINGS_MODULE": "privacyops.settings"}  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(PEOPLE)], cwd=ROOT, env=world, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    began = time.monotonic()
    try:
        out, errors = child.communicate()
        assert child.returncode == 0, errors[-3000:]
        seen = json.loads(out.splitlines()[-1])
    finally:
        child.kill()
        post.stop()
    got = Counter(one.rcpt_tos[0] for one in post.got)
    doubled = [one for one, count in got.items() if count > 1]
    print(
        f"{time.monotonic() - began:.0f} s, {len(post.got)} mails to {len(got)} people, {len(doubled)} doubled, {seen}"
    )
    assert seen["ends"] == [-signal.SIGKILL] * 5
    assert seen["state"] == "done" and seen["told"] == seen["rows"] == len(got) == PEOPLE
    assert len(doubled) <= 5 and max(got.values()) <= 2, "at most the one in flight at each kill"
    assert 1 <= len(doubled) <= seen["twice"] <= 5, "and the report says how many may be"
    same = {one: {mail.content.split(b"Message-ID: ")[1].split(b"\r\n")[0] for mail in post.got if mail.rcpt_tos[0] == one}
            for one in doubled}  # fmt: skip
    assert all(len(ids) == 1 for ids in same.values()), "the same mail again"
