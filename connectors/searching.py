"""Searches one collection for one person's rows, streaming, without one query per row.

Values to search for come from the person's identifiers, or from rows that an earlier step found: their frozen keys, chunk
by chunk. A row about two people is *shared* when another of its people links names somebody else.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from audit.refusal import Refused
from connectors import sharing
from connectors.keys import key_hash
from connectors.kinds import base
from connectors.models import Batch, Connection, Finding
from connectors.planning import Planned
from connectors.remembered import Remembered
from connectors.scope import narrowed
from inventory import mapping
from inventory.graph import CollectionSpec, Entry, Graph, Link, Name
from subjects import identifiers

VALUES_AT_ONCE = 1000


@dataclass(slots=True)
class Hit:
    """One row: through which field it was found, whether it is shared, and the row itself.

    Not `sure`: whom the row's people links name could not be compared, because what they refer to is gone already.
    """

    via: str
    shared: bool
    row: base.Found
    sure: bool = True


@dataclass(frozen=True)
class Portion:
    """Some of the values to search by. `shared`: they come from rows that concern another person too."""

    values: list[Any]
    shared: bool = False


class Searcher:
    """Everything needed to search the collections of one batch; opens each system once."""

    def __init__(self, batch: Batch, graph: Graph | None = None, beat: Callable[[], None] | None = None) -> None:
        self.batch, self.beat = batch, beat
        self.graph = graph or mapping.graph()
        self._kinds: dict[str, base.Kind] = {}
        self._specs: dict[Name, CollectionSpec] = {}
        self._held: dict[Name, list[Link]] = {}
        self.remembered = Remembered(batch)

    def spec(self, name: Name) -> CollectionSpec:
        """The collection's description today, narrowed to what the batch is about. Raises Permanent when it left the
        inventory after the batch was opened.
        """
        if name not in self._specs:
            if name not in self.graph.collections:
                raise base.Permanent("schema", f"{name[0]}.{name[1]} is no longer described. Collect again.")
            self._specs[name] = narrowed(self.graph.collections[name], self.batch.categories, self.batch.masks)
        return self._specs[name]

    def kind(self, system: str) -> base.Kind:
        """The open kind of a system. Raises Permanent when it has no connection."""
        if system not in self._kinds:
            connection = Connection.objects.filter(system__key=system).first()
            if connection is None:
                raise base.Permanent("connection", f"System {system} has no connection. Add one, then retry.")
            self._kinds[system] = base.open_kind(connection, self.batch)
            base.beating(self._kinds[system], self.beat)
        return self._kinds[system]

    def hits(self, planned: Planned) -> Iterator[Hit]:
        """The rows of one step, each once. A retention batch has no person: its one criterion is a date."""
        spec = self.spec(planned.step.collection)
        if self.batch.criteria:
            before = date.fromisoformat(self.batch.criteria["before"])
            for row in self.kind(spec.system).find_before(spec, self.batch.criteria["field"], before):
                yield Hit(self.batch.criteria["field"], False, row)
            return
        own = {link: set(self._own(planned, spec, link)) for link in spec.people}
        sure = all(own.values())
        seen: set[int] | None = set() if len(planned.step.entries) > 1 else None
        for entry in planned.step.entries:
            for row, below_shared in self._rows(spec, entry):
                shared = below_shared or (bool(own) and _shared(row, spec, entry.field, own))
                hit = Hit(entry.field, shared, row, sure)
                if seen is None or _first(hit, seen):
                    yield hit

    def _rows(self, spec: CollectionSpec, entry: Entry) -> Iterator[tuple[base.Found, bool]]:
        kind, folded = self.kind(spec.system), _folded(spec, entry.field)
        if entry.source is not None and entry.source.also:
            names = (entry.field, *(mine for _, mine in entry.source.also))
            for portion in self._together(entry.source):
                for row in kind.find_together(spec, names, portion.values):
                    yield row, portion.shared
            return
        for whole in self.portions(entry):
            for portion in self._apart(spec, entry, whole):
                values = portion.values
                if entry.source is None:
                    values = base.typed(kind, spec, entry.field, values)
                for row in kind.find(spec, entry.field, values, folded=folded):
                    yield row, portion.shared

    def portions(self, entry: Entry) -> Iterator[Portion]:
        """What an entry is searched by, in portions; what only shared rows lead to comes last."""
        if entry.source is None:
            given = self.batch.identities.get(entry.identity, [])
            yield from _portions(list(dict.fromkeys(_forms(entry.identity, given))))
        else:
            yield from self._linked(entry.source)

    def _linked(self, link: Link) -> Iterator[Portion]:
        parent = self.spec(link.parent)
        is_key = parent.primary_key == (link.parent_field,)
        findings = self._feeding(parent, link)
        # A value is handed on once. Keys of one finding differ anyway, so nothing is remembered about them.
        handed: set[Any] | None = set() if len(findings) > 1 or not is_key else None
        for finding in findings:
            for keys in self.remembered.chunks(finding):
                for portion in _portions([key[0] for key in keys] if is_key else keys, finding.shared):
                    values = portion.values
                    if not is_key:
                        values = self.kind(parent.system).values(parent, link.parent_field, values)
                    if handed is not None:
                        values = [value for value in values if value not in handed]
                        handed.update(values)
                    if values:
                        yield Portion(values, finding.shared)

    def _apart(self, spec: CollectionSpec, entry: Entry, portion: Portion) -> Iterator[Portion]:
        """What only this person's rows refer to, then what others' rows refer to as well. Only for what is reached upward."""
        links = [one for one in self._holders(spec) if one.child_field == entry.field]
        if portion.shared or not any(entry.source and one.parent == entry.source.parent for one in links):
            yield portion
            return
        others: set[Any] = set()
        for link in links:
            parent = self.spec(link.parent)
            kind = self.kind(parent.system)
            others |= sharing.taken(kind, parent, link.parent_field, portion.values, self._found(parent))
        for values, shared in (
            ([one for one in portion.values if one not in others], False),
            ([one for one in portion.values if one in others], True),
        ):
            if values:
                yield Portion(values, shared)

    def _holders(self, spec: CollectionSpec) -> list[Link]:
        if spec.key not in self._held:
            self._held[spec.key] = sharing.holders(self.graph, spec)
        return self._held[spec.key]

    def _found(self, spec: CollectionSpec) -> set[int]:
        """Hashes of the keys that were found for this person alone."""
        return {
            key_hash(key)
            for finding in self.remembered.findings(spec.key)
            if not finding.shared
            for keys in self.remembered.chunks(finding)
            for key in keys
        }

    def _together(self, link: Link) -> Iterator[Portion]:
        """For a key of several columns: the distinct rows of values that the parent's rows hold, none of them empty."""
        parent = self.spec(link.parent)
        fields = (link.parent_field, *(theirs for theirs, _ in link.also))
        handed: set[tuple[Any, ...]] = set()
        for finding in self._feeding(parent, link):
            for keys in self.remembered.chunks(finding):
                for portion in _portions(list(keys), finding.shared):
                    read = self.kind(parent.system).read(parent, fields, portion.values)
                    values = dict.fromkeys(tuple(row[name] for name in fields) for row in read)
                    new = [one for one in values if None not in one and one not in handed]
                    handed.update(new)
                    if new:
                        yield Portion(list(new), finding.shared)

    def _feeding(self, parent: CollectionSpec, link: Link) -> list[Finding]:
        """The findings whose rows lead on over this link: never from a shared row over another person's field."""
        return [
            one
            for one in self.remembered.findings(parent.key)
            if not (one.shared and link.parent_field in parent.people and link.parent_field != one.via)
        ]

    def _own(self, planned: Planned, spec: CollectionSpec, field: str) -> Iterator[str]:
        """The person's own values of a people link, comparable."""
        for entry in planned.step.entries:
            if entry.field == field:
                for portion in self.portions(entry):
                    yield from () if portion.shared else (_comparable(spec, field, one) for one in portion.values)


def _folded(spec: CollectionSpec, field: str) -> bool:
    return spec.field(field).identity == "email"


def _comparable(spec: CollectionSpec, field: str, value: Any) -> str:
    return str(value).strip().lower() if _folded(spec, field) else str(value)


def _shared(row: base.Found, spec: CollectionSpec, via: str, own: dict[str, set[str]]) -> bool:
    """Whether another people link of the row names somebody else."""
    return any(
        value is not None and _comparable(spec, link, value) not in own[link]
        for link, value in row.people.items()
        if link != via
    )


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
