"""Values on their way to and from an HTTP system: dotted names in JSON, placeholders, exact comparison."""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from connectors.alike import alike
from connectors.kinds.base import Key, Permanent
from connectors.kinds.http_spec import HOLE

MISSING = object()
STEPS = re.compile(r"[/\\]")


def dig(row: Any, name: str, place: str) -> Any:
    """What stands under a dotted name, MISSING if it is not there. Raises Permanent when the way there is no object."""
    for part in name.split(".") if name else ():
        if row is None:
            return None
        if not isinstance(row, Mapping):
            raise Permanent(
                "schema", f"{place}: the answer has no object on the way to {name}. Mend the description, then retry."
            )
        if part not in row:
            return MISSING
        row = row[part]
    return row


def held(row: Any, name: str, place: str) -> Any:
    """What a row holds in a field; what is not there is null."""
    found = dig(row, name, place)
    return None if found is MISSING else found


def put(row: dict[str, Any], name: str, value: Any) -> None:
    """Write a value under a dotted name, making the objects on the way."""
    *way, last = name.split(".")
    for part in way:
        if not isinstance(row.get(part), dict):
            row[part] = {}
        row = row[part]
    row[last] = value


def changes(row: Mapping[str, Any], new: Mapping[str, Any], how: str) -> dict[str, Any]:
    """The changed fields as JSON. `deep`: only themselves; `top`: each top-level object that holds one, as a whole."""
    made: dict[str, Any] = {}
    if how == "top":
        tops = {name.partition(".")[0] for name in new if "." in name}
        made = {top: deepcopy(row[top]) for top in tops if isinstance(row.get(top), dict)}
    for name, value in new.items():
        put(made, name, value)
    return made


def changed(row: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The whole row with the changed fields."""
    made = deepcopy(dict(row))
    for name, value in new.items():
        put(made, name, value)
    return made


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A template with its placeholders replaced. A placeholder is a whole value, so nothing is joined to it."""
    if isinstance(template, Mapping):
        return {key: filled(one, values) for key, one in template.items()}
    if isinstance(template, list):
        return [filled(one, values) for one in template]
    found = HOLE.fullmatch(template) if isinstance(template, str) else None
    return deepcopy(values[found[1]]) if found else template


def path(template: str, values: Mapping[str, Any], place: str) -> str:
    """A path with its placeholders replaced, percent-encoded. Raises Permanent for a value that could change the path."""

    def one(found: "re.Match[str]") -> str:
        text = written(values[found[1]])
        steps = {".", "..", ""} & set(STEPS.split(text))
        if steps or any(ord(sign) < 32 for sign in text):
            raise Permanent("key", f"{place}: a value cannot stand in a path. Describe the call with query or body.")
        return quote(text, safe="")

    return HOLE.sub(one, template)


def query(filled_in: Mapping[str, Any], join: str, place: str) -> str:
    """A query, percent-encoded; a list becomes the parameter repeated, or one text with `join` between."""
    pairs: list[tuple[str, str]] = []
    for name, value in filled_in.items():
        many = [written(one) for one in (value if isinstance(value, list) else [value])]
        if join and isinstance(value, list):
            if any(join in one for one in many):
                raise Permanent("key", f"{place}: a value holds the sign that joins values. Take {{value}} instead.")
            many = [join.join(many)]
        pairs += [(name, one) for one in many]
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def written(value: Any) -> str:
    """A value as a path or a query has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def text(value: Any, folded: bool = False) -> str | None:
    """A value for an exact comparison; None for what identifies nobody. 7 and "7" are the same, 7 and "007" are not."""
    if value is None or isinstance(value, bool | float | Mapping | list):
        return None
    found = str(int(value) if isinstance(value, Decimal) and value.is_finite() and value == int(value) else value)
    if not found.strip():
        return None
    return found.strip().lower() if folded else found


def meant(value: Any, folded: bool) -> str | None:
    """A value for a comparison with what another field holds: as `text`, and the two forms of a UUID are the same."""
    found = text(value, folded)
    return None if found is None else alike(found, folded)


def asking(values: Iterable[Any], folded: bool) -> list[Any]:
    """The values to ask for, without those that identify nobody; an address that another system wrote in capitals in small
    letters too.
    """
    asked = [one for one in values if text(one) is not None]
    return list(dict.fromkeys((*asked, *(text(one, True) for one in asked if folded))))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def key_of(row: Any, names: Sequence[str], place: str) -> Key:
    """A row's key. Raises Permanent when a part is missing, empty, or of a type that would not come back the same."""
    if not names:
        raise Permanent("schema", f"{place} has no key in its description. Name one, then retry.")
    key = tuple(dig(row, name, place) for name in names)
    for name, part in zip(names, key, strict=True):
        if part is MISSING:
            raise Permanent(
                "schema",
                f"{place}: the answer's rows come without {name}, their key. Mend the description, then retry.",
            )
        if not isinstance(part, int | str) or isinstance(part, bool) or text(part) is None:
            raise Permanent("key", f"{place} has a row whose key {name} is no number and no text. Choose another key.")
    return key


def day(value: Any) -> date | None:
    """The day of a text that begins with one."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
