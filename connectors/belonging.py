"""Whether rows that were found are still this person's when they are read, corrected or erased.

The keys of a finding are frozen, the rows behind them are not: an account is handed to a colleague, an order is booked over,
a number is given out again. So each row is looked at once more by the field that it was found through: what stands there must
be among the values that led to it, and those come from rows that still are this person's, back to the identifiers. A row of
a retention run has no person: its date must still be before the day.

Values are held as hashes of 8 bytes. What does not compare equal at once, such as a number written in another way, is looked
for by the system itself before a row counts as somebody else's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from connectors import due
from connectors.kinds.base import Found, Key, Kind
from connectors.kinds.sql_values import plain
from connectors.kinds.whole import Only
from connectors.models import Finding, Receipt
from connectors.owners import Owners
from connectors.planning import thaw
from connectors.searching import VALUES_AT_ONCE, Searcher
from connectors.withdrawing import Withdrawn
from inventory.graph import CollectionSpec, Entry, Link, Name

MOST_FEW = 500  # values that go into a statement
Row = Mapping[str, Any]


class Way(Protocol):
    """One way by which rows of a collection came to be found."""

    names: tuple[str, ...]

    def mark(self, row: Row) -> int | None: ...

    def fits(self, row: Row, *, shared: bool) -> bool: ...

    def again(self) -> Iterator[tuple[Found, bool]]: ...

    def learn(self, mark: int, *, shared: bool) -> None: ...


@dataclass
class _ByValue:
    """By a field, or several together, that hold what an identifier or another row says."""

    names: tuple[str, ...]
    folded: bool
    belonging: "Belonging"
    spec: CollectionSpec
    entry: Entry
    # Not sure: rows that led here were changed by this very work, so what stood in them is not there to be compared.
    sure: bool = True
    alone: set[int] = field(default_factory=set)
    all: set[int] = field(default_factory=set)
    few: dict[Any, None] = field(default_factory=dict)  # the values of `alone` themselves, while they are few

    def mark(self, row: Row) -> int | None:
        """The hash of what the row holds; None when it holds nothing."""
        values = [row[name] for name in self.names]
        return None if None in values else marked(values, self.folded)

    def fits(self, row: Row, *, shared: bool) -> bool:
        mark = self.mark(row)
        if mark is None and any((self.spec.key, name) in self.belonging.emptied for name in self.names):
            return True  # emptied by this very work, so that what it referred to could go
        return not self.sure or mark in (self.all if shared else self.alone)

    def learn(self, mark: int, *, shared: bool) -> None:
        self.all.add(mark)
        if not shared:
            self.alone.add(mark)

    def again(self) -> Iterator[tuple[Found, bool]]:
        """What the system itself finds by these values."""
        kind = self.belonging.searcher.kind(self.spec.system)
        for values, shared in self.belonging.values(self.entry):
            if len(self.names) > 1:
                rows = kind.find_together(self.spec, self.names, values)
            else:
                rows = kind.find(self.spec, self.names[0], [one[0] for one in values], folded=self.folded)
            for row in rows:
                yield row, shared


class Proof:
    """Tells of the rows of one finding whether they are still this person's. No ways: nothing can be compared, all are."""

    def __init__(
        self, kind: Kind, spec: CollectionSpec, shared: bool, ways: Sequence[Way], people: Mapping[str, Sequence[Way]]
    ) -> None:
        self.kind, self.spec, self.shared, self.ways = kind, spec, shared, ways
        # Of a row that was theirs alone the other people's links must name nobody else.
        self.people = {} if shared else people
        self.only = None if shared or people else _only(ways)
        every = (*ways, *(one for each in self.people.values() for one in each))
        self.fields = tuple(dict.fromkeys(name for one in every for name in one.names))
        self._foreign: set[int] = set()

    def fits(self, row: Row) -> bool:
        """Whether a row, read with `fields`, compares equal at once."""
        if not self.ways:
            return True
        if not any(one.fits(row, shared=self.shared) for one in self.ways):
            return False
        named = [ways for link, ways in self.people.items() if row[link] is not None]
        return all(any(one.fits(row, shared=False) for one in ways) for ways in named)

    def odd(self, rows: Sequence[Row]) -> list[Row]:
        """Those of the rows that do not compare equal at once."""
        if not self.ways:
            return []
        if len(self.fields) == 1 and rows:  # mostly: one field, and in it one value for all
            name, first = self.fields[0], rows[0]
            value = first[name]
            if all(row[name] == value for row in rows):
                return [] if self.fits(first) else list(rows)
        return [row for row in rows if not self.fits(row)]

    def part(self, keys: Sequence[Key], who: Sequence[str] | None = None) -> tuple[list[Key], list[Key]]:
        """(keys of rows that are theirs or gone, keys of rows that are there and no longer theirs). `who`: the people of a
        chunk that knows several.
        """
        if not self.ways or not keys:
            return list(keys), []
        names, key = tuple(dict.fromkeys((*self.spec.primary_key, *self.fields))), self.spec.primary_key
        odd = self.odd(self.kind.read(self.spec, names, keys))
        if odd:
            self._look_again(
                [({name: row[name] for name in names}, _key_mark(row[name] for name in key)) for row in odd]
            )
        away = {_key_mark(row[name] for name in key) for row in odd if not self.fits(row)}
        if not away:
            return list(keys), []
        mine: list[Key] = []
        moved: list[Key] = []
        for one in keys:
            (moved if _key_mark(one) in away else mine).append(one)
        return mine, moved

    def _look_again(self, odd: list[tuple[Row, tuple[str, ...]]]) -> None:
        """Let the system compare what did not compare equal here; each value is looked for once."""
        for way in self.ways:
            marks = {key: mark for row, key in odd if (mark := way.mark(row)) is not None}
            if set(marks.values()) <= self._foreign:
                continue
            for found, shared in way.again():
                mark = marks.get(_key_mark(found.key))
                if mark is not None:
                    way.learn(mark, shared=shared)
            self._foreign.update(marks.values())


