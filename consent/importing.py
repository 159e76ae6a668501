"""Choices from a file: what a line of it says. `audit.importing` reads it and reports what could not be taken."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TextIO

from audit import clients
from audit.actor import Actor
from audit.importing import lines
from consent import reading, recording
from consent.models import Choice
from consent.recording import Item
from subjects import vault

NEEDED = ("kind", "identifier", "purpose", "granted", "chosen_at")
OPTIONAL = ("expires_at", "words", "language", "region", "signal", "confirmed")
COLUMNS = NEEDED + OPTIONAL
TRUE, FALSE = {"yes", "true", "1", "y"}, {"no", "false", "0", "n"}
HOLDER = "Import of choices"


def load(given: str | Iterable[str], *, actor: Actor, report: TextIO | None = None) -> lines.Done:
    """Record the choices of a file. Raises Refused for one whose columns are wrong."""
    record = partial(
        recording.record_many, source=Choice.Source.IMPORT, actor=actor, client=clients.keyholder(HOLDER),
        event="choices.imported",
    )  # fmt: skip
    return lines.load(given, lines.Kind(NEEDED, COLUMNS, _item, record, recording.MOST), report=report)


def _item(cells: Mapping[str, str]) -> Item:
    given: dict[str, Any] = {name: cell or None for name, cell in cells.items()}
    given["identifier"] = {"kind": given.pop("kind"), "value": given["identifier"]}
    given["granted"] = _flag("granted", given["granted"])
    for name in ("signal", "confirmed"):
        if given.get(name) is not None:
            given[name] = _flag(name, given[name])
    if given["chosen_at"] is None:
        raise reading.refused("chosen_at", "Say when the person chose: 2026-05-01T12:00:00Z.")
    said = "\x1f".join(f"{name}={given.get(name)}" for name in sorted(given))
    return reading.item({**given, "key": f"import:{vault.blind_index('import', said)}"})


def _flag(name: str, cell: str | None) -> bool:
    text = (cell or "").lower()
    if text not in TRUE | FALSE:
        raise reading.refused(name, "Write yes or no.")
    return text in TRUE
