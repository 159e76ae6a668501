"""One value of a field or collection as the text of one cell, and back. Pure."""

import json
from typing import Any

from inventory import storable

TRUE = {"true", "yes", "y", "1", "x", "wahr", "vrai"}
FALSE = {"false", "no", "n", "0", "falsch", "faux"}
FLAGS = {"primary_key", "read_only", "every_element", "in_package", "skip"}
JSONS = {"mask", "suppress", "restrict"}
NUMBERS = {"length"}
LISTS = {"purposes", "after", "erase_after"}
MARKS = ("|", ";", "\n")
LONGEST_NUMBER = 30


class Words(ValueError):
    """What is wrong with a cell, in words."""


def _strategy_first(part: tuple[str, Any]) -> tuple[bool, str]:
    return part[0] != "strategy", part[0]


def write_cell(column: str, value: Any) -> str:
    """The cell of a value; "" for one that is at its default."""
    if value is None:
        return ""
    if column in FLAGS:
        return "true" if value else "false"
    if column in JSONS:
        # Named parts in one order on every database: PostgreSQL keeps them in one of its own.
        return json.dumps(
            dict(sorted(value.items(), key=_strategy_first)) if isinstance(value, dict) else value, ensure_ascii=False
        )
    if column == "references":
        return _references(value)
    if column in LISTS:
        return _names(value)
    return str(value)


def read_cell(column: str, cell: str) -> Any:
    """The value of a cell; None for an empty one. Raises Words."""
    text = cell.strip()
    if not text:
        return None
    if column in FLAGS:
        if text.lower() in TRUE | FALSE:
            return text.lower() in TRUE
        raise Words(f"must be true or false, not {text!r}")
    if column in JSONS:
        return _json(text, '{"strategy": "null"}' if column == "mask" else '{"value": false}')
    if column in NUMBERS:
        digits = text.removesuffix(".0")
        if not digits.isdecimal() or len(digits) > LONGEST_NUMBER:
            raise Words(f"must be a whole number, not {text[:40]!r}")
        return int(digits)
    if column == "references":
        return _links(text)
    if column in LISTS:
        return _listed(text)
    return cell


def _json(text: str, example: str) -> Any:
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise Words(storable.TOO_DEEP) from error
    except ValueError as error:
        raise Words(f"must be JSON, for example {example}") from error
    if words := storable.json_fault(found):
        raise Words(words)
    return found


def _names(names: list[str]) -> str:
    """Names with `;` between; as JSON if a name could not be told from what stands around it."""
    if any(";" in one or "\n" in one or one != one.strip() or one.startswith("[") for one in names):
        return json.dumps(names, ensure_ascii=False)
    return "; ".join(names)


def _listed(text: str) -> list[str]:
    if not text.startswith("["):
        return [one.strip() for one in text.replace("\n", ";").split(";") if one.strip()]
    found = _json(text, '["dataset.collection"]')
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Words("must be a list of names")
    return found


def _references(links: list[dict[str, str]]) -> str:
    """`dataset.collection.field`, then `|up` or `|both`, then `|group`; as JSON if a name holds one of the signs."""
    if any(mark in text for one in links for text in one.values() for mark in MARKS) or not links:
        return json.dumps(links, ensure_ascii=False) if links else ""
    return "; ".join(_link(one) for one in links)


def _link(one: dict[str, str]) -> str:
    parts = [one["target"], one.get("direction", "down"), one.get("group", "")]
    if not parts[2]:
        parts = parts[:1] if parts[1] == "down" else parts[:2]
    return "|".join(parts)


def _links(text: str) -> list[dict[str, str]]:
    if text.startswith("["):
        found = _json(text, '[{"target": "dataset.collection.field", "direction": "up"}]')
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise Words("must be a list of references")
        return found
    links = []
    for one in text.replace("\n", ";").split(";"):
        if not one.strip():
            continue
        target, *more = (part.strip() for part in one.split("|"))
        if len(more) > 2:
            raise Words(f"{one.strip()!r} has too many parts; write dataset.collection.field|up|group")
        link = {"target": target, "direction": (more[0] if more else "") or "down"}
        links.append(link | ({"group": more[1]} if len(more) == 2 and more[1] else {}))
    return links
