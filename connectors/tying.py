"""Rows that cannot be deleted while other rows refer to them: in their own table, in a circle of tables, or in one that stays.

Told in words before the first row where nothing can be done about it. Else a reference is emptied in the transaction that
deletes what it refers to, and only in rows of this order that go as well: nothing is emptied that does not refer to a row
that is gone by then. Where a reference may not be empty, what refers goes first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors import wholly
from connectors.keys import Keys, key_hash
from connectors.kinds import base
from connectors.kinds.base import Changing, Key, Kind, Mask, Permanent, Rights, Spare, Tie
from connectors.kinds.whole import NOTHING, added, whole
from connectors.models import Finding
from connectors.remembered import Remembered
from inventory.graph import CollectionSpec, Name

DEEPEST = 10_000  # levels of rows that refer to each other; more would be a circle


@dataclass(frozen=True)
class Change:
    """What an order does to one finding. No masks: its rows are deleted."""

    spec: CollectionSpec
    finding: Finding
    masks: Mapping[str, Mask] | None


@dataclass
class Loose:
    """What has to happen in the transaction that deletes some rows, before them: `emptied` references, and `first` other rows
    deleted. `leaves`: rows that refer to each other go those first that nothing refers to; (their key's tie).
    """

    emptied: list[tuple[CollectionSpec, str, list[Key], Spare]] = field(default_factory=list)
    first: list[tuple[list[Key], Spare]] = field(default_factory=list)
    leaves: list[Tie] = field(default_factory=list)


Free = Callable[[CollectionSpec, list[Key]], tuple[list[Key], Spare]]


class Ties:
    """The references that hold on to what one order deletes. Empty for a kind without them (it has no method `ties`)."""

    def __init__(self, kind: Kind, changes: Sequence[Change], remembered: Remembered) -> None:
        self.kind, self.changes, self.remembered = kind, changes, remembered
        self._gone: dict[tuple[str, tuple[str, ...]], Keys] = {}

    def of(self, spec: CollectionSpec) -> Sequence[Any]:
        """The keys by which rows hold on to rows of a collection."""
        asked = getattr(self.kind, "ties", None)
        return () if asked is None else asked(spec)

    def order(self) -> list[int]:
        """In which turn the changes can be made: as they are, but what must not be emptied before what it refers to. Raises
        Permanent for a circle in which nothing may be empty.
        """
        tables = list(dict.fromkeys(map(self._table, self.changes)))
        if len(tables) > 1:
            tables = _sorted(tables, self._before)
        turns = {name: turn for turn, name in enumerate(tables)}
        return sorted(range(len(self.changes)), key=lambda one: turns[self._table(self.changes[one])])

    def refuse(self, beat: Callable[[], None] | None) -> None:
        """Raises Permanent when rows that stay refer to rows that shall be deleted, or when our login may not empty a
        reference that has to be. Keeps the order's lease by `beat` meanwhile.
        """
        for change in self.changes:
            for tie in self.of(change.spec) if change.masks is None else ():
                held = self._all_going(change, tie)
                for keys in () if held else self.remembered.chunks(change.finding):
                    if beat is not None:
                        beat()
                    held = bool(sum(1 for _ in self._going(change.spec, keys, {}, tie))) or held
                    self._refuse_stuck(change.spec, keys, tie)
                if held:
                    self._refuse_unwritable(tie)

    def emptying(self) -> set[tuple[Name, str]]:
        """The fields (collection, name) in which this order may empty a reference."""
        found = set[tuple[Name, str]]()
        for change in self.changes:
            for tie in self.of(change.spec) if change.masks is None else ():
                holder = self._holder(tie)
                if holder is not None and tie.empties:
                    found.add((holder.key, _field(self.kind, holder, tie.empties)))
        return found

    def loose(self, spec: CollectionSpec, keys: list[Key], spare: Spare, free: Free) -> Loose:
        """What has to happen before these rows are deleted. `free`: rows without those that a legal hold protects. Raises
        Permanent when rows that stay refer to them.
        """
        found = Loose()
        for tie in self.of(spec):
            going = list(self._going(spec, keys, spare, tie))
            holder = self._holder(tie)
            if not going or holder is None:
                continue
            if tie.empties:
                found.emptied.append((holder, _field(self.kind, holder, tie.empties), *free(holder, going)))
            elif tie.own:
                found.leaves.append(tie)
                found.first += [free(spec, level) for level in self._below(spec, keys, going, tie)]
        return found

    def _below(self, spec: CollectionSpec, keys: list[Key], going: list[Key], tie: Tie) -> Iterator[list[Key]]:
        """Rows of other chunks that refer to these, level by level."""
        seen = set(map(key_hash, keys))
        for _ in range(DEEPEST):
            new = [one for one in going if key_hash(one) not in seen]
            if not new:
                return
            seen.update(map(key_hash, new))
            yield new
            going = list(self._going(spec, new, {}, tie))

    def _going(self, spec: CollectionSpec, keys: list[Key], spare: Spare, tie: Tie) -> Iterator[Key]:
        """The rows of this order that refer by `tie` to these. Raises Permanent when one refers that stays as it is."""
        asked: Any = self.kind
        with closing(asked.holding(spec, keys, spare, tie, self._holder(tie))) as holding:
            for key in holding:
                if key in self._gone_keys(tie):
                    yield key
                elif tie.restricts:
                    raise Permanent("constraint", self._words(spec, tie, some=bool(self._gone_keys(tie))))

    def _all_going(self, change: Change, tie: Tie) -> bool:
        """Whether the rows that refer to these are exactly those of one finding of this order, as the system itself sees it."""
        named = [] if tie.own else self._named(tie)
        going = [one for one in named if one.masks is None or self._empties(one, tie)]
        if len(named) != 1 or not going or named[0].finding.rows < wholly.MANY:
            return False
        asked, now = whole(self.kind, named[0].spec), NOTHING
        for keys in () if asked is None else self.remembered.chunks(change.finding):
            found = (
                wholly.holding(self.remembered, asked, named[0].spec, change.spec, keys, tie)
                if asked is not None
                else None
            )
            if found is None:
                return False
            now = added(now, found)
        return asked is not None and now == wholly.digest(self.remembered, self.kind, asked, named[0].finding)

    def _gone_keys(self, tie: Tie) -> Keys:
        """The keys of the referring table's rows that this order deletes, or whose reference it empties anyway."""
        mark = (tie.name, tie.columns)
        if mark not in self._gone:
            going = [one for one in self._named(tie) if one.masks is None or self._empties(one, tie)]
            self._gone[mark] = Keys(keys for change in going for keys in self.remembered.chunks(change.finding))
        return self._gone[mark]

    def _words(self, spec: CollectionSpec, tie: Tie, *, some: bool) -> str:
        holder = self._holder(tie)
        place = holder.place if holder is not None else f"the table {tie.name}"
        which = "that are not part of this erasure" if some else "that stay"
        return (
            f"Rows of {place} {which} refer ({', '.join(tie.columns)}) to rows of {spec.place} that shall be deleted. Mask "
            f"{spec.place} instead of deleting, or let those rows go as well; then decide anew."
        )

    def _refuse_stuck(self, spec: CollectionSpec, keys: list[Key], tie: Tie) -> None:
        if tie.own and tie.stuck and not tie.empties:
            asked: Any = self.kind
            if any(True for _ in asked.holding(spec, keys, {}, tie, self._holder(tie), itself=True)):
                raise Permanent(
                    "constraint",
                    f"Rows of {spec.place} refer to themselves ({', '.join(tie.columns)}), which may not be empty, and this "
                    f"database lets no such row go. Let that column be empty there, or mask {spec.place}.",
                )

    def _refuse_unwritable(self, tie: Tie) -> None:
        holder = self._holder(tie)
        if holder is None or not tie.empties or not (tie.own or self._later(tie)):
            return
        name = _field(self.kind, holder, tie.empties)
        missing = base.lacking(self.kind, holder, Rights(updates=(name,)))
        if missing:
            raise Permanent("permission", missing[0])

    def _later(self, tie: Tie) -> bool:
        """Whether the referring rows are still there when what they refer to is deleted."""
        tables = [self._table(one) for one in self.changes]
        places = [place for place, name in enumerate(tables) if name in tie.names]
        targets = [place for place, one in enumerate(self.changes) if one.masks is None and tie in self.of(one.spec)]
        return bool(places and targets) and max(places) > min(targets)

    def _before(self, table: str) -> Iterator[tuple[str, bool]]:
        """The tables whose changes must be made before those of `table`; (name, whether it is indispensable)."""
        for change in self.changes:
            if self._table(change) != table or change.masks is not None:
                continue
            for tie in self.of(change.spec):
                for one in () if tie.own else self._named(tie):
                    if (one.masks is None and not tie.empties) or (one.masks is not None and self._empties(one, tie)):
                        yield self._table(one), tie.restricts and not tie.waits

    @cached_property
    def _holders(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(self._table(change), []).append(change)
        return found

    def _named(self, tie: Tie) -> list[Change]:
        return [one for name in tie.names for one in self._holders.get(name, ())]

    def _holder(self, tie: Tie) -> CollectionSpec | None:
        return next((one.spec for one in self._named(tie)), None)

    def _table(self, change: Change) -> str:
        return _stored(self.kind, change.spec).name

    def _empties(self, change: Change, tie: Tie) -> bool:
        """Whether the masks of a change empty a column of the reference."""
        if change.masks is None:
            return False
        empty = [
            name for name, one in change.masks.items() if one.value is None and not one.token and one.compute is None
        ]
        return any(_field(self.kind, change.spec, column) in empty for column in tie.columns)


def emptied(kind: Kind, deleted: Sequence[CollectionSpec]) -> Iterator[tuple[CollectionSpec, str]]:
    """(collection, field) of the references that have to be emptied before rows of these collections can go: those of a table
    to itself and those of a circle of tables.
    """
    asked = getattr(kind, "ties", None)
    by_table = {_stored(kind, one).name: one for one in deleted}
    holds: dict[str, dict[str, Tie]] = {name: {} for name in by_table}  # table -> what it refers to
    for target, spec in by_table.items():
        for tie in asked(spec) if asked is not None else ():
            for holder in tie.names & set(by_table) if tie.empties else ():
                holds[holder][target] = tie
    for holder, targets in holds.items():
        for target, tie in targets.items():
            if holder in _reached(target, holds):
                yield by_table[holder], _field(kind, by_table[holder], tie.empties)


def _reached(start: str, holds: Mapping[str, Mapping[str, Tie]]) -> set[str]:
    found, todo = {start}, [start]
    while todo:
        new = set(holds[todo.pop()]) - found
        found |= new
        todo += new
    return found


def delete(session: Changing, spec: CollectionSpec, keys: list[Key], spare: Spare, loose: Loose) -> int:
    """Delete these rows, and first what refers to them; how many of these went."""
    for holder, name, theirs, spared in loose.emptied:
        if theirs:
            session.update(holder, theirs, {name: Mask(None)}, spared)
    if not loose.leaves:
        return session.delete(spec, keys, spare)
    there = session.count(spec, keys, spare)
    asked: Any = session
    for theirs, spared in [*reversed(loose.first), (keys, spare)]:
        for _ in range(DEEPEST):
            some = asked.leaves(spec, theirs, spared, loose.leaves) if theirs else []
            if not some or not session.delete(spec, some, spared):
                break
    session.delete(spec, keys, spare)
    return there - session.count(spec, keys, spare)


def _sorted(tables: list[str], before: Callable[[str], Iterator[tuple[str, bool]]]) -> list[str]:
    """As they are, but each after those that `before` names. Raises Permanent for a circle of indispensable ones."""
    waits = {name: {other: must for other, must in before(name) if other != name} for name in tables}
    found: list[str] = []
    while len(found) < len(tables):
        rest = [name for name in tables if name not in found]
        ready = [name for name in rest if not set(waits[name]) & set(rest)]
        ready = ready or [
            name for name in rest if not any(waits[name][other] for other in set(waits[name]) & set(rest))
        ]
        if not ready:
            circle = _circle(rest, waits)
            raise Permanent(
                "constraint",
                f"The tables {', '.join(circle)} refer to each other in a circle, and none of the references may be empty, so "
                "no row can go first. Let one of them be empty there, or mask one of these tables.",
            )
        found.append(ready[0])
    return found


def _circle(rest: list[str], waits: Mapping[str, Mapping[str, bool]]) -> list[str]:
    path = [rest[0]]
    while True:
        following = next(other for other in waits[path[-1]] if other in rest)
        if following in path:
            return sorted(path[path.index(following) :])
        path.append(following)


def _stored(kind: Kind, spec: CollectionSpec) -> CollectionSpec:
    asked = getattr(kind, "stored", None)
    found: CollectionSpec = spec if asked is None else asked(spec)
    return found


def _field(kind: Kind, spec: CollectionSpec, column: str) -> str:
    """The described name of a column; an undescribed one is called by its own."""
    stored = _stored(kind, spec)
    pairs = zip(spec.fields, stored.fields, strict=True)
    return next((mine.name for mine, theirs in pairs if theirs.name == column), column)
