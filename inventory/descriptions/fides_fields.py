"""Collections and fields of a Fides dataset, as rows of our description. Nested fields become dotted names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.descriptions import fides_masks
from inventory.descriptions.fides_keys import IDENTITIES, NESTING, TYPES
from inventory.descriptions.fides_reading import Reading
from inventory.descriptions.keys import titled
from inventory.descriptions.lines import Row, row, rows

LONGEST_TITLE = 120


@dataclass
class Table:
    """A collection under way: its row, its fields by name, the references as written, what its fields inherit."""

    path: str
    row: Row
    fields: dict[str, Row] = field(default_factory=dict)
    references: list[tuple[Row, str]] = field(default_factory=list)  # (as written, our field's name)
    inherited: str = ""


def table(reading: Reading, raw: Row, dataset: str, held: Mapping[str, Any] | None) -> Table:
    """A collection with its fields, laid over what the inventory says of it already."""
    name = reading.text(raw, f"{dataset}.?", "name", needed=True) or "?"
    path = f"{dataset}.{name}"
    if "." in name:
        reading.fault(
            raw, path, "name", "a collection's name cannot hold a dot; name its schema in fides_meta.namespace"
        )
    reading.keys(raw, "collection", path)
    meta = reading.meta(raw, "collection", path)
    said: dict[str, Any] = {
        "name": name,
        "skip": reading.flag(meta, path, "skip_processing"),
        "after": reading.names(meta, path, "after"),
        "erase_after": reading.names(meta, path, "erase_after"),
    }
    if description := reading.text(raw, path, "description"):
        said["description"] = description
    override = meta.get("masking_strategy_override")
    if override is not None:
        _deleted(reading, meta, path, override, said)
    base = held or {"title": titled(name), "erase": "mask"}
    lines = {key: meta.lines.get(theirs, raw.line) for key, theirs in (("skip", "skip_processing"), ("after", "after"),
             ("erase_after", "erase_after")) if isinstance(meta, Row)}  # fmt: skip
    made = Table(path, row({**base, **said}, raw, lines))
    made.inherited = reading.category(raw, path)
    before = {one["name"]: one for one in rows(base.get("fields"))}
    for one, dotted in _walk(reading, raw, path, ""):
        if dotted in made.fields:
            reading.fault(one, path, "", f"the field {dotted!r} is there twice")
            continue
        made.fields[dotted] = _field(reading, one, path, dotted, before.get(dotted, {}), made)
    made.row["fields"] = list(made.fields.values())
    return made


def _deleted(reading: Reading, meta: Mapping[str, Any], path: str, override: Any, said: dict[str, Any]) -> None:
    name = override.get("strategy") if isinstance(override, Mapping) else override
    if name == "delete":
        said["erase"] = "delete"
        return
    words = f"a collection's override is {{strategy: delete}}, not {name!r}; other strategies stand on fields"
    reading.fault(meta, path, "masking_strategy_override", words)


def _walk(reading: Reading, raw: Row, path: str, above: str) -> Iterator[tuple[Row, str]]:
    """(as written, dotted name) of every field, a document before what is in it."""
    for one in reading.mappings(raw, f"{path}.{above}".rstrip("."), "fields", needed=not above):
        name = reading.text(one, f"{path}.{above or '?'}", "name", needed=True) or "?"
        if "." in name:
            words = "a field's name cannot hold a dot; write the part after it under fields"
            reading.fault(one, f"{path}.{above}{name}", "name", words)
        dotted = f"{above}{name}"
        yield one, dotted
        if one.get("fields"):
            yield from _walk(reading, one, path, f"{dotted}.")


def _field(reading: Reading, raw: Row, path: str, dotted: str, held: Mapping[str, Any], home: Table) -> Row:
    place = f"{path}.{dotted}"
    reading.keys(raw, "field", place)
    meta = reading.meta(raw, "field", place)
    said: dict[str, Any] = {"name": dotted, **_flags(reading, meta, place)}
    if title := reading.text(raw, place, "description"):
        if len(title) > LONGEST_TITLE:
            reading.note(raw, place, "description", f"a title has {LONGEST_TITLE} characters at most; it is cut")
        said["title"] = title[:LONGEST_TITLE]
    if category := reading.category(raw, place):
        said["category"] = category
    if kind := _type(reading, raw, meta, place):
        said["data_type"] = kind
    if meta.get("masking_strategy_override") is not None:
        said["mask"] = _mask(reading, meta, place)
    if meta.get("return_all_elements") and not str(said.get("data_type", "")).endswith("[]"):
        reading.fault(meta, place, "return_all_elements", "is for lists only: give the field a data_type with []")
    for one in reading.mappings(meta, place, "references"):
        home.references.append((one, dotted))
    kept = {key: value for key, value in held.items() if key != "references"}
    lines = {"mask": meta.lines.get("masking_strategy_override", raw.line)} if isinstance(meta, Row) else {}
    if isinstance(meta, Row):
        lines |= {
            key: meta.lines[key] for key in ("primary_key", "identity", "length", "references") if key in meta.lines
        }
    lines["category"] = raw.lines.get("data_categories", raw.line)
    return row({**kept, **said}, raw, lines)


def _flags(reading: Reading, meta: Mapping[str, Any], place: str) -> dict[str, Any]:
    identity = reading.text(meta, place, "identity")
    said: dict[str, Any] = {
        "identity": IDENTITIES.get(identity, identity),
        "read_only": reading.flag(meta, place, "read_only"),
        "every_element": reading.flag(meta, place, "return_all_elements"),
        "length": meta.get("length"),
    }
    if meta.get("primary_key") is not None:
        said["primary_key"] = reading.flag(meta, place, "primary_key")
    return said


def _type(reading: Reading, raw: Row, meta: Mapping[str, Any], place: str) -> str:
    given = reading.text(meta, place, "data_type")
    if given and given not in TYPES:
        reading.fault(meta, place, "data_type", f"there is no type {given!r}; there are {', '.join(sorted(TYPES))}")
    if not raw.get("fields"):
        return given
    if given and given not in NESTING:
        reading.fault(meta, place, "data_type", "a field with fields in it is an object or object[]")
    for key in ("identity", "primary_key", "references"):
        if meta.get(key):
            reading.fault(meta, place, key, "belongs on a field that holds a value, not on a document")
    return given or "object"


def _mask(reading: Reading, meta: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    key, override = "masking_strategy_override", meta["masking_strategy_override"]
    if not isinstance(override, Mapping) or set(override) - {"strategy", "configuration"}:
        reading.fault(meta, place, key, "must be a mapping with strategy and configuration")
        return None
    try:
        mask, changes = fides_masks.ours(override.get("strategy"), override.get("configuration"))
    except fides_masks.Unmaskable as error:
        reading.fault(meta, place, key, str(error))
        return None
    for words in changes:
        reading.note(meta, place, key, words)
    return mask
