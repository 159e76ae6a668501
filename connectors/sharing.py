"""Rows that other people's rows lead to as well: one address of two customers, one bill of a household.

*Upward*: a row that is reached because a row of this person refers to it may be referred to from elsewhere too. *Downward*: a
row that is reached over a value that is no key of its parent hangs on every parent row that holds the value. Both are
*shared*, like a row that names two people: they are counted apart, a person decides, and nothing of them is erased in
passing. Whose the other row is need not be known: everything but what was found for this person is somebody else's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from connectors.keys import Keys
from connectors.kinds.base import Found, Key, Kind, Permanent
from connectors.remembered import Remembered
from inventory.graph import CollectionSpec, Entry, Graph, Link, Name

PART = 1000
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,2})?", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

T = TypeVar("T")
Forms = tuple[str | None, ...]


def form(value: Any) -> str | None:
    """One text for what two columns of different types hold for the same value: 5, 5.00 and "5", a UUID with dashes or without,
    a CHAR with its padding. Never used to find a row, only to tell apart rows that a system found to be equal.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    text = (bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)).strip()
    if NUMBER.fullmatch(text):
        written = f"{Decimal(text):f}"
        return written.rstrip("0").rstrip(".") if "." in written else written
    return text.replace("-", "").lower() if UUID.fullmatch(text) else text


def forms(values: Iterable[Any]) -> Forms:
    """The forms of a row of values."""
    return tuple(map(form, values))


def holders(graph: Graph, spec: CollectionSpec) -> list[Link]:
    """The references by which other collections' rows hold on to rows of this one."""
    return [link for link in graph.links if link.upward and link.child == spec.key and link.parent != spec.key]


def taken(
    kind: Kind, parent: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]], own: Keys
) -> set[Forms]:
    """Which of `rows` (of values of `fields`) stand in a row of `parent` that is not among `own` (hashes of keys).

    All of them when somebody else's rows were found and it cannot be told which values they hold.
    """
    if getattr(kind, "by_hand", False) or not rows:
        return set()  # a colleague only looked for this person: nobody else's things are known
    wanted, found = {forms(one) for one in rows}, set[Forms]()
    if len(fields) == 1:
        rowed = kind.find(parent, fields[0], [one[0] for one in rows], folded=False)
    else:
        rowed = kind.find_together(parent, fields, rows)
    for keys in parts((row.key for row in rowed), PART):
        others = [key for key in keys if key not in own]
        if others:
            found.update(_held(kind, parent, fields, others))
        if wanted <= found:
            break
    return wanted if found - wanted else found


def _held(kind: Kind, parent: CollectionSpec, fields: Sequence[str], keys: Sequence[Key]) -> Iterator[Forms]:
    if len(fields) == 1:
        return (forms((one,)) for one in kind.values(parent, fields[0], keys))
    return (forms(row[name] for name in fields) for row in kind.read(parent, fields, keys))


def parts(given: Iterable[T], count: int) -> Iterator[list[T]]:
    """What is given, in lists of at most `count`."""
    part: list[T] = []
    for one in given:
        part.append(one)
        if len(part) == count:
            yield part
            part = []
    if part:
        yield part


