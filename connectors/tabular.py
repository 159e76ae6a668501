"""Reads the rows of a whole collection, streamed, for a table that is about nobody in particular. Only what is asked for leaves
the other system, and nothing is kept here.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from audit.refusal import Refused
from connectors.kinds import base
from connectors.kinds.base import Permanent
from connectors.models import Connection
from connectors.reading import plain
from inventory import mapping
from inventory.graph import CollectionSpec, Name

READ_AT_ONCE = 2000


def readable(name: Name) -> CollectionSpec:
    """The description of a collection whose rows can be read as a whole: it is dated, for that is how kinds of systems find
    rows that are nobody's in particular. Raises Refused.
    """
    spec = mapping.graph().collections.get(name)
    if spec is None:
        raise Refused(
            "This collection is not in the inventory, or not ours to use.",
            code="collection_unknown",
            field="collection",
        )
    if not spec.dated_by:
        raise Refused(
            "No field dates the rows of this collection, so they cannot be read as a whole. Name one in the inventory, or hand"
            " in a file.",
            code="collection_undated", field="collection",
        )  # fmt: skip
    return spec


def rows(name: Name, fields: Sequence[str], before: date) -> Iterator[dict[str, object]]:
    """These fields of each row that is dated before a day. Raises Refused, Permanent or Temporary of the kind."""
    spec = readable(name)
    known = {one.name for one in spec.fields}
    missing = [one for one in fields if one not in known]
    if missing:
        raise Refused(f"The inventory knows no field {missing[0]} there.", code="field_unknown", field="parameters")
    connection = Connection.objects.filter(system__key=spec.system).first()
    if connection is None:
        raise Permanent("connection", "This system is not connected. Connect it, or hand in a file.")
    kind = base.open_kind(connection)
    found = kind.find_before(spec, spec.dated_by, before)
    while keys := [one.key for one in islice(found, READ_AT_ONCE)]:
        for row in kind.read(spec, list(fields), keys):
            yield {one: plain(row[one]) for one in fields}
