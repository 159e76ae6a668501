"""One door for files of every kind: what the command and the desk's page call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from inventory.descriptions import whose
from inventory.descriptions.checks import faults
from inventory.descriptions.fides import is_fides, read_fides
from inventory.descriptions.keys import in_order
from inventory.descriptions.lines import Row, listed, parse, rows
from inventory.descriptions.loading import load
from inventory.descriptions.picture import picture
from inventory.descriptions.table import read_csv

Files = Sequence[tuple[str, str]]


@dataclass
class Brought:
    """What files held, what somebody should look at, and whether it was written."""

    written: bool
    collections: int = 0
    fields: int = 0
    notes: list[str] = field(default_factory=list)


def kind_of(files: Files) -> str:
    """csv, fides or own, by the files' names and their first keys. Raises Refused for files of several kinds."""
    kinds = {_kind(name, text) for name, text in files}
    if len(kinds) != 1:
        raise Refused("Bring in files of one kind at a time: our YAML, CSV, or Fides datasets.", code="description")
    return kinds.pop()


def _kind(name: str, text: str) -> str:
    if name.lower().endswith(".csv"):
        return "csv"
    return "fides" if is_fides(parse(text, name)) else "own"


def bring(
    files: Files, *, actor: Actor, kind: str = "", system: str = "", lenient: bool = False, check: bool = False
) -> Brought:
    """Read, check and load files as one description; with `check` nothing is written, and all that would be told is.

    Raises Refused with every fault, each with file, line and path; then nothing is written either.
    """
    held = picture()
    data, notes = _read(files, kind or kind_of(files), held, system, lenient)
    with log.atomic(apart=True):
        done = load(data, actor=actor)
        if check:
            transaction.set_rollback(True)
    return Brought(not check, done.collections, done.fields, [*whose.changes(data, held), *notes, *done.notes])


def _read(files: Files, kind: str, held: Mapping[str, Any], system: str, lenient: bool) -> tuple[Row, list[str]]:
    if kind == "fides":
        found = read_fides(files, held, system=system, lenient=lenient)
        return found.data, list(map(str, found.notes))
    if kind == "csv":
        tables = [read_csv(text, name, held) for name, text in files]
        data = _together(tables)
        return data, list(whose.made(data, held))
    described = [parse(text, name) for name, text in files]
    for one in described:
        listed(in_order(faults(one, [held, *(each for each in described if each is not one)])))
    return _together(described), []


def _together(several: Sequence[Mapping[str, Any]]) -> Row:
    return Row({part: [row for one in several for row in rows(one.get(part))]
                for part in ("categories", "purposes", "systems")})  # fmt: skip
