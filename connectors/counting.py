"""Counts by date without a batch: how many rows are due, now or on days to come, and how many a hold keeps. Reads only."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from connectors import due, sparing, withdrawing
from connectors.kinds import base
from connectors.models import Batch, Connection
from connectors.searching import Searcher
from inventory import mapping
from inventory.dating import Counted, Due
from inventory.graph import CollectionSpec

AT_ONCE = 1000


def counted(spec: CollectionSpec, wanted: Due, days: Sequence[date]) -> Counted:
    """How many rows are due on each of `days`. Raises base.Permanent and base.Temporary as the engine knows them."""
    if wanted.purpose:
        return withdrawing.counted(spec, wanted, days)
    return due.count(_kind(spec), replace(spec, due=wanted), days)


def held(spec: CollectionSpec, wanted: Due) -> int:
    """How many of the rows that are due belong to people under a legal hold that covers them."""
    if wanted.purpose:
        return withdrawing.held(spec, wanted)
    own = getattr(_kind(spec), "count_held", None)
    if own is not None:
        return int(own(replace(spec, due=wanted)))
    searcher = Searcher(Batch(), mapping.graph())
    keeping = sparing.Held(searcher)
    if not keeping.groups:
        return 0
    dated, kind = replace(spec, due=wanted), _kind(spec)
    keys = keeping.rows(spec)
    return sum(len(due.among(kind, dated, keys[at : at + AT_ONCE])) for at in range(0, len(keys), AT_ONCE))


def _kind(spec: CollectionSpec) -> base.Kind:
    known = Connection.objects.filter(system__key=spec.system).first()
    if known is None:
        raise base.Permanent("connection", f"System {spec.system} has no connection. Add one, then retry.")
    return base.open_kind(known)