class Sharing:
    """Asks for the rows of one search who else's they are. `spec` and `kind` of a name, as the search knows them."""

    def __init__(
        self,
        graph: Graph,
        remembered: Remembered,
        spec: Callable[[Name], CollectionSpec],
        kind: Callable[[str], Kind],
    ) -> None:
        self.graph, self.remembered, self.spec, self.kind = graph, remembered, spec, kind
        self._holders: dict[Name, list[Link]] = {}
        self._unique: dict[tuple[Name, tuple[str, ...]], bool] = {}
        self._known: dict[Name, Keys] = {}

    def begin(self) -> None:
        """Forget whose rows were which: another step is searched, and more was found since."""
        self._known.clear()

    def upward(self, spec: CollectionSpec, entry: Entry, rows: Iterator[Found]) -> Iterator[tuple[Found, bool]]:
        """The rows that an entry found for this person alone, each with whether others' rows refer to it as well."""
        if not self.is_upward(spec, entry.source):
            yield from ((row, False) for row in rows)
            return
        for part in parts(rows, PART):
            held = self._referred(spec, [row.key for row in part])
            yield from ((row, row.key in held) for row in part)

    def downward(self, link: Link, rows: Sequence[Sequence[Any]]) -> set[Forms]:
        """Which values of this person's parent rows stand in others' rows as well, so that what hangs on them is theirs too.

        All of them where it cannot be asked. What is reached upward is looked at from its own side.
        """
        parent = self.spec(link.parent)
        if self.is_upward(self.spec(link.child), link) or self._is_unique(parent, link.parent_fields):
            return set()
        try:
            return taken(self.kind(parent.system), parent, link.parent_fields, rows, self._own(link.parent))
        except Permanent as error:
            if error.code != "schema":
                raise
            return {forms(one) for one in rows}  # an interface without such a search

    def _holding(self, spec: CollectionSpec) -> list[Link]:
        if spec.key not in self._holders:
            self._holders[spec.key] = holders(self.graph, spec)
        return self._holders[spec.key]

    def is_upward(self, spec: CollectionSpec, link: Link | None) -> bool:
        """Whether a link leads to what this person's rows refer to."""
        if link is None:
            return False
        return link.upward or any(
            one.parent == link.parent and one.pairs == link.pairs for one in self._holding(spec)
        )  # a plan frozen before it told the direction

    def _is_unique(self, spec: CollectionSpec, fields: tuple[str, ...]) -> bool:
        """Whether one row at most holds a value: the fields have the whole key in them, or one that the system keeps unique."""
        if spec.primary_key and set(spec.primary_key) <= set(fields):
            return True
        if (spec.key, fields) not in self._unique:
            columns = self.kind(spec.system).columns(spec)
            self._unique[spec.key, fields] = any(name in columns and columns[name].unique for name in fields)
        return self._unique[spec.key, fields]

    def _referred(self, spec: CollectionSpec, keys: list[Key]) -> set[Key]:
        """Those of these rows that somebody else's rows refer to, by whichever columns."""
        found: set[Key] = set()
        by_fields: dict[tuple[str, ...], list[Link]] = {}
        for link in self._holding(spec):
            by_fields.setdefault(link.child_fields, []).append(link)
        for fields, links in by_fields.items():
            held = self._values(spec, fields, keys)
            rows = list({forms(one): one for each in held.values() for one in each}.values())
            others: set[Forms] = set()
            for link in links:
                parent = self.spec(link.parent)
                others |= taken(self.kind(parent.system), parent, link.parent_fields, rows, self._own(link.parent))
            found |= {key for key, each in held.items() if any(forms(one) in others for one in each)}
        return found

    def _values(
        self, spec: CollectionSpec, fields: tuple[str, ...], keys: list[Key]
    ) -> Mapping[Key, list[tuple[Any, ...]]]:
        """What these rows hold in `fields`, none of it empty; a key is not asked for what it says itself."""
        if set(fields) <= set(spec.primary_key):
            places = [spec.primary_key.index(name) for name in fields]
            return {key: [tuple(key[place] for place in places)] for key in keys}
        by_form: dict[Forms, list[tuple[Any, ...]]] = {}
        names = list(dict.fromkeys((*spec.primary_key, *fields)))
        for row in self.kind(spec.system).read(spec, names, keys):
            values = tuple(row[name] for name in fields)
            if None not in values:
                by_form.setdefault(forms(row[name] for name in spec.primary_key), []).append(values)
        return {key: by_form[forms(key)] for key in keys if forms(key) in by_form}

    def _own(self, name: Name) -> Keys:
        """The keys that were found for this person alone; put together once for each step."""
        if name not in self._known:
            alone = [finding for finding in self.remembered.findings(name) if not finding.shared]
            self._known[name] = Keys(keys for finding in alone for keys in self.remembered.chunks(finding))
        return self._known[name]
