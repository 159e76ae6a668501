"""Hierarchies as people write them on a form, and back.

number: "5, 10, 20 top 85" · prefix: "3, 2, 1" · common: a line a level, values parted by " | " · groups: a line a value,
"Potsdam = Brandenburg = East" · the others need no words.
"""

from collections.abc import Mapping
from typing import Any

HOW = (
    ("plain", "Show it or not"),
    ("number", "Numbers in bands"),
    ("date", "Dates: month, year, 5 and 10 years"),
    ("prefix", "Codes by their beginning"),
    ("common", "Rare values together"),
    ("groups", "Named groups"),
    ("continent", "Countries by continent"),
)
LONGEST = 20_000


def words(spec: Mapping[str, Any]) -> str:
    """What stands in the field of the form for this hierarchy."""
    kind = spec.get("kind")
    if kind == "number":
        top = f" top {spec['top']:g}" if spec.get("top") is not None else ""
        return ", ".join(f"{one:g}" for one in spec["widths"]) + top
    if kind == "prefix":
        return ", ".join(str(one) for one in spec["lengths"])
    if kind == "common":
        return "\n".join(" | ".join(one) for one in spec["kept"])
    if kind == "groups":
        first, *others = spec["groups"]
        return "\n".join(
            " = ".join([value, name, *(one[value] for one in others if value in one)]) for value, name in first.items()
        )
    return ""


def spec(how: str, text: str) -> dict[str, Any]:
    """The hierarchy that these words mean. Raises ValueError, in words."""
    if how not in dict(HOW):
        raise ValueError("choose how it becomes coarser")
    if len(text) > LONGEST:
        raise ValueError("that is too much text")
    if how == "number":
        return _bands(text)
    if how == "prefix":
        return {"kind": "prefix", "lengths": [int(one) for one in _parts(text)]}
    if how == "common":
        kept = [[one.strip() for one in line.split("|") if one.strip()] for line in text.splitlines() if line.strip()]
        return {"kind": "common", "kept": kept}
    if how == "groups":
        return _groups(text)
    return {"kind": how}


def _bands(text: str) -> dict[str, Any]:
    widths, _, top = text.partition("top")
    try:
        found: dict[str, Any] = {"kind": "number", "widths": [float(one) for one in _parts(widths)]}
        if top.strip():
            found["top"] = float(top)
    except ValueError:
        raise ValueError("write widths of bands, such as 5, 10, 20 top 85") from None
    return found


def _groups(text: str) -> dict[str, Any]:
    levels: list[dict[str, str]] = []
    for line in text.splitlines():
        value, *names = (one.strip() for one in line.split("="))
        if not line.strip():
            continue
        if not names or not all(names):
            raise ValueError("write a line for each value, such as Potsdam = Brandenburg")
        for index, name in enumerate(names):
            if len(levels) <= index:
                levels.append({})
            levels[index][value] = name
    return {"kind": "groups", "groups": levels}


def _parts(text: str) -> list[str]:
    return [one for one in text.replace(";", ",").replace(",", " ").split() if one]
