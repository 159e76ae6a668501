"""YAML that remembers where each key stands, and refuses what a plain loader lets pass: keys written twice, circles."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NoReturn

import yaml

from audit.refusal import Refused
from inventory import storable

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAP, LIST, MERGE, WHEN = (f"tag:yaml.org,2002:{one}" for one in ("map", "seq", "merge", "timestamp"))
# What a plain constructor raises for a text that does not fit its tag, such as `!!bool abc` or a date such as 2024-13-45.
UNFIT = (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError)
DEEPEST, MOST = 40, 3_000_000


class Row(dict[str, Any]):
    """A mapping that knows the file and line it stands in, and the line of each of its keys."""

    file: str = ""
    line: int = 0
    lines: Mapping[str, int] = {}

    def at(self, key: str = "") -> str:
        """`file: line 12`: where this key stands, or the mapping."""
        return f"{self.file}: line {self.lines.get(key, self.line)}"


def row(values: Mapping[str, Any], like: Mapping[str, Any], lines: Mapping[str, int] | None = None) -> Row:
    """`values` as a Row that stands where `like` does; `lines` moves single keys."""
    made = Row(values)
    if isinstance(like, Row):
        made.file, made.line, made.lines = like.file, like.line, {**like.lines, **(lines or {})}
    return made


def place(of: Any, key: str = "") -> str:
    """Where a mapping stands; "" for one that came from no file."""
    return of.at(key) if isinstance(of, Row) and of.file else ""


def items(value: Any) -> list[Any]:
    """The items of a list; none of anything else (a check has told of it)."""
    return value if isinstance(value, list) else []


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list; what is none is left out (a check has told of it)."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def parse(text: str, file: str) -> Row:
    """The mapping in a YAML text. Raises Refused with file and line for anything else."""
    try:
        node = yaml.compose(text, Loader=LOADER)
        found = None if node is None else _Builder(file).build(node, 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Refused(f"{file}: line {mark.line + 1 if mark else '?'} is not YAML.", code="not_yaml") from error
    except UnicodeError as error:
        raise Refused(f"{file}: it {storable.NO_TEXT}.", code="not_yaml") from error
    except RecursionError as error:
        raise Refused(f"{file}: it is nested too deeply to be a description.", code="not_yaml") from error
    if not isinstance(found, Row):
        raise Refused(f"{file}: a description is a mapping, with keys such as systems or dataset.", code="not_mapping")
    return found


class _Builder:
    """Plain values out of the nodes of one file."""

    def __init__(self, file: str) -> None:
        self.file, self.count = file, 0
        self.scalars = yaml.constructor.SafeConstructor()
        self.open: set[int] = set()

    def build(self, node: yaml.Node, depth: int) -> Any:
        self.count += 1
        if depth > DEEPEST or self.count > MOST or id(node) in self.open:
            self.refuse(node, "it is nested too deeply, or in itself")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                if node.tag != LIST:
                    self.tagged(node)
                return [self.build(one, depth + 1) for one in node.value]
            return self.mapping(node, depth)
        finally:
            self.open.discard(id(node))

    def scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            value = self.scalars.construct_object(node)
        except UNFIT:
            what = "date" if node.tag == WHEN else f"{node.tag.rpartition(':')[2]} that can be read"
            self.refuse(node, f"{node.value[:40]!r} is no {what}; put it in quotes if it is a text")
        if value is None or isinstance(value, str | int | float | date):
            return value
        self.tagged(node)

    def mapping(self, node: Any, depth: int) -> Row:
        found, lines = Row(), dict[str, int]()
        merged: list[Row] = []
        if node.tag != MAP:
            self.tagged(node)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == MERGE:
                value = self.build(value_node, depth + 1)
                merged += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Row)]
                continue
            key = self.build(key_node, depth + 1)
            if not isinstance(key, str):
                self.refuse(key_node, f"the key {key_node.value!r} is not a text; put it in quotes")
            if key in lines:
                self.refuse(key_node, f"{key!r} is written twice, first in line {lines[key]}")
            found[key], lines[key] = self.build(value_node, depth + 1), line
        for other in merged:
            for key, value in other.items():
                found.setdefault(key, value)
                lines.setdefault(key, other.lines.get(key, other.line))
        found.file, found.line, found.lines = self.file, node.start_mark.line + 1, lines
        return found

    def tagged(self, node: yaml.Node) -> NoReturn:
        self.refuse(node, f"tags such as {node.tag!r} are not used in descriptions")

    def refuse(self, node: yaml.Node, words: str) -> NoReturn:
        raise Refused(f"{self.file}: line {node.start_mark.line + 1}: {words}.", code="not_yaml")


def listed(faults: Iterable[object], code: str = "description") -> None:
    """Raises Refused with every fault, one in a line; nothing if there is none."""
    lines = list(map(str, faults))
    if lines:
        raise Refused("\n".join(lines), code=code)
