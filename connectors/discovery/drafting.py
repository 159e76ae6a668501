"""A description made of a survey: collections with fields, links and what an erasure would do, each with its reasons. Pure.

What it may not do by itself is left to a person and said in a note: keeping the books, choosing between two ways to a row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.discovery.guessing import FACT, HIGH, UNSEEN, Guess, Seen
from connectors.discovery.linking import Link, Picture, owner, picture, several, whose
from connectors.discovery.tables import DATA_TYPES, Column, Table
from connectors.discovery.words import spoken, words
from inventory.descriptions.keys import titled

BOOKS = words(
    "order orders invoice invoices payment payments transaction transactions booking rechnung rechnungen zahlung "
    "zahlungen bestellung bestellungen pedido pedidos factura facturas pago pagos commande commandes facture "
    "paiement"
)
SUFFIX = "@erased.invalid"
GROUP = 40  # how long the name of a group may be
TOKEN_LENGTH = 17  # "erased-" and a whole number
ADVICE = "kept rows need erase: keep and keep_ground; if law keeps these, say so"


@dataclass
class Drafted:
    """One collection as a description says it, why each field is there (by name), and what a person should look at.

    `further`: of a table that is left out, the fields that look personal; they belong to it once somebody takes it in.
    """

    row: dict[str, Any]
    guesses: Mapping[str, Guess] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    further: list[dict[str, Any]] = field(default_factory=list)

    @property
    def skipped(self) -> bool:
        """Whether the table holds nothing about anybody."""
        return bool(self.row.get("skip"))

    @property
    def confidence(self) -> int:
        """Of the table: of its least sure personal column, mere facts aside; less when something is left to a person."""
        told = [one.confidence for one in self.guesses.values() if one.personal and not one.fact]
        weakest = min(told) if told else FACT if any(one.personal for one in self.guesses.values()) else UNSEEN
        return min(weakest, HIGH - 10) if self.notes else weakest


def draft(tables: Sequence[Table], seen: Seen, homes: Mapping[str, str]) -> dict[str, Drafted]:
    """The collections of a schema by table. `homes`: the dataset of each table, by which references name it."""
    found = picture(tables, seen)
    deleted = _deletable(found)
    return {name: _collection(found, name, name in deleted, homes) for name in sorted(found.tables)}


def _deletable(found: Picture) -> set[str]:
    """Tables whose rows can go: everything that refers to them goes with them, over a link that the search uses."""
    kept = set(found.tables) - found.reached
    able = {name for name in found.reached if not _root_of_others(found, name)}
    while True:
        bad = {
            one.table
            for name, table in found.tables.items()
            for one in table.foreign_keys
            if one.table in able
            and not one.guessed
            and (name in kept or name not in able or name == one.table or one not in _down(found, name))
        }
        if not bad:
            return able
        able -= bad


def _root_of_others(found: Picture, name: str) -> bool:
    return name in found.people and any(one.key.table == name for links in found.links.values() for one in links)


def _down(found: Picture, name: str) -> list[Any]:
    return [one.key for one in found.links[name] if one.way == "down"]


def _collection(found: Picture, name: str, deleted: bool, homes: Mapping[str, str]) -> Drafted:
    table, guesses = found.tables[name], found.guesses[name]
    row: dict[str, Any] = {"name": name, "title": _title(name)}
    if not _matters(found, name):
        row |= {"skip": True, "fields": [_field_of_key(one) for one in table.columns if one.name in table.primary_key]}
        further = _further(table, guesses, row["fields"])
        if further and not _personal_key(table, guesses):
            row["erase"] = "mask"  # should somebody take it in
        return Drafted(row, guesses, _passed_over(table, guesses), further)
    if not table.primary_key:
        row["skip"] = True
        fields = [_field_of_key(one) for one in table.columns[:1]]
        notes = ["it has no primary key, so its rows cannot be told apart"]
        return Drafted({**row, "fields": fields}, guesses, notes, _further(table, guesses, fields))
    keep_row = not deleted or bool(_personal_key(table, guesses))
    row["erase"] = "mask" if keep_row and not _personal_key(table, guesses) else "delete"
    fields = [_field(one, table, guesses[one.name], found, homes, row["erase"]) for one in table.columns]
    notes = [one.note for one in found.links[name] if one.note]
    if owner(found, name):
        notes.append(f"a row may be about several people: {', '.join(several(found, name))}")
    if spoken(name)[-1] in BOOKS:
        notes.append(ADVICE)
    if name not in found.reached:
        notes.append("it holds personal data, but no identifier and no reference leads to it")
    return Drafted({**row, "fields": fields}, guesses, notes)


def _passed_over(table: Table, guesses: Mapping[str, Guess]) -> list[str]:
    """Columns of a table that is left out although they look personal: somebody should look."""
    odd = [one.name for one in table.columns if guesses[one.name].personal]
    return [f"left out, because no identifier and no reference leads to it; look at {', '.join(odd)}"] if odd else []


def _further(table: Table, guesses: Mapping[str, Guess], fields: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    known = {one["name"] for one in fields}
    return [
        {"name": one.name, **_type(one), **said(one, guesses[one.name], table, "mask")}
        for one in table.columns
        if guesses[one.name].personal and one.name not in known
    ]


def _matters(found: Picture, name: str) -> bool:
    """Whether a table belongs into searches: personal data, or a step on the way to some."""
    if name in found.reached and (found.personal(name) or any(one.way for one in found.links[name])):
        return True
    return name in found.people and found.personal(name)


def _personal_key(table: Table, guesses: Mapping[str, Guess]) -> list[str]:
    return [one for one in table.primary_key if guesses[one].personal]


def _title(name: str) -> str:
    return titled(name.replace(".", " "))


def _field_of_key(column: Column) -> dict[str, Any]:
    return {"name": column.name, **_type(column), "primary_key": True}


def _type(column: Column) -> dict[str, Any]:
    return {"data_type": DATA_TYPES[column.kind]} if column.kind in DATA_TYPES else {}


def _field(
    column: Column, table: Table, guess: Guess, found: Picture, homes: Mapping[str, str], erase: str
) -> dict[str, Any]:
    """The field of a column."""
    row: dict[str, Any] = {"name": column.name, **_type(column)}
    if column.name in table.primary_key:
        row["primary_key"] = True
    links = [one for one in found.links[table.name] if one.way]
    references = _references(column, links, homes)
    if references:
        row["references"] = references
    person = whose(found, table.name, column.name) if guess.personal else ""
    row |= said(column, guess, table, "mask" if person else erase)
    if person:
        row["person"] = person
    return row


def said(column: Column, guess: Guess, table: Table, erase: str) -> dict[str, Any]:
    """What a guess makes of a field: its category, whether it is a start of the search, and what an erasure writes."""
    row: dict[str, Any] = {}
    if guess.category:
        row["category"] = guess.category
    if guess.identity:
        row["identity"] = guess.identity
    if guess.attribute and guess.confidence >= 80:
        row["attribute"] = guess.attribute
    if not guess.personal or column.name in table.primary_key:
        return row
    return row | masked(column, guess, table, erase)


def masked(column: Column, guess: Guess, table: Table, erase: str) -> dict[str, Any]:
    """The mask of a field, or nothing where the engine's own default is right: null, or words for a text. A mere fact
    stays with a row that stays: without the person it says nothing of anybody.
    """
    if guess.fact and erase != "delete":
        return {"read_only": True}
    together = any(column.name in one for one in table.unique)
    if column.kind in ("text", "other", "json"):
        if column.kind == "json":
            return (
                {"mask": {"strategy": "fixed", "value": "{}"}} if _plain_text(column) else _empty_or_kept(column, erase)
            )
        if guess.secret and not together:
            return {"mask": {"strategy": "null"} if column.nullable else {"strategy": "fixed", "value": "!"}}
        if column.unique or together:
            return {"mask": _token(column, guess)}
        return {} if column.kind == "text" else _empty_or_kept(column, erase)
    return _empty_or_kept(column, erase)


def _plain_text(column: Column) -> bool:
    return column.kind == "json" and not column.type.startswith("json")


def _token(column: Column, guess: Guess) -> dict[str, Any]:
    room = column.length or 255
    if guess.category == "contact.email" and room >= TOKEN_LENGTH + len(SUFFIX):
        return {"strategy": "token", "suffix": SUFFIX}
    return {"strategy": "token"}


def _empty_or_kept(column: Column, erase: str) -> dict[str, Any]:
    """What is no text becomes empty where it may; else it stays, and goes only with its row."""
    return {} if column.nullable or erase == "delete" else {"read_only": True}


def _references(column: Column, links: Sequence[Link], homes: Mapping[str, str]) -> list[Any]:
    found: list[Any] = []
    for one in links:
        key = one.key
        for mine, theirs in zip(key.columns, key.target, strict=True):
            if mine != column.name:
                continue
            target = f"{homes[key.table]}.{key.table}.{theirs}"
            group = {"group": _group(key.columns)} if len(key.columns) > 1 else {}
            way = {"direction": "up"} if one.way == "up" else {}
            found.append({"target": target, **way, **group} if way or group else target)
    return found


def _group(columns: Sequence[str]) -> str:
    """The name of a key of several columns: another for each key, also where the names are long."""
    name = "-".join(columns)
    return name if len(name) <= GROUP else f"{name[: GROUP - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
