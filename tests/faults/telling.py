"""One deletion and those who must be told of it, through a simulated day. One command a process, JSON out.

python -m tests.faults.telling bad_day | send | rest
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults import driver  # first: it sets Django up

# isort: split
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from audit import log as events
from audit.models import Event
from disclosures import channels, errands, hooking, notices
from disclosures.models import Attempt, Channel, Errand, Notice, Recipient
from privacyops import headless
from requests_app import intake
from requests_app.models import Request

hooking.SECONDS = 0.4  # type: ignore[misc]  # a slow receiver is slow for this long
HOURS = 24
# Until which hour the receiver is how.
DAY: tuple[tuple[float, dict[str, Any]], ...] = (
    (4, {"name": "broken", "status": 500, "body": "Traceback for anna.fault@people.example, customer 4711 0815"}),
    (6, {"name": "busy, a date", "status": 503, "headers": {"Retry-After": "DATE"}}),
    (14, {"name": "too many, two hours", "status": 429, "headers": {"Retry-After": "7200"}}),
    (20, {"name": "slow", "sleep": 1.5}),
    (HOURS, {"name": "bad gateway", "status": 502}),
)
WELL = {"name": "well"}


def bad_day(database: str, address: str, folder: str) -> dict[str, Any]:
    """The deletion, and the day after it."""
    call_command("migrate", verbosity=0)
    erase(database, address, folder)
    return {"over": day(folder), **log()}


def rest(folder: str, moment: str) -> dict[str, Any]:
    """A worker that lives: two hours later what the dead one had, then what else is due, then the task by hand."""
    half = log()
    later = send(folder, send(folder, moment, "2"), "2")
    return {"half": half, "seen": by_hand(later), **log()}


def erase(database: str, address: str, folder: str) -> str:
    """The company, four recipients with their ways, and Anna's deletion, decided by two colleagues; its reference."""
    driver.setup(database)
    contact = list(Recipient.objects.get(key="adnet").categories.all())
    for key, kind, names in (
        ("adnet", "webhook", "sha256"), ("jobboard", "webhook", "email"), ("ministry", "desk", "email"),
    ):  # fmt: skip
        values = {"name": key.title(), "role": "controller", "contact": f"{key}@recipient.example", "country": "DE"}
        row, _ = Recipient.objects.get_or_create(
            key=key, defaults=values | {"receives_everyone": True, "kind": "Partner"}
        )
        row.categories.set(contact)
        channel = Channel(recipient=row, kind=kind, names=names, address=address, how="Use the form on their site.")
        channels.equip(channel)
        channel.save()
    hooks = Channel.objects.filter(kind="webhook")
    Path(folder, "secrets").write_text(" ".join(str(one.secret) for one in hooks))
    mood(folder, DAY[0][1], timezone.now())
    who = headless.Colleagues(User.objects.get(username="jonas"), User.objects.get(username="maya"))
    mail = driver.company.PEOPLE["anna"]
    wish = intake.Submission(right="delete", email=mail, name="Anna Faultproof", residence="DE")
    return headless.run(wish, who, seconds=60).reference


def mood(folder: str, one: dict[str, Any], at: datetime) -> None:
    """How the receiver is from now on, and what its clock says."""
    at_last = (at + timedelta(minutes=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    text = json.dumps(one).replace("DATE", at_last)
    Path(folder, "mood.new").write_text(text)
    Path(folder, "mood.new").rename(Path(folder, "mood"))
    Path(folder, "clock").write_text(str(at.timestamp()))


def day(folder: str) -> str:
    """From try to try until the day is over, as the sweep does it; the moment at which it ended."""
    start = Notice.objects.order_by("queued_at").values_list("queued_at", flat=True)[0]
    end, moment = start + timedelta(hours=HOURS), start
    while True:
        due = Notice.objects.filter(state="queued").order_by("next_try_at").values_list("next_try_at", flat=True)[0]
        moment = max(due or moment, moment) + timedelta(seconds=1)
        if moment >= end:
            break
        hour = (moment - start).total_seconds() / 3600
        mood(folder, next(one for until, one in DAY if hour < until), moment)
        assert _send(moment), list(Notice.objects.values("state", "next_try_at", "lease_until", "attempts"))
    mood(folder, WELL, moment)
    return moment.isoformat()


def send(folder: str, moment: str, hours: str = "0") -> str:
    """What a worker does at a moment: everything that can be sent then. The moment it was."""
    at = datetime.fromisoformat(moment) + timedelta(hours=float(hours))
    Path(folder, "clock").write_text(str(at.timestamp()))
    _send(at)
    return at.isoformat()


def _send(moment: datetime) -> int:
    """How many notices were due."""
    with time_machine.travel(moment, tick=True):
        due = notices.waiting(timezone.now())
        for pk in due:
            notices.send(pk)
    return len(due)


def by_hand(moment: str) -> str:
    """Jonas takes the task, looks whom it is about, and signs it off; what he saw."""
    jonas, errand = User.objects.get(username="jonas"), Errand.objects.select_related("notice__recipient").get()
    with time_machine.travel(datetime.fromisoformat(moment), tick=True):
        errands.take(errand, by=jonas)
        seen = errands.reveal(errand, by=jonas)
        errands.sign(errand, by=jonas, answer="done", note="Done on their site.")
        for request in Request.objects.filter(state="notifying"):
            driver.advance_request(str(request.pk))
    return seen


def log() -> dict[str, Any]:
    """All that was tried, and where everything stands."""
    rows = Attempt.objects.select_related("notice__recipient").order_by("begun_at", "number")
    tries = [
        {"notice": str(one.notice_id), "recipient": one.notice.recipient.key, "at": one.begun_at.astimezone(UTC).isoformat(),
         "way": one.way, "code": one.code, "verdict": one.verdict, "ms": one.ms, "wait": one.wait_seconds, "said": one.said}
        for one in rows
    ]  # fmt: skip
    states = {one.recipient.key: one.state for one in Notice.objects.select_related("recipient")}
    told = Event.objects.filter(name="recipient.told").count()
    request = Request.objects.get()
    return {
        "tries": tries, "states": states, "told": told, "request": request.state, "chain": list(events.faults()),
        "ids": {one.recipient.key: [str(one.pk), one.message_id] for one in Notice.objects.select_related("recipient")},
    }  # fmt: skip


if __name__ == "__main__":
    commands = {"bad_day": bad_day, "send": send, "rest": rest}
    print("RESULT " + json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
