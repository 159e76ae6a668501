"""A worker that looks into the mailbox is killed with SIGKILL at each line of it; the next one finds everything, once."""

import json
import os
import signal
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.requests_app.dovecot import HOW, PROGRAM, Dovecot

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
LINES = ("upload.after_sealed", "mail.before_commit", "mail.after_row", "mail.after_filed", "mail.after_message")
# One process is set up; each worker is a child of it that dies at its line, and the last one lives.
SCRIPT = """
import json, os, sys
import django; django.setup()
from datetime import UTC, datetime
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from audit import failpoints
from requests_app import inbox, intake
from requests_app.models import InboundMail, Message

call_command("migrate", verbosity=0)
one = intake.submit(intake.Submission("opt_out_sale", "ada@example.org", "Ada", "US-CA"), now=datetime.now(UTC))
print(one.reference, flush=True)
sys.stdin.readline()

def work():
    InboundMail.objects.update(lease_until=None)  # who was killed is a minute ago
    inbox.poll()
    for pk in inbox.waiting(timezone.now()):
        inbox.settle(pk)

ends = {}
for line in sys.argv[1:]:
    connections.close_all()
    child = os.fork()
    if child == 0:
        failpoints.arm(f"{line}=kill")
        work()
        os._exit(0)
    ends[line] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
work()
states = sorted(InboundMail.objects.values_list("state", flat=True))
print(json.dumps([ends, states, Message.objects.count()]))
"""


def test_a_kill_at_any_line_loses_no_mail_and_doubles_none(need, tmp_path):
    need("Dovecot", bool(PROGRAM), HOW)
    server = Dovecot()
    world = {one: value for one, value in os.environ.items() if one not in ("DATABASE_URL", "REDIS_URL")}
    world |= {"STATE_DIR": str(tmp_path), "MAILBOX_IMAP_URL": server.url("team"),
              "DJANGO_SETTINGS_MODULE": "privacyops.settings"}  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *LINES], cwd=ROOT, env=world, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        reference = child.stdout.readline().strip()
        for number in range(3):
            message = EmailMessage()
            message["From"], message["Message-ID"] = "ada@example.org", f"<{number}@x.example>"
            message["Subject"] = reference if number == 1 else "Hello"
            message.set_content(f"Number {number}")
            server.deliver("team", message)
        out, errors = child.communicate("go\n")
        assert child.returncode == 0, errors[-2000:]
        ends, states, messages = json.loads(out.splitlines()[-1])
        assert ends == dict.fromkeys(LINES, -signal.SIGKILL)
        assert states == ["draft", "draft", "matched"] and messages == 1
        assert server.seen("team") == (3, 3)
    finally:
        child.kill()
        server.stop()
