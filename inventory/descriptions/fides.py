"""Dataset files of Fides as a description of ours. What the format is stands in docs/inventory.md.

Several files are one import: references may cross them. What Fides cannot say (titles, purposes, whose value it is ...) stays
as the inventory has it. Everything that is not read is told with file, line and path.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.refusal import Refused
from inventory.descriptions import fides_links
from inventory.descriptions.checks import faults
from inventory.descriptions.fides_categories import NAMES, above, is_personal, is_sensitive
from inventory.descriptions.fides_fields import Table, table
from inventory.descriptions.fides_keys import FIDES_KEY, NESTING, our_key
from inventory.descriptions.fides_reading import Reading
from inventory.descriptions.keys import Fault, in_order, titled
from inventory.descriptions.lines import Row, listed, parse, row, rows
from subjects.identifiers import NORMAL_FORMS

PARTS = ("dataset", "system", "data_category")
ENDINGS = (".yml", ".yaml")


@dataclass(frozen=True)
class Fides:
    """What was read: a description to be loaded, and what somebody should know before."""

    data: Row
    notes: tuple[Fault, ...]


def files_of(path: Path) -> list[tuple[str, str]]:
    """(name, text) of a file, or of every YAML file in a folder and below, in order. Raises OSError, Refused if none."""
    if not path.is_dir():
        return [(path.name, path.read_text(encoding="utf-8"))]
    found = sorted(one for one in path.rglob("*") if one.suffix in ENDINGS and one.is_file())
    if not found:
        raise Refused(f"{path.name}: there is no .yml or .yaml file in this folder.", code="description")
    return [(str(one.relative_to(path)), one.read_text(encoding="utf-8")) for one in found]


def is_fides(data: Mapping[str, Any]) -> bool:
    """Whether a mapping looks like a Fides file and not like ours."""
    return any(key in data for key in PARTS) and "systems" not in data


def read_fides(
    files: Iterable[tuple[str, str]], held: Mapping[str, Any], *, system: str = "", lenient: bool = False
) -> Fides:
    """The datasets of these (name, text) files as one description. `held`: the inventory's picture; `system`: the key of
    the system that datasets belong to, if no file says it.

    Raises Refused with every fault, each with file, line and path.
    """
    reading = Reading(set(NAMES) | {one["key"] for one in rows(held.get("categories"))}, lenient)
    parts = _parts(reading, files)
    own = _own_categories(reading, parts["data_category"])
    datasets, tables = [], list[Table]()
    before = {one["key"]: one for each in rows(held.get("systems")) for one in rows(each.get("datasets"))}
    names = {str(one.get("fides_key")): our_key(str(one.get("fides_key"))) for one in parts["dataset"]}
    for raw in parts["dataset"]:
        made, its = _dataset(reading, raw, before, names)
        datasets.append((raw, made))
        tables += its
    keys = fides_links.Keys(tables, held)
    fides_links.link(reading, tables, keys)
    for one in tables:
        _finish(reading, one, keys)
    systems = _systems(reading, parts["system"], datasets, held, system)
    data = Row({"categories": _categories(reading, own, held), "systems": systems})
    listed(in_order([*reading.faults, *faults(data, [held])]))
    return Fides(data, tuple(in_order(reading.notes)))


def _parts(reading: Reading, files: Iterable[tuple[str, str]]) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {one: [] for one in PARTS}
    for name, text in files:
        data = parse(text, name)
        reading.keys(data, "file", "the file")
        for part, found in parts.items():
            found += reading.mappings(data, "the file", part)
    if not parts["dataset"] and not reading.faults:
        raise Refused("There is no dataset in these files: a Fides file has the key dataset.", code="description")
    return parts


def _own_categories(reading: Reading, given: list[Row]) -> dict[str, str]:
    own = {}
    for one in given:
        key = reading.text(one, "data_category", "fides_key", needed=True)
        own[key] = reading.text(one, f"data_category.{key}", "name") or titled(key.rpartition(".")[2])
    reading.known |= set(own)
    return own


def _dataset(
    reading: Reading, raw: Row, before: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[Row, list[Table]]:
    theirs = reading.text(raw, "dataset", "fides_key", needed=True) or "?"
    key = our_key(theirs)
    if not FIDES_KEY.fullmatch(theirs):
        reading.fault(raw, f"dataset.{theirs}", "fides_key", "holds letters, digits and _ . - < > only")
    elif key != theirs:
        reading.note(raw, theirs, "fides_key", f"its key here is {key}, because our paths are parted by dots")
    reading.keys(raw, "dataset", key)
    meta = reading.meta(raw, "dataset", key)
    if reading.names(raw, key, "data_categories"):
        reading.note(
            raw, key, "data_categories", "categories of a whole dataset are not used in a search; say it on fields"
        )
    held = before.get(key, {"name": titled(theirs)})
    kept = {each["name"]: each for each in rows(held.get("collections"))}
    its = [
        table(reading, one, key, kept.get(str(one.get("name"))))
        for one in reading.mappings(raw, key, "collections", needed=True)
    ]
    for one in its:
        for word in ("after", "erase_after"):
            one.row[word] = [_renamed(name, names) for name in one.row[word]]
    said: dict[str, Any] = {
        "key": key,
        "after": [names.get(one, our_key(one)) for one in reading.names(meta, key, "after")],
    }
    said |= {word: text for word in ("name", "description") if (text := reading.text(raw, key, word))}
    lines = {"key": raw.lines.get("fides_key", raw.line), "after": getattr(meta, "lines", {}).get("after", raw.line)}
    return row({**held, **said, "collections": [one.row for one in its]}, raw, lines), its


def _renamed(path: str, names: Mapping[str, str]) -> str:
    """`dataset.collection` with the dataset's key as ours; a key of Fides may hold dots itself."""
    for theirs in sorted(names, key=len, reverse=True):
        if path.startswith(f"{theirs}."):
            return f"{names[theirs]}{path[len(theirs) :]}"
    return path


