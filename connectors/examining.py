"""Looks at a whole connection before anything is touched: does each described collection and field exist, is its key a key, do
its masks fit, and may our login do what the work needs. Reads the other system's schema and never a row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from connectors import carrying, masking, rights
from connectors.kinds import base, sql_schema
from connectors.kinds.base import Kind, Mask, Permanent, Rights, Temporary
from connectors.models import Connection
from connectors.strategies import Secrets
from inventory import mapping
from inventory.graph import CollectionSpec, Graph
from inventory.models import System

SHOWN = 5
SILENT = "The system did not answer. Check its address, its port and our network, then test again."


@dataclass(frozen=True)
class Fault:
    """What a person has to mend: in which collection ("" for the whole connection), of which sort, and a sentence."""

    place: str
    code: str
    sentence: str


def examine(connection: Connection, *, actor: Actor) -> list[Fault]:
    """Everything that would stop the work in this system; an empty list when nothing would."""
    sql_schema.forget()
    faults = list(dict.fromkeys(_faults(connection)))
    with log.atomic():
        log.record("connection.examined", actor=actor, noun=connection, faults=len(faults))
    return faults


def told(faults: list[Fault], connection: Connection) -> str:
    """The faults as the desk shows them. Raises Refused with their sentences; without any, a sentence that says so."""
    if not faults:
        return "Nothing is to be mended: schema, keys, masks and rights fit the description."
    more = len(faults) - SHOWN
    rest = f" And {more} more: manage.py connection {connection.system.key} lists all." if more > 0 else ""
    raise Refused(" ".join(one.sentence for one in faults[:SHOWN]) + rest, code="connection")


def _faults(connection: Connection) -> Iterator[Fault]:
    try:
        kind = base.open_kind(connection)
        kind.check()
    except Permanent as error:
        yield Fault("", error.code, error.sentence)
        return
    except Temporary:
        yield Fault("", "connection", SILENT)
        return
    graph = mapping.graph(roles=tuple(System.Role.values))
    described = list(rights.of_system(graph, connection.system.key))
    if not described:
        yield Fault("", "schema", "No collection of this system is described. Describe what it holds in the inventory.")
    for spec, needed in described:
        yield from _collection(kind, spec, needed, graph)


def _collection(kind: Kind, spec: CollectionSpec, needed: Rights, graph: Graph) -> Iterator[Fault]:
    try:
        yield from _schema(kind, spec, needed)
        for sentence in carrying.sentences(kind, spec, graph) if needed.deletes else ():
            yield Fault(spec.place, "cascade", sentence)
    except Permanent as error:
        yield Fault(spec.place, error.code, error.sentence)
        return
    except Temporary:
        yield Fault(spec.place, "connection", SILENT)
        return


def _schema(kind: Kind, spec: CollectionSpec, needed: Rights) -> Iterator[Fault]:
    columns = kind.columns(spec)
    missing = [name for name in dict.fromkeys((*needed.reads, *needed.updates)) if name not in columns]
    for name in missing:
        sentence = (
            f"{spec.place} has no column {name}. Mend the description, or ask for the right to see it, then retry."
        )
        yield Fault(spec.place, "schema", sentence)
    if not spec.primary_key:
        yield Fault(spec.place, "schema", f"{spec.place} has no key in its description. Name one, then retry.")
    elif not kind.keyed(spec):
        sentence = f"The described key of {spec.place} is not unique there, so rows cannot be told apart. Mend it."
        yield Fault(spec.place, "schema", sentence)
    for sentence in base.lacking(kind, spec, needed) or ():
        yield Fault(spec.place, "permission", sentence)
    if missing or not spec.primary_key:
        return
    masks = _masks(spec, columns)
    if needed.deletes:
        base.ready(kind, spec, None)
    if masks:
        base.ready(kind, spec, masks)


def _masks(spec: CollectionSpec, columns: dict[str, base.Column]) -> dict[str, Mask]:
    """All that may be written there. Raises Permanent for a mask that does not fit its field."""
    found: dict[str, Mask] = {}
    if spec.erase == "mask":
        found |= masking.erasing(spec, "", False, columns, Secrets())
    for via in ("", *spec.people):
        if via and spec.erase_shared == "mask":
            found |= masking.erasing(spec, via, True, columns, Secrets())
        found |= masking.suppressing(spec, via, bool(via), columns)
        found |= masking.restricting(spec, via, bool(via), columns)
    return found
