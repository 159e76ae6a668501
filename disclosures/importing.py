"""Disclosures from a file: what a line of it says. `audit.importing` reads it and reports what could not be taken."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TextIO

from audit import clients
from audit.actor import Actor
from audit.importing import lines
from disclosures import keyholders, reading, recording
from disclosures.models import Disclosure
from disclosures.reading import Item, Reader
from subjects import vault

NEEDED = ("kind", "identifier", "recipient", "categories", "disclosed_at")
OPTIONAL = ("purpose", "occasion")
COLUMNS = NEEDED + OPTIONAL
BETWEEN = ";"  # between the categories of a line


def load(given: str | Iterable[str], *, actor: Actor, report: TextIO | None = None) -> lines.Done:
    """Record the disclosures of a file. Raises Refused for one whose columns are wrong."""
    record = partial(
        recording.record_many, source=Disclosure.Source.IMPORT, actor=actor,
        client=clients.keyholder(keyholders.FILES), event="disclosures.imported",
    )  # fmt: skip
    item = partial(_item, reader=Reader())
    return lines.load(given, lines.Kind(NEEDED, COLUMNS, item, record, recording.MOST), report=report)


def _item(cells: Mapping[str, str], reader: Reader) -> Item:
    given: dict[str, Any] = dict(cells)
    said = "\x1f".join(f"{name}={given[name]}" for name in sorted(given) if given[name])
    given["identifier"] = {"kind": given.pop("kind"), "value": given["identifier"]}
    given["categories"] = [one.strip() for one in given["categories"].split(BETWEEN) if one.strip()]
    if not given["disclosed_at"]:
        raise reading.malformed("disclosed_at", "Say when it went over: 2026-05-01T12:00:00Z.")
    return reader.item({**given, "key": f"import:{vault.blind_index('disclosures', said)}"})
