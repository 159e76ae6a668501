"""Retention by withdrawn consent: the rows of one collection that belong to people who withdrew, found from their identifiers.

Some people at a time are followed through the systems as a person's request follows one, in memory: the same walk, the same
rules for whose a row is. The keys go into chunks, each with the ids of its people, and each chunk asks anew before it goes:
who of them has not agreed again (the ledger's rows are locked), and which of its rows are theirs still. All else stays.
A row of two people stays, whoever they are, and so does one that anybody else's rows lead to.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from connectors import people
from connectors.kinds.base import Found, Key, Permanent
from connectors.kinds.sql_values import plain
from connectors.models import Batch, Finding
from connectors.parting import Parting
from connectors.people import Known
from connectors.planning import Planned
from connectors.searching import Hit, Searcher
from connectors.sharing import form
from connectors.sparing import Followed
from inventory.dating import Counted, Due
from inventory.graph import CollectionSpec, Graph, Name, Step
from inventory.walking import walk

PURPOSE = "purpose"
FEW = 3


def by_consent(batch: Batch) -> bool:
    """Whether a batch takes the rows of people who withdrew, and not rows by their dates."""
    return PURPOSE in batch.criteria


def leads_to(graph: Graph, name: Name) -> bool:
    """Whether what people are found by leads to a collection at all."""
    return any(one.collection == name for one in walk(graph, people.KINDS).steps)


class Withdrawn(Searcher):
    """The search of one batch by withdrawn consent."""

    def hits(self, planned: Planned) -> Iterator[Hit]:
        """The rows of everybody who withdrew before the day, each with the people it was found for."""
        spec, before = self.spec(planned.step.collection), date.fromisoformat(self.batch.criteria["before"])
        seen: set[int] = set()  # of rows that two people's identifiers lead to, see `_twice`
        for found in people.portions(self.batch.criteria[PURPOSE]):
            who = people.before_day(found, before)
            if self.beat is not None:
                self.beat()
            rows = self.rows(spec, before, who)
            if self._twice(spec.key):
                rows = [row for row in rows if hash(repr(row.key)) not in seen]
                seen.update(hash(repr(row.key)) for row in rows)
            named = tuple(map(str, who))
            for row in rows if self.parting is None else self.parting(spec, rows):
                yield Hit(self.batch.criteria["field"], False, row, people=named)

    def rows(self, spec: CollectionSpec, before: date, who: Collection[UUID], *, lock: bool = False) -> list[Found]:
        """The rows that are these people's alone; `who` have withdrawn before the day."""
        known = people.known(self.batch.criteria[PURPOSE], before, who, lock=lock)
        rows = self._found(spec.key, known)
        if rows and known.others:
            theirs = {_mark(one) for one in Followed(self, known.others).all(spec.key)}
            rows = [one for one in rows if _mark(one.key) not in theirs]
        return rows

    def still(self, spec: CollectionSpec, keys: Sequence[Key], who: Collection[UUID]) -> list[Key]:
        """Those of the rows that are due at this moment, for these people, whose state in the ledger is locked from now on."""
        criteria = self.batch.criteria
        before = date.fromisoformat(criteria["before"])
        left = people.due(criteria[PURPOSE], before, who, lock=True)
        found = {_mark(one.key) for one in self.rows(spec, before, left, lock=True)} if left else set()
        return [one for one in keys if _mark(one) in found]

    def _found(self, name: Name, known: Known) -> list[Found]:
        if getattr(self.kind(self.spec(name).system), "by_hand", False):
            raise Permanent("by_hand", f"{'.'.join(name)} is worked by hand, so nobody can look there row by row.")
        search = Searcher(Batch(pk=None, identities=known.identities), self.graph, self.beat)
        search.connections, search._kinds = self.connections, self._kinds
        for step in self._leading(name, known.identities):
            spec = search.spec(step.collection)
            if getattr(search.kind(spec.system), "by_hand", False):
                continue  # what is on paper leads nowhere by itself
            groups: dict[tuple[str, bool], list[Found]] = {}
            for hit in search.hits(Planned(step, spec.system, 0)):
                groups.setdefault((hit.via, hit.shared or not hit.sure), []).append(hit.row)
            if step.collection == name:
                return _alone(spec, groups)
            search.remembered.learn(step.collection, [_finding(spec, *way, rows) for way, rows in groups.items()])
        return []

    def _leading(self, name: Name, identities: Iterable[str]) -> list[Step]:
        """The steps of a search that lead to a collection, in order, with itself; none where nothing leads there."""
        steps = {one.collection: one for one in walk(self.graph, identities).steps}
        wanted, todo = set[Name](), [name] if name in steps else []
        while todo:
            one = todo.pop()
            wanted.add(one)
            leading = {entry.source.parent for entry in steps[one].entries if entry.source is not None}
            todo += leading - wanted
        return [one for one in steps.values() if one.collection in wanted]

    def _twice(self, name: Name) -> bool:
        """Whether one row may be found for two people, in different portions: something on the way has two ways in."""
        return any(len(one.entries) > 1 for one in self._leading(name, people.KINDS))


def _alone(spec: CollectionSpec, groups: Mapping[tuple[str, bool], list[Found]]) -> list[Found]:
    """The rows that concern nobody else. Who the people are that a row names is not asked: two names are two people."""
    others = {_mark(row.key) for (_, shared), rows in groups.items() if shared for row in rows}
    found = {_mark(row.key): row for (_, shared), rows in groups.items() if not shared for row in rows}
    return [
        row
        for mark, row in found.items()
        if mark not in others and len({form(one) for one in row.people.values() if one is not None}) < 2
    ]


def _finding(spec: CollectionSpec, via: str, shared: bool, rows: list[Found]) -> tuple[Finding, list[list[Key]]]:
    """What a step found, kept in memory for the next one."""
    finding = Finding(dataset=spec.dataset, collection=spec.name, via=via, shared=shared, rows=len(rows))
    return finding, [[one.key for one in rows]]


def _mark(key: Key) -> tuple[str, ...]:
    return tuple(str(plain(one)) for one in key)


# ---------------------------------------------------------------- counts


def counted(spec: CollectionSpec, due: Due, days: Sequence[date]) -> Counted:
    """How many rows are due at each of these days, in one pass over the people. Exact for a few days; for many, what is due
    later is added to what was due before, so that rows of several people who withdraw one after the other may be left out.
    """
    search, past = of(spec, due), dict.fromkeys(sorted(days), 0)
    for found in people.portions(due.purpose):
        last, rows = list[UUID](), 0
        for day in past:
            who = people.before_day(found, day)
            if len(who) > len(last):
                if len(past) > FEW:
                    rows += len(search.rows(spec, day, set(who) - set(last)))
                else:
                    rows = len(search.rows(spec, day, who))
                last = who
            past[day] += rows
    return Counted(tuple(past[one] for one in days))


def held(spec: CollectionSpec, due: Due) -> int:
    """How many of the rows that are due a legal hold protects."""
    search = of(spec, due)
    parting = search.parting = Parting(search)
    if parting.keeps is None:
        return 0
    for _ in search.hits(Planned(Step(spec.key, (), 0), spec.system, 0)):
        pass
    return parting.held[spec.key]


def of(spec: CollectionSpec, due: Due) -> Withdrawn:
    """A search without a batch."""
    criteria = {PURPOSE: due.purpose, "before": due.before.isoformat(), "field": "", "collection": list(spec.key)}
    return Withdrawn(Batch(pk=None, criteria=criteria))