class _InTime(Proof):
    """Of a retention run: a row has no person, but its time must still be over."""

    def still(self, keys: Sequence[Key], who: Sequence[str]) -> list[Key]:
        """Those of the rows that are due."""
        return due.among(self.kind, self.spec, keys)

    def part(self, keys: Sequence[Key], who: Sequence[str] | None = None) -> tuple[list[Key], list[Key]]:
        """(keys of rows that are due or gone, keys of rows that are there and due no more)."""
        if not keys:
            return [], []
        names = self.spec.primary_key
        still = self.still(keys, who or ())
        there = {_key_mark(row[name] for name in names) for row in self.kind.read(self.spec, names, keys)}
        away = there - {_key_mark(one) for one in still}
        mine = [one for one in keys if not away or _key_mark(one) not in away]
        return mine, [one for one in keys if away and _key_mark(one) in away]


class _Withdrawn(_InTime):
    """The same, where it is over because consent was withdrawn: the ledger is asked, and whose the rows are."""

    def __init__(self, search: Withdrawn, kind: Kind, spec: CollectionSpec) -> None:
        super().__init__(kind, spec, False, [], {})
        self.search = search

    def still(self, keys: Sequence[Key], who: Sequence[str]) -> list[Key]:
        """Those of the rows that are due; nobody of these people can agree again before our transaction ends."""
        return self.search.still(self.spec, keys, list(map(UUID, who)))


