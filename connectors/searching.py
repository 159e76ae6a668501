"""Searches one collection for one person's rows, streaming, without one query per row.

Values to search for come from the person's identifiers, or from rows that an earlier step found: their frozen keys, chunk
by chunk. A row about two people is *shared* when another of its people links names somebody else (`owners`), or when other
people's rows lead to it as well (`sharing`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from audit.refusal import Refused
from connectors import due
from connectors.earlier import Earlier
from connectors.kinds import base
from connectors.models import Batch, Connection, Finding
from connectors.owners import Owners, folded
from connectors.planning import Planned
from connectors.remembered import Remembered
from connectors.scope import narrowed
from connectors.sharing import Sharing, forms
from inventory import mapping
from inventory.graph import CollectionSpec, Entry, Graph, Link, Name
from subjects import identifiers

VALUES_AT_ONCE = 1000
# A key that only its kind can tell the type of: padded with blanks, or a decimal.
TYPED = re.compile(r" $|^-?\d+\.0+$")
MOST_KEPT = 2000


@dataclass(slots=True)
class Hit:
    """One row: through which field it was found, whether it is shared, and the row itself.

    Not `sure`: whom the row's people links name could not be compared, because what they refer to is gone already. `people`:
    ids of those whose rows were looked for together, where many people's are.
    """

    via: str
    shared: bool
    row: base.Found
    sure: bool = True
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Portion:
    """Some of the values to search by. `shared`: they come from rows that concern another person too."""

    values: list[Any]
    shared: bool = False


Filter = Callable[[CollectionSpec, Iterable[base.Found]], Iterator[base.Found]]


class Searcher:
    """Everything needed to search the collections of one batch; opens each system once."""

    def __init__(self, batch: Batch, graph: Graph | None = None, beat: Callable[[], None] | None = None) -> None:
        self.batch, self.beat = batch, beat
        self.graph = graph or mapping.graph()
        self.connections: dict[str, Connection] = {}  # those that are known already, by system
        self._kinds: dict[str, base.Kind] = {}
        self._asked: ExitStack | None = None
        self._specs: dict[Name, CollectionSpec] = {}
        self.remembered = Remembered(batch)
        self.worked_out: dict[str, Any] = {}  # what several readers of this search need and one of them worked out
        self.sharing = Sharing(self.graph, self.remembered, self.spec, self.kind)
        self.earlier = Earlier(batch)
        self._kept: dict[Link, dict[Any, bool]] = {}
        # What leaves of the rows that a date finds those that are due; see `due`.
        self.parting: Filter | None = None

    def spec(self, name: Name) -> CollectionSpec:
        """The collection's description today, narrowed to what the batch is about. Raises Permanent when it left the
        inventory after the batch was opened.
        """
        if name not in self._specs:
            if name not in self.graph.collections:
                raise base.Permanent("schema", f"{name[0]}.{name[1]} is no longer described. Collect again.")
            spec = narrowed(self.graph.collections[name], self.batch.categories, self.batch.masks)
            self._specs[name] = due.dated(self.graph, spec, self.batch.criteria) if self.batch.criteria else spec
        return self._specs[name]

    def kind(self, system: str) -> base.Kind:
        """The open kind of a system. Raises Permanent when it has no connection."""
        if system not in self._kinds:
            connection = self.connections.get(system) or Connection.objects.filter(system__key=system).first()
            if connection is None:
                raise base.Permanent("connection", f"System {system} has no connection. Add one, then retry.")
            self._kinds[system] = base.open_kind(connection, self.batch)
            base.beating(self._kinds[system], self.beat)
            if self._asked is not None:
                self._asked.enter_context(base.asking(self._kinds[system]))
        return self._kinds[system]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A block that only asks, all of the systems: see `base.asking`."""
        if self._asked is not None:
            yield
            return
        with ExitStack() as self._asked:
            for kind in self._kinds.values():
                self._asked.enter_context(base.asking(kind))
            try:
                yield
            finally:
                self._asked = None

    def hits(self, planned: Planned) -> Iterator[Hit]:
        """The rows of one step, each once. A retention batch has no person: its one criterion is a date."""
        spec = self.spec(planned.step.collection)
        if self.batch.criteria:
            rows = due.find(self.kind(spec.system), spec)
            for row in rows if self.parting is None else self.parting(spec, rows):
                yield Hit(self.batch.criteria["field"], False, row)
            return
        self.sharing.begin()
        owners = Owners(spec, planned.step.entries, self._own)
        seen: set[int] | None = set() if len(planned.step.entries) > 1 else None
        sure, named = owners.sure, bool(owners.people)
        for entry in planned.step.entries:
            via = owners.via(entry)
            for row, others in self._rows(owners.spec, entry):
                hit = Hit(via, others or (named and owners.another(row, via)), row, sure)
                if seen is None or _first(hit, seen):
                    yield hit

    def led_to(self, link: Link) -> Iterator[base.Key]:
        """The keys of the rows that what was found leads to over a link, whoever else's they are."""
        self.sharing.begin()
        spec, entry = self.spec(link.child), Entry(link.child_field, source=link)
        for portion in self.portions(entry):
            yield from (row.key for row in self._matching(spec, entry, portion.values))

    def _rows(self, spec: CollectionSpec, entry: Entry) -> Iterator[tuple[base.Found, bool]]:
        """The rows of one entry, each with whether other people's rows lead to it as well."""
        portions = self.portions(entry)
        if entry.source is not None:
            portions = fitting(self.kind(spec.system), spec, entry.source, portions)
        for portion in portions:
            found = self._matching(spec, entry, portion.values)
            if portion.shared:
                yield from ((row, True) for row in found)
            else:
                yield from self.sharing.upward(spec, entry, found)

    def _matching(self, spec: CollectionSpec, entry: Entry, values: list[Any]) -> Iterator[base.Found]:
        kind = self.kind(spec.system)
        if len(entry.fields) > 1:
            return kind.find_together(spec, entry.fields, values)
        if entry.source is None:
            values = base.typed(kind, spec, entry.field, values)
        return kind.find(spec, entry.field, values, folded=folded(spec, entry.field))

    def portions(self, entry: Entry) -> Iterator[Portion]:
        """What an entry is searched by, in portions; what only shared rows lead to comes last."""
        if entry.source is None:
            given = self.batch.identities.get(entry.identity, [])
            yield from _portions(list(dict.fromkeys(_forms(entry.identity, given))))
        else:
            yield from self._linked(entry.source)

    def _linked(self, link: Link) -> Iterator[Portion]:
        parent = self.spec(link.parent)
        findings = self._feeding(parent, link)
        # A value is handed on once. Keys of one finding differ anyway, so nothing is remembered about them.
        is_key = parent.primary_key == link.parent_fields
        before = self.earlier.of(parent) if is_key else []
        handed: set[Any] | None = set() if len(findings) + len(before) > 1 or not is_key or link.also else None
        for finding in findings:
            for keys in self.remembered.chunks(finding):
                for portion in _portions(list(keys), finding.shared):
                    values = self._values(parent, link, portion.values)
                    if not is_key:
                        self._keep(link, values, finding.shared)
                    if handed is not None:
                        values = [value for value in values if value not in handed]
                        handed.update(values)
                    yield from self._apart(link, Portion(values, finding.shared))
        kept = [(value, shared) for value, shared in self._kept.get(link, {}).items() if value not in (handed or ())]
        for shared in (False, True):
            for portion in _portions([value for value, one in kept if one == shared], shared):
                yield from self._apart(link, portion)
        for finding in before:
            for keys in self.earlier.keys(parent, self.kind(parent.system), finding):
                gone = [tuple(key) if link.also else key[0] for key in keys]
                yield from _portions([one for one in gone if handed is None or one not in handed], finding.shared)

    def _keep(self, link: Link, values: list[Any], shared: bool) -> None:
        """Remember what led on, while it is little: the search after an erasure asks for it when the rows are gone."""
        kept = self._kept.setdefault(link, {})
        if len(kept) < MOST_KEPT:
            for value in values:
                kept.setdefault(value, shared)

    def _values(self, parent: CollectionSpec, link: Link, keys: list[base.Key]) -> list[Any]:
        """What these rows of the parent hold in the link's field; for a key of several columns the distinct rows of values."""
        if link.also:
            read = self.kind(parent.system).read(parent, link.parent_fields, keys)
            values = dict.fromkeys(tuple(row[name] for name in link.parent_fields) for row in read)
            return [one for one in values if None not in one]  # a key with an empty column refers to nothing
        return values_of(self.kind(parent.system), parent, link.parent_field, keys)

    def _apart(self, link: Link, portion: Portion) -> Iterator[Portion]:
        """What only this person's rows hold, then what others' rows hold as well."""
        if portion.shared:
            parted = [portion]
        else:
            rows = [one if link.also else (one,) for one in portion.values]
            others = self.sharing.downward(link, rows)
            mine, theirs = list[Any](), list[Any]()
            for row, value in zip(rows, portion.values, strict=True):
                (theirs if others and forms(row) in others else mine).append(value)
            parted = [Portion(mine), Portion(theirs, shared=True)]
        yield from (one for one in parted if one.values)

    def _feeding(self, parent: CollectionSpec, link: Link) -> list[Finding]:
        """The findings whose rows lead on over this link: never from a shared row over another person's field, be it one column
        of the link's key.
        """
        named = [one for one in link.parent_fields if one in parent.people]
        return [
            one
            for one in self.remembered.findings(parent.key)
            if not (one.shared and any(name != one.via for name in named))
        ]

    def feeding(self, link: Link) -> list[Finding]:
        """The findings whose rows lead on over a link."""
        return self._feeding(self.spec(link.parent), link)

    def _own(self, entry: Entry) -> Iterator[Sequence[Any]]:
        """The person's own values of an entry, as rows."""
        for portion in self.portions(entry):
            if not portion.shared:
                yield from portion.values if len(entry.fields) > 1 else ((one,) for one in portion.values)


