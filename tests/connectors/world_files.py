"""The contract's world in files: CSV and JSON lines in a folder."""

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import yaml

from connectors.kinds import base
from connectors.models import Connection
from tests.connectors.contract import ROWS, Row, World, by_key

NOBODY = 65534
WHOLE = {"id", "points", "sender", "recipient", "person", "stars"}


def to_csv(rows: Sequence[Row]) -> bytes:
    """As a spreadsheet would write it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def to_jsonl(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def from_csv(content: bytes) -> list[Row]:
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";")
    return [
        {name: (int(cell) if name in WHOLE and cell else cell or None) for name, cell in row.items()} for row in rows
    ]


def from_jsonl(content: bytes) -> list[Row]:
    return [json.loads(line) for line in content.decode().splitlines()]


class Disk(World):
    """A folder of this machine; each collection in two files."""

    form: ClassVar[str]
    lacks = {"credentials": "a folder has none"}

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        if not hasattr(self, "root"):
            # Not under pytest's own folder, which nobody but its owner may enter.
            self.root = Path(tempfile.mkdtemp(prefix="privacyops-files-"))
            self.root.chmod(0o755)
        for name, some in rows.items():
            half = max(1, len(some) // 2)
            for turn, part in enumerate((some[:half], some[half:])):
                self.store(f"{name}-{turn}.{self.form}", (to_csv if self.form == "csv" else to_jsonl)(part))

    def store(self, name: str, content: bytes) -> None:
        (self.root / name).write_bytes(content)

    def stored(self, name: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.root.glob(f"{name}-*"))]

    def description(self) -> dict[str, Any]:
        more = {"delimiter": ";"} if self.form == "csv" else {}
        return {"collections": {name: {"files": f"{name}-*.{self.form}", **more} for name in ROWS}}

    def address(self) -> str:
        return f"file://{self.root}"

    def kind(self) -> base.Kind:
        return self.opened(self.address())

    def opened(self, address: str) -> base.Kind:
        return base.open_kind(Connection(kind="files", address=address, described=yaml.safe_dump(self.description())))

    def rows(self, name: str) -> list[Row]:
        read = from_csv if self.form == "csv" else from_jsonl
        return by_key(name, [row for content in self.stored(name) for row in read(content)])

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        if what == "missing":
            for path in self.root.glob("people-*"):
                path.unlink()
            yield self.kind
        elif what == "away":
            moved = self.root.rename(self.root.with_suffix(".away"))
            yield self.kind
            moved.rename(self.root)
        else:
            self.root.chmod(0o555)
            root = os.geteuid() == 0
            try:
                if root:  # for whom no right is missing
                    os.seteuid(NOBODY)
                yield self.kind
            finally:
                if root:
                    os.seteuid(0)
                self.root.chmod(0o755)

    def close(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)


class Csv(Disk):
    """Semicolons between, as a spreadsheet does here."""

    name, form = "files-csv", "csv"


class JsonLines(Disk):
    """One object a line."""

    name, form = "files-jsonl", "jsonl"


WORLDS = [Csv, JsonLines]
