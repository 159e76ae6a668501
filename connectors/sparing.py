"""Which of the rows that are to be erased belong to somebody under a legal hold: another person than the one who asked, or,
for retention, which erases by date and knows no person, anybody.

All people whose holds cover the same are followed together, from their identifiers to the collection asked for; the values of
its link fields go into the deleting statement itself, which leaves such rows alone. When in doubt a row is spared. What is
covered is said by `holdscope`: a row of which a hold keeps anything is not deleted, a field that a hold keeps is not changed.

Of the person whose work this is, a limited hold keeps all rows that were found, however they were found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors import holds, rowholds
from connectors.alike import loosely
from connectors.holdscope import NOTHING, Kept, Scope, kept, union
from connectors.kinds.base import Key, Kind, Mask, Spare
from connectors.models import Batch
from connectors.searching import VALUES_AT_ONCE, Portion, Searcher, fitting, values_of
from inventory.graph import CollectionSpec, Link, Name
from inventory.walking import walk

# More values than this do not go into one statement as they are, only those that a chunk's rows hold.
MOST_VALUES = 500
Fields = tuple[str, ...]
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Apart:
    """A chunk's keys without those that are known to be held, and what the statement itself spares of the rest."""

    keys: list[Key]
    spare: Spare


@dataclass(frozen=True)
class Part:
    """Masks that go into the same rows of a chunk, and those rows."""

    masks: Mapping[str, Mask]
    apart: Apart


class Held:
    """What all active holds keep; made anew when a hold changes. `own`: the limited holds on the person whose work it is."""

    def __init__(self, searcher: Searcher, own: Sequence[Scope] = ()) -> None:
        self.own = union(kept(searcher.graph, one) for one in own)
        self.rules = rowholds.rules()
        self.groups = [
            (kept(searcher.graph, scope), Followed(searcher, identities)) for scope, identities in holds.groups()
        ]

    def of_own(self, spec: CollectionSpec) -> Kept:
        """What is kept of the person's own rows of a collection."""
        return self.own.get(spec.key, NOTHING)

    def fields(self, spec: CollectionSpec) -> frozenset[str]:
        """The fields of a collection that a hold keeps, whoever's."""
        if any(one.touches(spec) for one in self.rules):
            return frozenset(one.name for one in spec.fields)
        every = (one.get(spec.key, NOTHING).all for one, _ in self.groups)
        return self.of_own(spec).all.union(*every)

    def rows(self, spec: CollectionSpec) -> list[Key]:
        """The keys of all rows of a collection of which a hold keeps anything: as many as held people have there."""
        found: dict[Key, None] = {}
        for part, followed in self.groups:
            if part.get(spec.key) is not None:
                found.update(dict.fromkeys(followed.all(spec.key)))
        return list(found)

    def apart(self, kind: Kind, spec: CollectionSpec, keys: list[Key], fields: Iterable[str] | None = None) -> Apart:
        """These keys, held rows aside: rows of which a hold keeps one of `fields`, or (None) anything at all."""
        wanted = None if fields is None else set(fields)

        def keeps(one: Mapping[Name, Kept]) -> bool:
            part = one.get(spec.key)
            return part is not None and (wanted is None or not wanted.isdisjoint(part.all))

        if keeps(self.own):
            return Apart([], {})
        of_rows = rowholds.spared(self.rules, spec)
        if of_rows is None:
            return Apart([], {})
        spare: dict[str, list[Any]] = defaultdict(list, {name: list(some) for name, some in of_rows.items()})
        for part, followed in self.groups:
            if keys and keeps(part):
                found = followed.apart(kind, spec, keys)
                keys = found.keys
                for name, values in found.spare.items():
                    spare[name] += values
        return Apart(keys, spare)

    def values(self, spec: CollectionSpec) -> Spare | None:
        """What held rows of a collection hold, by field, for a statement that leaves them alone; None where that takes a look
        at the rows: several fields only together say that a row is held.
        """
        of_rows = rowholds.spared(self.rules, spec)
        if spec.key in self.own or of_rows is None:
            return None
        found: dict[str, list[Any]] = defaultdict(list, {name: list(some) for name, some in of_rows.items()})
        for part, followed in self.groups:
            for fields, values in followed.into(spec).items() if spec.key in part else ():
                if len(fields) > 1:
                    return None
                found[fields[0]] += [one for (one,) in values]
        return found

    def parts(self, kind: Kind, spec: CollectionSpec, keys: list[Key], masks: Mapping[str, Mask]) -> list[Part]:
        """The masks by the rows that they may go into: fields that the same holds keep, together."""
        alike: dict[tuple[bool, ...], dict[str, Mask]] = defaultdict(dict)
        every = [self.of_own(spec).all, *(one.get(spec.key, NOTHING).all for one, _ in self.groups)]
        for name, mask in masks.items():
            alike[tuple(name in one for one in every)][name] = mask
        return [Part(some, self.apart(kind, spec, keys, some)) for some in alike.values()]


