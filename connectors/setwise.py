"""Deletes many rows of one person in one statement, which looks itself that each is there and still theirs, and no other goes.

Only where nothing but the deletion happens (see `kinds.whole`). Whatever is not as it was approved is taken back, and the rows
are looked at one by one.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Protocol

from connectors import frozen, sparing, throttling, tying, wholly
from connectors.belonging import Belonging
from connectors.kinds.base import Changing, Key, Kind
from connectors.kinds.whole import Only, These, Whole, spanned, whole
from connectors.models import Chunk
from connectors.searching import Searcher
from inventory.graph import CollectionSpec

if TYPE_CHECKING:
    from connectors.applying import Task

MOST_GROUPS = 5  # in one transaction, where they are quick
Group = list[tuple["Task", int]]  # chunks, each with what is done to it


class Work(Protocol):
    """The order at work, as far as it is needed here."""

    kind: Kind
    searcher: Searcher
    belonging: Belonging
    ties: tying.Ties
    held: sparing.Held | None

    def apart(self, spec: CollectionSpec, keys: list[Key]) -> sparing.Apart: ...

    def changing(self) -> AbstractContextManager[Changing]: ...


class _NotAll(Exception):
    """Not exactly the rows of a group went: each has to be looked at."""


class Setwise:
    """The deletions of one order that go many rows at a time."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.chunks: dict[int, tuple[int, int]] = {}  # chunk -> its number and its rows

    def only(self, task: "Task") -> Only | None:
        """By what the rows of a task can be deleted many at a time; None where they cannot."""
        if task.masks is not None or task.finding.rows < wholly.MANY or whole(self.work.kind, task.spec) is None:
            return None
        return None if self.work.ties.of(task.spec) else self.work.belonging.of(task.finding).only

    def strides(self, groups: list[Group]) -> Iterator[list[Group]]:
        """The groups, one by one; where whole sets go and go quickly, several as one, since each transaction costs the same."""
        turn, stride = 0, 1
        while turn < len(groups):
            some = groups[turn : turn + stride]
            taken = list(takewhile(lambda group: all(self.only(task) for task, _ in group), some)) or some[:1]
            began = time.monotonic()
            yield taken
            turn, stride = turn + len(taken), throttling.stride(stride, time.monotonic() - began, MOST_GROUPS)

    def delete(self, group: Group) -> bool:
        """Delete all of a group in one statement for each task. Nothing is done when one row is not there and theirs."""
        for named in (self._between, self._listed):
            todo = []
            for _, some in groupby(group, key=lambda one: one[0].finding.pk):
                parts = list(some)
                task, pks = parts[0][0], [pk for _, pk in parts]
                only, asked = self.only(task), whole(self.work.kind, task.spec)
                if only is None or asked is None:
                    return False
                these = named(task, only, pks)
                if these is None:
                    break
                todo.append((asked, only, these))
            else:
                if self._deleted(todo):
                    return True
                for task, _ in group:  # other rows of theirs stand between these: no use trying spans again
                    self.work.searcher.remembered.spans[task.finding.pk] = None
        return False

    def _deleted(self, todo: list[tuple[Whole, Only, These]]) -> bool:
        """Whether all of these went and nothing else."""
        try:
            with self.work.changing() as session:
                for asked, only, these in todo:
                    if not asked.delete(session, these, only):
                        raise _NotAll
        except _NotAll:
            return False
        return True

    def _between(self, task: "Task", only: Only, pks: list[int]) -> These | None:
        """The keys of some chunks as a span, where they were read for the search before the first row, and nobody is held."""
        known = self.work.searcher.remembered.spans.get(task.finding.pk)
        if self.work.held is not None or not known:
            return None
        span = spanned(known[self.chunks[pk][0]] for pk in pks)
        return span if span.dense else None

    def _listed(self, task: "Task", only: Only, pks: list[int]) -> These | None:
        """The keys of some chunks one by one, where a legal hold protects none of them."""
        chunks = [one for _, one in frozen.stored(Chunk.objects.filter(pk__in=pks))]
        return frozen.numbers(chunks) or None if self._none_held(task.spec, only, chunks) else None

    def _none_held(self, spec: CollectionSpec, only: Only, chunks: list[frozen.Frozen]) -> bool:
        if self.work.held is None:
            return True
        keys = [key for one in chunks for key in one.keys]
        apart = self.work.apart(spec, keys)
        return len(apart.keys) == len(keys) and wholly.spares_none(only, apart.spare)
