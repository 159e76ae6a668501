"""One deletion and those who must be told: through a receiver's bad day and a killed worker, each is told once in effect."""

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import free_ports
from tests.faults.house import ROOT, House, Sink

RECEIVER = ROOT / "tests" / "disclosures" / "receiver.py"


class Busy(Sink):
    """A mail server that is too busy the first time."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.refuse, came = False, self.refuse
        return "451 busy, come back later" if came else await super().handle_DATA(server, session, envelope)


class Story:
    """The house, the receiver's process, and the log that is read by people afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.house = folder, House(folder, free_ports())
        self.house.env |= {"OUTGOING_NETWORKS": "127.0.0.0/8", "LOG_LEVEL": "WARNING"}
        self.house.sink = Busy()
        self.house.sink.refuse = True
        self.receiver: subprocess.Popen[str] | None = None

    def start(self) -> str:
        (self.folder / "mood").write_text("{}")
        self.receiver = subprocess.Popen(
            [sys.executable, str(RECEIVER), str(self.folder), "0"], stdout=subprocess.PIPE, text=True
        )
        assert self.receiver.stdout is not None
        return f"http://127.0.0.1:{int(self.receiver.stdout.readline())}/notices"

    def run(self, *words: str, failpoints: str = "", dies: bool = False) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.telling", *words], cwd=ROOT, capture_output=True, text=True, timeout=300,
            env={**self.house.env, **({"FAILPOINTS": failpoints} if failpoints else {})},
        )  # fmt: skip
        if dies:
            assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
            return None
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        assert done.returncode == 0 and lines, done.stderr[-3000:]
        return json.loads(lines[-1][7:])

    def calls(self) -> list[dict[str, Any]]:
        """What came to the receiver, by its own log."""
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def inbox(self) -> list[str]:
        """What the receiver did, by its own table."""
        with sqlite3.connect(self.folder / "inbox.sqlite3") as db:
            return [one for (one,) in db.execute("SELECT id FROM inbox")]

    def end(self) -> None:
        self.house.stop_mail()
        if self.receiver is not None:
            self.receiver.kill()
            self.receiver.wait(timeout=10)


@pytest.fixture
def story(tmp_path: Path):
    one = Story(tmp_path)
    yield one
    one.end()


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_bad_day_and_a_killed_worker_lose_nothing_and_do_nothing_twice(story: Story) -> None:
    address = story.start()
    story.house.start_mail()
    bad = story.run("bad_day", str(story.house.database), address, str(story.folder))
    assert bad["states"] == {"adnet": "queued", "jobboard": "queued", "mailer": "sent", "ministry": "handed"}
    assert story.inbox() == [] and {"500", "503", "429", "timeout", "502"} <= {one["code"] for one in bad["tries"]}

    # The worker is killed between the receiver's answer and our mark.
    story.run("send", str(story.folder), bad["over"], failpoints="notice.after_send=kill", dies=True)
    assert len(story.inbox()) == 1
    end = story.run("rest", str(story.folder), bad["over"])
    assert [one["code"] for one in end["half"]["tries"]][-1] == "" and end["half"]["told"] == 1
    assert end["seen"] == "anna.fault@people.example"

    # None lost: everybody was told, the request is closed, the chain of events holds.
    assert end["states"] == {"adnet": "sent", "jobboard": "sent", "mailer": "sent", "ministry": "acknowledged"}
    assert end["request"] == "closed" and end["told"] == 4 and end["chain"] == []
    # Once in effect: by the receiver's own table, though the message came to it twice.
    hooks = {end["ids"][key][0] for key in ("adnet", "jobboard")}
    assert sorted(story.inbox()) == sorted(hooks)
    assert Counter(one["effect"] for one in story.calls() if one["mood"] == "well") == {"done": 2, "had it": 1}
    assert {one["id"] for one in story.calls()} == hooks, "the same id at every try"
    assert story.house.sink.ids.count(end["ids"]["mailer"][1]) == 1  # beside the letters to Anna
    # Our log and theirs agree: a row for each call, also for the one that we never heard of.
    ours = [one for one in end["tries"] if one["way"] == "webhook"]
    assert len(ours) == len(story.calls()) and sum(one["code"] == "" for one in ours) == 1
    written = story.folder / "log.txt"
    written.write_text(readable(end["tries"]))
    if target := os.environ.get("TELLING_LOG"):
        Path(target).write_text(written.read_text())
    check_waits(ours)
    assert not [one for one in end["tries"] if "anna" in one["said"] or "4711" in one["said"]]


def check_waits(tries: list[dict[str, Any]]) -> None:
    """Pauses grow to an hour and no further, and what the receiver asked for is kept."""
    for key in {one["notice"] for one in tries}:
        own = [one for one in tries if one["notice"] == key]
        for one, following in itertools.pairwise(own):
            gap = (datetime.fromisoformat(following["at"]) - datetime.fromisoformat(one["at"])).total_seconds()
            if one["wait"]:
                assert one["code"] in ("429", "503") and gap >= one["wait"] - 1
            elif one["code"] and following["verdict"] == "later":
                assert gap <= 3600 + 30
        assert 25 <= len(own) <= 80, "tried all day, and not without end"


def readable(tries: list[dict[str, Any]]) -> str:
    """The log as a page of the documentation shows it."""
    start = datetime.fromisoformat(tries[0]["at"])
    lines = []
    for one in tries:
        minutes = round((datetime.fromisoformat(one["at"]) - start).total_seconds() / 60)
        wait = f", asks for {one['wait'] // 60} min" if one["wait"] else ""
        said = f"  «{one['said']}»" if one["said"] else ""
        code = one["code"] or "(never heard: killed)"
        what = f"{code}{wait}"
        at = f"+{minutes // 60:02}:{minutes % 60:02}"
        lines.append(f"{at}  {one['recipient']:<9} {one['way']:<8} {what:<26} {one['verdict']}{said}")
    return "\n".join(line.rstrip() for line in lines) + "\n"