class Belonging:
    """The proofs for the findings of one batch. What parents lead to is read once, when it is first asked for: ask before
    the first row is changed.
    """

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.steps = {one.step.collection: one.step for one in thaw(searcher.batch.plan)}
        self._ways: dict[tuple[Name, int], _ByValue] = {}
        self._proofs: dict[tuple[Name, str, bool], Proof] = {}
        self._begun: set[int] | None = None
        self.emptied: set[tuple[Name, str]] = set()
        # Finding -> how many of its rows are somebody else's by now, as far as it was read for what it leads to.
        self.moved: dict[int, tuple[Name, int]] = {}
        # Which of these rows are not as this work leaves them. A pass that was killed before its receipt may have changed
        # the very field that they were found by: such rows are not somebody else's.
        self.unlike: Callable[[Finding, list[Key]], list[Key]] = lambda finding, keys: keys

    def of(self, finding: Finding) -> Proof:
        """The proof for one finding."""
        name = (finding.dataset, finding.collection)
        mark = (name, finding.via, finding.shared)
        if mark not in self._proofs:
            spec = self.searcher.spec(name)
            self._proofs[mark] = self._proof(finding, spec, self.searcher.kind(spec.system))
        return self._proofs[mark]

    def _proof(self, finding: Finding, spec: CollectionSpec, kind: Kind) -> Proof:
        if isinstance(self.searcher, Withdrawn):
            return _Withdrawn(self.searcher, kind, spec)
        if self.searcher.batch.criteria:
            return _InTime(kind, spec, False, [], {})
        step = self.steps.get(spec.key)
        if step is None or getattr(kind, "by_hand", False):
            return Proof(kind, spec, finding.shared, [], {})
        ways = self._through(spec, finding.via)
        links = [link for link in spec.people if not finding.shared]
        people = {link: self._through(spec, link) for link in links}
        # As in the search: where what a link refers to is gone already, nobody can say whom it names.
        told = all(any(one.alone for one in found) for found in people.values())
        others = {link: found for link, found in people.items() if told and found and link != finding.via}
        return Proof(kind, spec, finding.shared, ways, others)

    def _through(self, spec: CollectionSpec, via: str) -> list[_ByValue]:
        entries = self.steps[spec.key].entries
        owners = Owners(spec, entries, lambda entry: ())
        return [self._way(spec, turn, one) for turn, one in enumerate(entries) if owners.via(one) == via]

    def _way(self, spec: CollectionSpec, turn: int, entry: Entry) -> _ByValue:
        if (spec.key, turn) not in self._ways:
            folded = spec.field(entry.field).folded
            way = _ByValue(entry.fields, folded, self, spec, entry, sure=self._sure(entry.source))
            for values, shared in self.values(entry) if way.sure else ():
                marks = [marked(one, folded) for one in values]
                way.all.update(marks)
                if not shared:
                    way.alone.update(marks)
                    if len(way.few) <= MOST_FEW:
                        way.few.update(dict.fromkeys(one[0] for one in values))
            self._ways[spec.key, turn] = way
        return self._ways[spec.key, turn]

    def _sure(self, link: Link | None) -> bool:
        if link is None or self._by_key(link):
            return True
        return not any(finding.pk in self.begun for finding in self.searcher.feeding(link))

    def _by_key(self, link: Link) -> bool:
        return not link.also and self.searcher.spec(link.parent).primary_key == (link.parent_field,)

    def values(self, entry: Entry) -> Iterator[tuple[list[Sequence[Any]], bool]]:
        """What an entry is searched by, from rows that still are this person's: (rows of values, whether they are shared)."""
        if entry.source is None:
            for portion in self.searcher.portions(entry):
                yield [(one,) for one in portion.values], portion.shared
            return
        link, parent = entry.source, self.searcher.spec(entry.source.parent)
        fields = link.parent_fields
        for finding in self.searcher.feeding(link):
            proof, away = self.of(finding), 0
            for whole in self.searcher.remembered.chunks(finding):
                for keys in _portions(whole):
                    if self.searcher.beat is not None:
                        self.searcher.beat()
                    # What this work changed was theirs when it was changed.
                    mine, moved = (keys, []) if finding.pk in self.begun else proof.part(keys)
                    foreign = set(self.unlike(finding, moved)) if moved else set()
                    mine = mine if len(foreign) == len(moved) else [one for one in keys if one not in foreign]
                    away += len(foreign)
                    if self._by_key(link):
                        yield list(mine), finding.shared
                    else:
                        read = self.searcher.kind(parent.system).read(parent, fields, mine)
                        rows = [tuple(row[name] for name in fields) for row in read]
                        yield [one for one in rows if None not in one], finding.shared
            self.moved[finding.pk] = (parent.key, away)
        for finding in self.searcher.earlier.of(parent) if self._by_key(link) else ():
            for erased in self.searcher.earlier.keys(parent, self.searcher.kind(parent.system), finding):
                yield list(erased), finding.shared

    @property
    def begun(self) -> set[int]:
        """The findings of which this batch has changed rows already."""
        if self._begun is None:
            rows = Receipt.objects.filter(chunk__finding__batch=self.searcher.batch)
            self._begun = set(rows.order_by().values_list("chunk__finding", flat=True).distinct())
        return self._begun


def _only(ways: Sequence[Way]) -> Only | None:
    """What a row must hold to be theirs, where that is said in few words: one field, and one of few values in it."""
    way = ways[0] if len(ways) == 1 else None
    if not isinstance(way, _ByValue) or not way.sure or len(way.names) > 1 or not 0 < len(way.few) <= MOST_FEW:
        return None
    return Only(way.names[0], tuple(way.few), way.folded)


def strayed(belonging: Belonging, name: Name) -> int:
    """How many of the rows that were found in a collection are there and no longer this person's."""
    remembered, count = belonging.searcher.remembered, 0
    for finding in remembered.findings(name):
        proof = belonging.of(finding)
        for keys in remembered.chunks(finding):
            moved = proof.part(keys)[1]
            count += len(belonging.unlike(finding, moved)) if moved else 0
    return count


def marked(values: Iterable[Any], folded: bool) -> int:
    """The hash of values in the form in which the search compares them."""
    texts = (str(plain(value)).rstrip(" ") for value in values)
    return hash(tuple(one.lower() if folded else one for one in texts))


def _key_mark(key: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(plain(one)) for one in key)


def _portions(keys: list[Key]) -> Iterator[list[Key]]:
    for place in range(0, len(keys), VALUES_AT_ONCE):
        yield keys[place : place + VALUES_AT_ONCE]
