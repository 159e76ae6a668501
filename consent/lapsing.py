"""Whose consent to a purpose is withdrawn, and since when: what retention asks before rows go, and again at each chunk.

What goes wrong if this is wrong: the rows of somebody who agreed are deleted. So in doubt nobody is named here:
1. what counts is a Yes taken back and an objection (GDPR art. 7(3) and 21), and a plain No that followed a Yes; a first No, a
   browser's signal and a Yes that ended are none of these, and who never chose is not asked about;
2. the time begins with the first such No since the last Yes: to say No once more does not begin it anew;
3. people who were merged are one, with the newest choice of all of them;
4. a Yes that awaits its link keeps the rows until it is confirmed or has lapsed.
Locked, the answer holds until the transaction ends: a Yes of these people waits, and so does whoever merges them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from consent import deciding
from consent.models import Choice, Standing
from inventory.models import Purpose
from subjects.models import DataSubject

Act = Choice.Act
TAKES_BACK = (Act.WITHDRAWN, Act.OBJECTED)
# Of a choice: whether it is a Yes, its act, when it was made.
Said = tuple[bool, str, datetime]


def since(history: Sequence[Said]) -> datetime | None:
    """When consent was withdrawn, given all that was said of one purpose, the newest first; None: it is not."""
    noes: list[Said] = []
    for one in history:
        if one[0]:
            break
        noes.append(one)
    agreed = len(noes) < len(history)
    told = [at for _, act, at in noes if act in TAKES_BACK or (act == Act.REFUSED and agreed)]
    return min(told, default=None)


class Ledger:
    """Our own ledger of choices, for rooms that must not look into it themselves."""

    def portions(self, purpose: str, most: int) -> Iterator[list[UUID]]:
        """People for whom a No to this purpose stands, by their ids, at most so many at once."""
        people = DataSubject.objects.filter(pk=OuterRef("holder"), merged_into=None, forgotten_at=None)
        noes = Standing.objects.filter(purpose__key=purpose, granted=False).order_by("holder")
        after, full = UUID(int=0), True
        while full:
            # Named for both, so that neither table is read from its beginning for each portion.
            rows = noes.filter(Exists(people.filter(pk__gt=after)), holder__gt=after)
            some = list(rows.values_list("holder", flat=True)[:most])
            if some:
                yield some
                after = some[-1]
            full = len(some) == most

    def many(self, purpose: str, most: int) -> bool:
        """Whether a No to this purpose stands for more than so many."""
        return Standing.objects.filter(purpose__key=purpose, granted=False)[: most + 1].count() > most

    def withdrawn(self, purpose: str, people: Iterable[UUID], *, lock: bool = False) -> dict[UUID, datetime]:
        """Those of these people whose consent is withdrawn, with the moment; nobody who was merged into another.

        `lock`: inside the caller's transaction, so that nobody agrees again before its end. As many queries for one as for all.
        """
        known = Purpose.objects.filter(key=purpose).values_list("pk", flat=True).first()
        roots = _still_themselves(people, lock=lock)
        if known is None or not roots:
            return {}
        persons = {one: one for one in roots}
        persons |= dict(DataSubject.objects.filter(merged_into__in=roots).values_list("pk", "merged_into_id"))
        noes = _noes(known, persons, lock=lock)
        said = _said(known, {one: root for one, root in persons.items() if root in noes})
        found = {root: at for root, history in said.items() if (at := since(history)) is not None}
        waiting = {persons[who] for who, _ in deciding.pending(persons, [known], timezone.now())} if found else set()
        return {root: at for root, at in found.items() if root not in waiting}


def _still_themselves(people: Iterable[UUID], *, lock: bool) -> list[UUID]:
    """Who is neither merged nor forgotten. The lock stops a merge and lets a choice be recorded, see `_noes`."""
    rows = DataSubject.objects.filter(pk__in=list(people)).order_by("pk")
    rows = rows.select_for_update(no_key=True) if lock else rows
    found = rows.values_list("pk", "merged_into_id", "forgotten_at")
    return [pk for pk, merged_into, forgotten in found if merged_into is None and forgotten is None]


def _noes(purpose: int, persons: dict[UUID, UUID], *, lock: bool) -> set[UUID]:
    """The people for whom a No holds now. Only with a row of their own: it is what a new choice of theirs waits for."""
    rows = Standing.objects.filter(purpose=purpose, holder__in=list(persons)).order_by("holder")
    rows = rows.select_for_update() if lock else rows
    newest, own = dict[UUID, tuple[Any, ...]](), set[UUID]()
    for holder, granted, chosen, recorded, choice in rows.values_list(
        "holder", "granted", "chosen_at", "recorded_at", "choice_id"
    ):
        root, this = persons[holder], (chosen, recorded, choice.bytes, granted)
        newest[root] = max(newest.get(root, this), this)
        if holder == root:
            own.add(root)
    return {root for root, one in newest.items() if root in own and not one[-1]}


def _said(purpose: int, persons: dict[UUID, UUID]) -> dict[UUID, list[Said]]:
    """All that these people said of the purpose, the newest first."""
    found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    rows = Choice.objects.filter(purpose=purpose, subject__in=list(persons)).order_by()
    for pk, who, granted, act, chosen, recorded in rows.values_list(
        "pk", "subject_id", "granted", "act", "chosen_at", "recorded_at"
    ):
        found[persons[who]].append((chosen, recorded, pk.bytes, granted, act))
    return {
        root: [(granted, act, chosen) for chosen, _, _, granted, act in sorted(each, reverse=True)]
        for root, each in found.items()
    }
