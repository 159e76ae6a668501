"""The inventory as a table: CSV with one row per field, for spreadsheets.

`audit.sheet` keeps a cell from being a formula and reads it as it was meant.
Reading: what the table names is updated or added, nothing leaves. A column that is not in the table stays as it is; an
empty cell empties. The columns of a system, a dataset or a collection stand on each row of theirs and may not contradict
each other. Categories and purposes themselves are not in it: fields and collections name them.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from audit import sheet
from audit.refusal import Refused
from inventory.descriptions.cells import Words, read_cell, write_cell
from inventory.descriptions.checks import faults
from inventory.descriptions.keys import Fault, in_order, titled
from inventory.descriptions.lines import Row, listed, rows
from inventory.descriptions.picture import picture
from inventory.models import System

PLACE = ("system", "dataset", "collection", "field")
FIELD = (
    "title", "data_type", "category", "primary_key", "identity", "person", "attribute", "mask", "suppress", "restrict",
    "read_only", "length", "every_element", "references",
)  # fmt: skip
# Column of the table -> column of the collection, the dataset, the system.
COLLECTION = {
    "collection_title": "title", "purposes": "purposes", "erase": "erase", "erase_shared": "erase_shared",
    "keep_ground": "keep_ground", "keep_until": "keep_until", "dated_by": "dated_by", "in_package": "in_package",
    "skip": "skip", "after": "after", "erase_after": "erase_after",
}  # fmt: skip
DATASET = {"source": "source", "source_detail": "source_detail"}
SYSTEM = {"role": "role", "client": "client", "client_contact": "client_contact", "owner": "owner", "region": "region"}
COLUMNS = (*PLACE, *FIELD, *COLLECTION, *DATASET, *SYSTEM)
LEVELS = {"collection": COLLECTION, "dataset": DATASET, "system": SYSTEM}
KEPT = {"collection_title", "role"}  # what an empty cell does not empty
LONGEST_CELL = 200_000


def export_csv() -> str:
    """The whole inventory as CSV."""
    rows = [
        _cells(system, dataset, collection, field)
        for system in picture()["systems"]
        for dataset in system.get("datasets", [])
        for collection in dataset["collections"]
        for field in collection["fields"]
    ]
    return sheet.lines([COLUMNS, *rows])


def _cells(
    system: Mapping[str, Any], dataset: Mapping[str, Any], collection: Mapping[str, Any], field: Mapping[str, Any]
) -> Iterator[str]:
    yield from (system["key"], dataset["key"], collection["name"], field["name"])
    yield from (write_cell(name, field.get(name)) for name in FIELD)
    yield from (write_cell(column, collection.get(name)) for column, name in COLLECTION.items())
    yield from (write_cell(column, dataset.get(name)) for column, name in DATASET.items())
    whole = {"role": System.Role.CONTROLLER.value, **system}  # whose data it is stands there in words
    yield from (write_cell(column, whole.get(name)) for column, name in SYSTEM.items())


def read_csv(text: str, file: str, held: Mapping[str, Any]) -> Row:
    """The table as a description of the collections that it names, joined with what the inventory holds (`held`), checked.

    Raises Refused with every fault, each with file, line and column.
    """
    table = _Table(file, held)
    check, wrong = partial(_columns, file=file), partial(_wrong, file)
    for line, cells in sheet.table(text, check=check, wrong=wrong, longest=LONGEST_CELL):
        table.take(line, cells)
    listed(in_order(table.faults))
    data = table.description()
    listed(in_order(faults(data, [held])))
    return data


def _columns(given: list[str], file: str) -> None:
    unknown = [one for one in given if one not in COLUMNS]
    missing = [one for one in PLACE if one not in given]
    twice = sorted({one for one in given if given.count(one) > 1})
    said = []
    if missing:
        said.append(f"the column {missing[0]!r} is missing; each row needs {', '.join(PLACE)}")
    if unknown:
        said.append(f"{unknown[0]!r} is not a known column; known are {', '.join(COLUMNS)}")
    if twice:
        said.append(f"the column {twice[0]!r} is there twice")
    listed(f"{file}: line 1: {one}" for one in said)


def _wrong(file: str, line: int, words: str) -> Refused:
    return Refused(f"{file}: line {line}: {words}", code="description")


class _Table:
    """The rows of one file, laid over what the inventory holds."""

    def __init__(self, file: str, held: Mapping[str, Any]) -> None:
        self.file, self.faults = file, list[Fault]()
        self.systems: dict[str, Row] = {}
        self.collections: dict[tuple[str, str], Row] = {}
        self.said: dict[tuple[str, str], tuple[str, int]] = {}
        self.homes: dict[str, str] = {}
        self.held = {
            (dataset["key"], one["name"]): one
            for system in rows(held.get("systems"))
            for dataset in rows(system.get("datasets"))
            for one in rows(dataset.get("collections"))
        }
        self.datasets = {
            dataset["key"]: (system["key"], dataset)
            for system in rows(held.get("systems"))
            for dataset in rows(system.get("datasets"))
        }
        self.names = {row["key"]: row["name"] for row in rows(held.get("systems"))}
        self.seen: dict[tuple[str, str, str], int] = {}

    def row(self, values: Mapping[str, Any], line: int) -> Row:
        made = Row(values)
        made.file, made.line = self.file, line
        return made

    def fault(self, line: int, path: str, words: str) -> None:
        self.faults.append(Fault(f"{self.file}: line {line}", path, "", words))

    def take(self, line: int, cells: dict[str, str]) -> None:
        system, dataset, name, field = (cells[one].strip() for one in PLACE)
        if not (system and dataset and name and field):
            self.fault(line, "", f"each row needs {', '.join(PLACE)}")
            return
        path = f"{dataset}.{name}.{field}"
        first = self.seen.setdefault((dataset, name, field), line)
        if first != line:
            self.fault(line, path, f"is there twice, first in line {first}")
        home = self.homes.setdefault(dataset, system)
        if home != system:
            self.fault(line, path, f"the dataset {dataset!r} stands under {home!r} above and under {system!r} here")
        elif self.datasets.get(dataset, (system,))[0] != system:
            words = f"the dataset {dataset!r} is in the system {self.datasets[dataset][0]!r}, not in {system!r}"
            self.fault(
                line, path, f"{words}; a table moves no dataset: mend the key, or move it in our YAML or on the desk"
            )
        self.collection(line, system, dataset, name, cells)
        self.field(line, path, self.collections[dataset, name], field, cells)

    def collection(self, line: int, system: str, dataset: str, name: str, cells: dict[str, str]) -> None:
        if (dataset, name) not in self.collections:
            held = self.held.get((dataset, name), {"name": name, "title": titled(name)})
            fields = [self.row(one, line) for one in held.get("fields", [])]
            made = self.collections[dataset, name] = self.row({**held, "fields": fields}, line)
            self.place(system, dataset, line)["collections"].append(made)
        whole = self.place(system, dataset, line)
        self.shared(self.collections[dataset, name], "collection", f"{dataset}.{name}", cells, line)
        self.shared(whole, "dataset", f"datasets.{dataset}", cells, line)
        self.shared(self.systems[system], "system", f"systems.{system}", cells, line)

    def shared(self, row: Row, level: str, path: str, cells: dict[str, str], line: int) -> None:
        """The columns that all rows of a collection, a dataset or a system have in common."""
        for column, key in LEVELS[level].items():
            if column not in cells or (column in KEPT and not cells[column]):
                continue
            before, where = self.said.setdefault((path, column), (cells[column], line))
            if before != cells[column]:
                words = (
                    f"{column} is {cells[column]!r} here and {before!r} in line {where}; all rows of a {level} agree"
                )
                self.fault(line, path, words)
                continue
            self.put(row, key, column, cells[column], line, path)
            if level == "system":
                row.setdefault(key, None)  # of systems only what is said changes, so emptying is said

    def place(self, system: str, dataset: str, line: int) -> Row:
        """The dataset's row in the description to be."""
        if system not in self.systems:
            name = self.names.get(system) or titled(system)
            self.systems[system] = self.row({"key": system, "name": name, "datasets": []}, line)
        for one in self.systems[system]["datasets"]:
            if one["key"] == dataset:
                return one
        held = self.datasets.get(dataset, ("", {"key": dataset, "name": titled(dataset)}))[1]
        made = self.row({**held, "collections": []}, line)
        self.systems[system]["datasets"].append(made)
        return made

    def field(self, line: int, path: str, collection: Row, name: str, cells: dict[str, str]) -> None:
        row = next((one for one in collection["fields"] if one["name"] == name), None)
        if row is None:
            row = self.row({"name": name}, line)
            collection["fields"].append(row)
        row.line = line
        for column in FIELD:
            if column in cells:
                self.put(row, column, column, cells[column], line, path)

    def put(self, row: Row, key: str, column: str, cell: str, line: int, path: str) -> None:
        try:
            value = read_cell(column, cell)
        except Words as error:
            self.fault(line, path, f"{column}: {error}")
            return
        if column == "references" and value:
            value = [self.row(one, line) for one in value]
        if value is None:
            row.pop(key, None)
        else:
            row[key] = value

    def description(self) -> Row:
        return self.row({"systems": list(self.systems.values())}, 1)