class Followed:
    """The rows of people under holds that cover the same, followed in memory as far as they are asked for."""

    def __init__(self, searcher: Searcher, identities: holds.Identities) -> None:
        self.searcher = Searcher(Batch(identities=identities), searcher.graph, searcher.beat)
        steps = walk(searcher.graph, identities).steps
        self.turns = {step.collection: turn for turn, step in enumerate(steps)}
        self.seeds = {step.collection: [one for one in step.entries if one.source is None] for step in steps}
        self.feeding: dict[Name, list[Link]] = defaultdict(list)
        for link in searcher.graph.links:  # those too that the walk leaves out where it cuts a circle
            if link.parent in self.turns and link.child in self.turns and link.parent != link.child:
                self.feeding[link.child].append(link)
        self.rows: dict[Name, dict[Fields, dict[Key, None]]] = {}
        self.searched: dict[tuple[Name, Fields], set[Values]] = defaultdict(set)
        self._into: dict[Name, dict[Fields, list[Values]]] = {}

    def apart(self, kind: Kind, spec: CollectionSpec, keys: list[Key]) -> Apart:
        """These keys, held people's rows aside."""
        if getattr(kind, "by_hand", False):
            return Apart(keys, {})
        single: dict[str, list[Any]] = defaultdict(list)
        for fields, values in self.into(spec).items():
            if len(fields) > 1:
                keys = _without(kind, spec, keys, fields, values)
            else:
                single[fields[0]] += [one for (one,) in values]
        return Apart(keys, narrow(kind, spec, keys, single))

    def all(self, name: Name) -> list[Key]:
        """The keys of these people's rows of one collection."""
        if name not in self.turns:
            return []
        self._follow(name)
        self._visit(name)
        return list(dict.fromkeys(key for some in self.rows.get(name, {}).values() for key in some))

    def into(self, spec: CollectionSpec) -> Mapping[Fields, list[Values]]:
        """What held people's rows of a collection hold, by the fields that hold it; followed when it is first asked for."""
        if spec.key not in self.turns:
            return {}
        if spec.key not in self._into:
            self._follow(spec.key)
            self._into[spec.key] = self._values_into(spec.key)
        return self._into[spec.key]

    def _follow(self, name: Name) -> None:
        """Find the held people's rows in all collections that lead to `name`; a circle until nothing new comes."""
        leading = self._leading_to(name)
        todo = {one for one in leading if one not in self.rows}
        while todo:
            one = min(todo, key=self.turns.__getitem__)
            todo.discard(one)
            if self._visit(one):
                todo |= {
                    link.child for other in leading for link in self.feeding[other] if link.parent == one
                } & leading

    def _leading_to(self, name: Name) -> set[Name]:
        found: set[Name] = set()
        todo = [name]
        while todo:
            for link in self.feeding[todo.pop()]:
                if link.parent not in found:
                    found.add(link.parent)
                    todo.append(link.parent)
        return found

    def _visit(self, name: Name) -> bool:
        """Find rows of one collection by what was not searched yet; whether there are new ones."""
        spec = self.searcher.spec(name)
        rows = self.rows.setdefault(name, {})
        kind, new = self.searcher.kind(spec.system), False
        if getattr(kind, "by_hand", False):
            return False  # nobody can look through paper between two rows
        for fields, values in self._values_into(name).items():
            wanted = [one for one in values if one not in self.searched[name, fields]]
            self.searched[name, fields].update(wanted)
            known = rows.setdefault(fields, {})
            before = len(known)
            for part in _parts(wanted):
                if len(fields) > 1:
                    found = kind.find_together(spec, fields, part)
                else:
                    found = kind.find(spec, fields[0], [one for (one,) in part], folded=spec.field(fields[0]).folded)
                known.update(dict.fromkeys(row.key for row in found))
            new = new or len(known) > before
        return new

    def _values_into(self, name: Name) -> dict[Fields, list[Values]]:
        """The values by which the collection is searched, by the fields that hold them."""
        found: dict[Fields, dict[Values, None]] = defaultdict(dict)
        for entry in self.seeds[name]:
            for portion in self.searcher.portions(entry):
                found[entry.field,].update(dict.fromkeys((one,) for one in portion.values))
        for link in self.feeding[name]:
            fields = (link.child_field, *(mine for _, mine in link.also))
            kind, spec = self.searcher.kind(self.searcher.spec(name).system), self.searcher.spec(name)
            for portion in fitting(kind, spec, link, self._over(link)):
                found[fields].update(dict.fromkeys(portion.values if link.also else ((one,) for one in portion.values)))
        return {fields: list(values) for fields, values in found.items() if values}

    def _over(self, link: Link) -> Iterator[Portion]:
        """What the rows found so far hold in the link's fields; never another person's field of a row about several."""
        parent = self.searcher.spec(link.parent)
        names = (link.parent_field, *(theirs for theirs, _ in link.also))
        others = set(names) & set(parent.people)
        rows = self.rows.get(link.parent, {})
        keys = list(dict.fromkeys(key for via, some in rows.items() if not others or others & set(via) for key in some))
        kind = self.searcher.kind(parent.system)
        for part in _parts(keys):
            if len(names) == 1:
                yield Portion(values_of(kind, parent, names[0], part))
            else:
                read = (tuple(row[name] for name in names) for row in kind.read(parent, names, part))
                yield Portion([one for one in read if None not in one])


def narrow(kind: Kind, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> Spare:
    """`spare`, a long list cut down to what these very rows hold."""
    found = {}
    for field, values in spare.items():
        if len(values) > MOST_VALUES:
            held = {loosely(one) for one in values}
            values = [one for one in kind.values(spec, field, keys) if loosely(one) in held]
        if values:
            found[field] = values
    return found


def _without(kind: Kind, spec: CollectionSpec, keys: list[Key], fields: Fields, values: Sequence[Values]) -> list[Key]:
    """The keys of the rows that do not hold one of `values` in `fields` all together."""
    held = {tuple(map(loosely, one)) for one in values}
    gone = {
        tuple(loosely(row[name]) for name in spec.primary_key)
        for row in kind.read(spec, dict.fromkeys((*spec.primary_key, *fields)), keys)
        if tuple(loosely(row[name]) for name in fields) in held
    }
    return [key for key in keys if tuple(map(loosely, key)) not in gone]


def _parts(values: list[Any]) -> list[list[Any]]:
    return [values[place : place + VALUES_AT_ONCE] for place in range(0, len(values), VALUES_AT_ONCE)]
