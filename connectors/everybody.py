"""All values of one field of a collection, streamed: for a comparison with a list that only we have. Reads only."""

from collections.abc import Iterator
from typing import Any

from connectors.kinds import base
from connectors.models import Connection
from inventory.graph import CollectionSpec


def values(spec: CollectionSpec, field: str) -> Iterator[Any]:
    """What the rows hold in a field, row by row, without nulls. Raises Permanent for a kind that cannot be streamed."""
    known = Connection.objects.filter(system__key=spec.system).first()
    if known is None:
        raise base.Permanent("connection", f"System {spec.system} has no connection. Add one, then retry.")
    own = getattr(base.open_kind(known), "every", None)
    if own is None:
        raise base.Permanent("kind", f"Systems like that of {spec.place} cannot be looked through as a whole.")
    yield from own(spec, field)