def values_of(kind: base.Kind, spec: CollectionSpec, field: str, keys: list[base.Key]) -> list[Any]:
    """What these rows hold in a field. Not asked for where it is their key, unless the kind has to say what is padded or a
    decimal in it.
    """
    if spec.primary_key == (field,) and not any(isinstance(one, str) and TYPED.search(one) for (one,) in keys):
        return [one for (one,) in keys]
    return kind.values(spec, field, keys)


def fitting(kind: base.Kind, spec: CollectionSpec, link: Link, portions: Iterator[Portion]) -> Iterator[Portion]:
    """The portions as they are. Raises Permanent after them when there were values and none can stand in the link's field: the
    two do not hold the same thing, and "nothing found" would be no answer.
    """
    names = (link.child_field, *(mine for _, mine in link.also))
    tried, fits = False, False
    for portion in portions:
        if not fits:
            rows = portion.values if link.also else [(one,) for one in portion.values if str(one).strip()]
            tried, fits = tried or bool(rows), base.fits(kind, spec, names, rows)
        yield portion
    if tried and not fits:
        theirs = ".".join((*link.parent, link.parent_field))
        raise base.Permanent(
            "schema", f"No value of {theirs} can stand in {spec.place}.{link.child_field}, which is described as the same. "
            "Mend the reference, then retry.",
        )  # fmt: skip


def _first(hit: Hit, seen: set[int]) -> bool:
    """Whether the row is new. A shared row counts once for each link: each link has its own person's fields."""
    marks = [hash(repr(hit.row.key))]
    if hit.shared:
        marks.append(hash((hit.via, repr(hit.row.key))))
    if any(mark in seen for mark in marks):
        return False
    seen.add(marks[-1])
    return True


def _forms(identity: str, given: list[str]) -> Iterator[str]:
    """How a value may stand in a system: as written, and in its normal form."""
    for value in given:
        yield value.strip()
        if identity in identifiers.NORMAL_FORMS:
            with suppress(Refused):  # not well-formed: then nothing but itself can be equal to it
                yield identifiers.normalise(identity, value)


def _portions(values: list[Any], shared: bool = False) -> Iterator[Portion]:
    for place in range(0, len(values), VALUES_AT_ONCE):
        yield Portion(values[place : place + VALUES_AT_ONCE], shared)
