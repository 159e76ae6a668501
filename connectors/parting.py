"""Which rows a retention run counts: those that are due, without those that a legal hold protects and those that are already as
they are to be. The held ones are told apart, by their number; they make no run by themselves.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from django.db import transaction

from connectors import holds, masking, sparing
from connectors.alike import loosely
from connectors.keyed import system_secret
from connectors.kinds.base import Found, Key, Kind, Mask
from connectors.searching import Searcher
from connectors.strategies import Secrets
from inventory.graph import CollectionSpec, Name

AT_ONCE = 1000


def holds_now(searcher: Searcher) -> sparing.Held | None:
    """What all active holds keep at this moment. To count only: what erases looks again, under a lock, at each chunk."""
    with transaction.atomic():
        stamp = holds.look()
    return None if stamp is None else sparing.Held(searcher, stamp.own)


class Parting:
    """Parts the rows of one search by date. `held`: how many of each collection are due and protected by a hold."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.held: Counter[Name] = Counter()
        self._keeps: tuple[sparing.Held | None] | None = None
        self._masks: dict[Name, Mapping[str, Mask] | None] = {}

    @property
    def keeps(self) -> sparing.Held | None:
        """What holds keep, looked up once for this search."""
        if self._keeps is None:
            self._keeps = (holds_now(self.searcher),)
        return self._keeps[0]

    def __call__(self, spec: CollectionSpec, rows: Iterable[Found]) -> Iterator[Found]:
        """Those of the rows that are due."""
        kind, masks = self.searcher.kind(spec.system), self.masks(spec)
        if self.keeps is None and masks is None:
            yield from rows
            return
        coming = iter(rows)
        while some := list(islice(coming, AT_ONCE)):
            keys = [one.key for one in some]
            free = set(self._free(kind, spec, keys, masks))
            yield from (one for one in some if one.key in free)

    def masks(self, spec: CollectionSpec) -> Mapping[str, Mask] | None:
        """What an erasure writes into the rows; None where it deletes them, or leaves them."""
        if spec.erase != "mask":
            return None
        if spec.key not in self._masks:
            batch = self.searcher.batch
            secrets = Secrets(bytes.fromhex(batch.salt or ""), system_secret(spec.system))
            columns = self.searcher.kind(spec.system).columns(spec)
            via = batch.criteria["field"]
            self._masks[spec.key] = masking.erasing(spec, via, False, columns, secrets, anonymously=False)
        return self._masks[spec.key]

    def _free(self, kind: Kind, spec: CollectionSpec, keys: list[Key], masks: Mapping[str, Mask] | None) -> list[Key]:
        if masks is None:
            assert self.keeps is not None
            free = _unspared(kind, spec, self.keeps.apart(kind, spec, keys))
            self.held[spec.key] += len(keys) - len(free)
            return free
        parts = [sparing.Part(masks, sparing.Apart(keys, {}))]
        if self.keeps is not None:
            parts = self.keeps.parts(kind, spec, keys, masks)
        found = dict[Key, None]()
        for part in parts:
            found.update(dict.fromkeys(_unlike(kind, spec, _unspared(kind, spec, part.apart), part.masks)))
        kept = [] if self.keeps is None else [one for one in keys if one not in found]
        self.held[spec.key] += len(_unlike(kind, spec, kept, masks))
        return list(found)


def _unspared(kind: Kind, spec: CollectionSpec, apart: sparing.Apart) -> list[Key]:
    """The keys without those of rows that hold what is spared. In doubt a row counts as due: what deletes looks again."""
    if not apart.spare or not apart.keys:
        return apart.keys
    with kind.looking() as session:
        asked = getattr(session, "leaves", None)
        if asked is not None:
            return list(asked(spec, apart.keys, apart.spare, ()))
    wanted: dict[str, set[Any]] = {name: set(map(loosely, values)) for name, values in apart.spare.items()}
    rows = kind.read(spec, dict.fromkeys((*spec.primary_key, *wanted)), apart.keys)
    spared = {
        tuple(loosely(row[name]) for name in spec.primary_key)
        for row in rows
        if any(loosely(row[name]) in values for name, values in wanted.items())
    }
    return [key for key in apart.keys if tuple(map(loosely, key)) not in spared]


def _unlike(kind: Kind, spec: CollectionSpec, keys: list[Key], masks: Mapping[str, Mask]) -> list[Key]:
    """Those of the rows that are not as the masks leave them: halved until all of a part are, or none."""
    if not keys or not masks:
        return []
    with kind.looking() as session:
        todo, found = [keys], list[Key]()
        while todo:
            some = todo.pop()
            count = session.count_unlike(spec, some, masks, {})
            if count == len(some):
                found += some
            elif count and len(some) > 1:
                todo += [some[: len(some) // 2], some[len(some) // 2 :]]
        return found
