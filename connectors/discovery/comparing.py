"""What a survey shows that the description does not say, or says and the system does not have any more. Pure."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.discovery.drafting import Drafted
from connectors.discovery.guessing import UNSEEN, Guess
from connectors.discovery.tables import Table

NEW_TABLE, NEW_COLUMN, GONE_TABLE, GONE_COLUMN, CHANGED = (
    "new_table", "new_column", "gone_table", "gone_column", "changed"
)  # fmt: skip
WORTH_ASKING = 60  # in a table that was left out on purpose, only what looks more personal than that is asked about


@dataclass(frozen=True)
class Described:
    """What the inventory says of one collection: its fields, and whether it is left out of searches."""

    fields: Collection[str]
    skip: bool = False


@dataclass(frozen=True)
class Difference:
    """One place where schema and description differ. `fingerprint` changes when what was seen there does."""

    kind: str
    table: str
    column: str = ""
    suggestion: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    confidence: int = 100
    fingerprint: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """What makes it the same one tomorrow."""
        return self.kind, self.table, self.column


def differences(
    tables: Sequence[Table],
    described: Mapping[str, Described],
    drafted: Mapping[str, Drafted],
    before: Mapping[str, Table],
) -> list[Difference]:
    """All differences, by table and column. `before`: the tables of the survey that the description was last held against."""
    found: list[Difference] = []
    live = {one.name: one for one in tables}
    for name in sorted({*live, *described}):
        if name not in described:
            found.append(_new_table(live[name], drafted[name]))
        elif name not in live:
            if not described[name].skip:
                found.append(Difference(GONE_TABLE, name, evidence=("the system does not show it any more",)))
        else:
            found += _columns(live[name], described[name], drafted[name], before.get(name))
    return found


def _new_table(table: Table, draft: Drafted) -> Difference:
    row = draft.row
    personal = [one for one in draft.guesses.values() if one.personal]
    evidence = [f"{len(table.columns)} columns, {len(personal)} of them look personal"]
    if table.rows is not None:
        evidence.append(f"about {table.rows} rows")
    reasons = {name: [one.confidence, *one.evidence] for name, one in draft.guesses.items()}
    suggestion = {"collection": row, "reasons": reasons} | ({"further": draft.further} if draft.further else {})
    return Difference(
        NEW_TABLE, table.name, "", suggestion, (*evidence, *draft.notes), draft.confidence, table.fingerprint
    )


def _columns(table: Table, said: Described, draft: Drafted, before: Table | None) -> Iterator[Difference]:
    fields = {one["name"]: one for one in draft.row["fields"]}
    for column in table.columns:
        guess = draft.guesses[column.name]
        seen = _digest([column.name, column.shape])
        if column.name not in said.fields:
            if said.skip and not (guess.personal and guess.confidence >= WORTH_ASKING):
                continue
            row = fields.get(column.name, {"name": column.name})
            suggestion = {"field": row, "beside": _beside(row, fields.values())}
            yield Difference(NEW_COLUMN, table.name, column.name, suggestion, guess.evidence, _sure(guess), seen)
        old = before.column(column.name) if before is not None else None
        if old is not None and old.shape != column.shape and column.name in said.fields:
            words = f"it was {old.shape} and is {column.shape}; see whether its mask still fits"
            yield Difference(
                CHANGED, table.name, column.name, {"was": old.shape, "is": column.shape}, (words,), 100, seen
            )
    live = {one.name for one in table.columns}
    for name in sorted(set(said.fields) - live):
        # A field inside a document (`address.city`) is there as long as its column is.
        if not said.skip and name.partition(".")[0] not in live:
            yield Difference(GONE_COLUMN, table.name, name, evidence=("the table does not have it any more",))


def _beside(row: Mapping[str, Any], fields: Collection[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What other columns refer to in the keys of several columns that a column is part of."""

    def grouped(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [one for one in field.get("references", ()) if isinstance(one, Mapping) and one.get("group")]

    groups = {one["group"] for one in grouped(row)}
    found = [
        {"name": one["name"], "references": [each for each in grouped(one) if each["group"] in groups]}
        for one in fields
        if one["name"] != row["name"]
    ]
    return [one for one in found if one["references"]]


def _sure(guess: Guess) -> int:
    """How sure the suggestion is; that nothing speaks for personal data is a weak reason to say there is none."""
    return guess.confidence if guess.personal else UNSEEN


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