def _finish(reading: Reading, one: Table, keys: fides_links.Keys) -> None:
    """What follows from the whole: inherited categories, keys and links that hold personal data, a missing key."""
    for name, each in one.fields.items():
        path, links = f"{one.path}.{name}", each.get("references") or []
        if each.get("identity") and each["identity"] not in NORMAL_FORMS:
            words = f"no request carries {each['identity']!r}; requests carry {', '.join(sorted(NORMAL_FORMS))}"
            reading.note(each, path, "identity", words)
        document = each.get("data_type") in NESTING
        plain = not each.get("primary_key") and not links and not document
        if one.inherited and plain and not each.get("category"):
            each["category"] = one.inherited
        if not each.get("category"):
            continue
        if each.get("primary_key") and not each.get("read_only"):
            each.pop("mask", None)
            each["read_only"] = True
            reading.note(
                each, path, "category", "a key is never masked: it is shown, and kept unless the row is deleted"
            )
        elif any(link["target"] in keys.whole for link in links) and each.get("mask") is None:
            each["mask"] = {"strategy": "preserve"}
            words = "it leads to another row, so it keeps its value (preserve) unless the row is deleted or anonymised"
            reading.note(each, path, "category", words)
    if not one.row.get("skip") and not any(each.get("primary_key") for each in one.fields.values()):
        words = "no field is the primary key, so a row cannot be told from others; mark one with fides_meta.primary_key"
        reading.odd(one.row, one.path, "", words, "it is left out of searches (skip) until a key is named")
        one.row["skip"] = True


def _systems(
    reading: Reading, given: list[Row], datasets: Sequence[tuple[Row, Row]], held: Mapping[str, Any], system: str
) -> list[Row]:
    """The datasets under their systems: as a file says, else the one that was named, else where they are already."""
    names = {one["key"]: one["name"] for one in rows(held.get("systems"))}
    homes = {one["key"]: each["key"] for each in rows(held.get("systems")) for one in rows(each.get("datasets"))}
    written: dict[str, Row] = {}
    said: dict[str, str] = {}
    for one in given:
        key = our_key(reading.text(one, "system", "fides_key", needed=True))
        written[key] = one
        reading.note(one, f"system.{key}", "", "its name, its description and its datasets are read, nothing else")
        declared = [each for each in rows(one.get("privacy_declarations")) if isinstance(each, Row)]
        for each in (one, *declared):
            said |= {our_key(name): key for name in reading.names(each, f"system.{key}", "dataset_references")}
    found: dict[str, Row] = {}
    for raw, made in datasets:
        key = said.get(made["key"]) or system or homes.get(made["key"], "")
        if not key:
            words = "no file says to which system it belongs; name its system on the desk, or with --system KEY"
            reading.fault(raw, f"dataset.{made['key']}", "", words)
            continue
        if key not in found:
            source = written.get(key, raw)
            values: dict[str, Any] = {"key": key, "name": names.get(key) or titled(key), "datasets": []}
            if key in written:
                values |= {word: text for word in ("name", "description") if (text := reading.text(source, key, word))}
            elif key not in names:
                reading.note(raw, f"system.{key}", "", "is new; say on the desk who runs it and where")
            found[key] = row(values, source)
        found[key]["datasets"].append(made)
    return list(found.values())


def _categories(reading: Reading, own: Mapping[str, str], held: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The categories that fields use, with those that cover them; names that the inventory has already stay."""
    named = {one["key"]: one["name"] for one in rows(held.get("categories"))}
    wanted = {each for key in {*reading.used, *own} for each in above(key) if is_personal(each)}
    found = []
    for key in sorted(wanted):
        one: dict[str, Any] = {"key": key, "name": named.get(key) or own.get(key) or NAMES.get(key)}
        one["name"] = one["name"] or titled(key.rpartition(".")[2])
        if key not in named:
            one["sensitive"] = is_sensitive(key)
        found.append(one)
    return found
