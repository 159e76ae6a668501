"""Takes values out of a statute file and complains with its name, the line and the field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from law.model import Duration

UNITS = {"calendar_days", "business_days", "months", "immediate"}


class StatuteError(ValueError):
    """A statute file is wrong; the message names file, line and field."""


class _Marked(dict[str, Any]):
    """A mapping that remembers on which line each key stands."""

    line: int
    lines: dict[str, int]


# libyaml's parser where PyYAML has it (its wheels do): every process reads all statutes at its start.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):
    """Safe YAML that refuses a key given twice, and keys that YAML reads as something else than text (NO, 1, null)."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Marked:
    found = _Marked()
    found.line = node.start_mark.line + 1
    found.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise StatuteError(f"line {line}: {key!r} must be quoted to be a name")
        if key in found:
            raise StatuteError(f"line {line}: {key} is given twice")
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = line
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(text: str, file: str) -> "Reader":
    """The top of a statute file. Raises StatuteError for what is not YAML, or repeats a key."""
    try:
        return Reader(yaml.load(text, Loader=_Loader), file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise StatuteError(f"{file}: line {mark.line + 1 if mark else '?'}: is not YAML") from error
    except StatuteError as error:
        raise StatuteError(f"{file}: {error}") from error


class Reader:
    """One mapping of the file; every complaint names the path to the value."""

    def __init__(self, data: Any, file: str, path: str = "", line: int = 1) -> None:
        self.file, self.path, self.line = file, path, line
        if not isinstance(data, Mapping):
            raise self.wrong("", "must be a mapping")
        self.data = data

    def wrong(self, key: str, words: str) -> StatuteError:
        """The complaint about `key`."""
        place = ".".join(filter(None, (self.path, key)))
        lines = getattr(getattr(self, "data", None), "lines", {})
        line = lines.get(key) or getattr(getattr(self, "data", None), "line", self.line)
        return StatuteError(f"{self.file}: line {line}: {place or 'the file'}: {words}")

    def only(self, keys: set[str]) -> None:
        """Refuse keys that nobody reads."""
        for key in self.data:
            if key not in keys:
                raise self.wrong(str(key), f"is not a known key; known are {', '.join(sorted(keys))}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required without a default."""
        value = self.data.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "must be text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty if it is not there."""
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(key, "must be a list of texts; quote what YAML reads as something else, such as NO")
        return tuple(value)

    def number(self, key: str, default: int | None = None) -> int | None:
        """A whole number."""
        value = self.data.get(key, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self.wrong(key, f"must be a whole number, not {value!r}")
        return value

    def truth(self, key: str, default: bool = False) -> bool:
        """true or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, f"must be true or false, not {value!r}")
        return value

    def one_of(self, key: str, allowed: set[str], default: str | None = None) -> Any:
        """One of a few words."""
        value = self.data.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"must be one of {', '.join(sorted(allowed))}, not {value!r}")
        return value

    def some_of(self, key: str, allowed: frozenset[str], default: frozenset[str]) -> frozenset[str]:
        """A list of words, each of them known."""
        if key not in self.data:
            return default
        found = frozenset(self.texts(key))
        if not found <= allowed:
            raise self.wrong(key, f"unknown: {', '.join(sorted(found - allowed))}")
        return found

    def day(self, key: str) -> date | None:
        """A date."""
        value = self.data.get(key)
        if value is None:
            return None
        if type(value) is date:
            return value
        raise self.wrong(key, f"must be a date like 2026-11-23, not {value!r}")

    def inner(self, key: str) -> "Reader":
        """The mapping under `key`."""
        line = getattr(self.data, "lines", {}).get(key, self.line)
        return Reader(self.data.get(key), self.file, ".".join(filter(None, (self.path, key))), line)

    def maybe(self, key: str) -> "Reader":
        """The mapping under `key`, an empty one if it is not there."""
        if self.data.get(key) is None:
            return Reader({}, self.file, ".".join(filter(None, (self.path, key))), self.line)
        return self.inner(key)

    def items(self, key: str) -> list[tuple[str, "Reader"]]:
        """The mappings under `key`, each by its name."""
        inner = self.maybe(key)
        return [(str(name), inner.inner(name)) for name in inner.data]

    def duration(self, key: str) -> Duration | None:
        """A duration: [45, calendar_days]."""
        value = self.data.get(key)
        if value is None:
            return None
        shaped = isinstance(value, list) and len(value) == 2 and type(value[0]) is int and value[1] in UNITS
        if not shaped:
            raise self.wrong(key, f"must be [number, unit] with a unit of {', '.join(sorted(UNITS))}")
        if value[0] < 0:
            raise self.wrong(key, "must not be negative")
        return Duration(value[0], value[1])
