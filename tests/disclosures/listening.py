"""The receiver's process of these tests, and what it got."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from disclosures import channels
from disclosures.models import Channel, Recipient
from tests.disclosures.builders import recipient

PROGRAM = Path(__file__).with_name("receiver.py")


class Receiver:
    """A recipient's webhook, looked at through its folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}/notices"

    def clear(self) -> None:
        """As on the first day: well, and empty."""
        self.mood()
        (self.folder / "secrets").write_text("")
        (self.folder / "calls.jsonl").write_text("")
        with sqlite3.connect(self.folder / "inbox.sqlite3") as db:
            db.execute("DELETE FROM inbox")

    def mood(self, **facts: Any) -> None:
        """How it answers from now on: status, headers, body, sleep; nothing: as a good receiver does."""
        (self.folder / "mood").write_text(json.dumps(facts))

    def trusts(self, *secrets: str) -> None:
        (self.folder / "secrets").write_text(" ".join(secrets))

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def inbox(self) -> list[dict[str, Any]]:
        """The messages that it carried out."""
        with sqlite3.connect(self.folder / "inbox.sqlite3") as db:
            return [json.loads(one) for (one,) in db.execute("SELECT body FROM inbox")]

    def channel(self, key: str = "adnet", *, names: str = "email", path: str = "", **more: Any) -> Channel:
        """A recipient of everyone's contact data that is told here."""
        row = recipient(key, "contact", receives_everyone=True, **more)
        made = Channel(recipient=row, kind="webhook", address=self.url + path, names=names)
        channels.equip(made)
        made.save()
        self.trusts(*(str(one.secret) for one in Channel.objects.filter(kind="webhook")))
        return made


@contextmanager
def listening(folder: Path) -> Iterator[Receiver]:
    """The process, ended afterwards."""
    (folder / "mood").write_text("{}")
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(folder), "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Receiver(folder, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()


def by(way: str, key: str, names: str = "email", **more: Any) -> Recipient:
    """A recipient of everyone's contact data that is told by another way."""
    row = recipient(key, "contact", receives_everyone=True)
    made = Channel(recipient=row, kind=way, names=names, **more)
    channels.equip(made)
    made.save()
    return row
