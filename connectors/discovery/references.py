"""Writes the references of accepted proposals. A key of several columns goes in whole or not at all, and leaves as a whole: one
column of it alone would lead to rows of other people.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from connectors.models import Proposal
from inventory.models import Collection, Field, Reference, System

Kind = Proposal.Kind
Said = Mapping[str, Any]
GROUPED = 2  # the length of a key that stands for a group: its home and its name


def write(collection: Collection, fields: Sequence[Said], to: str = "") -> None:
    """Write what `fields` of a collection refer to, as far as it is described; what is there already stays.

    `to`: only what refers to this collection. What is not described yet is written when its own proposal is accepted.
    """
    together: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
    for said in fields:
        for one in said.get("references", ()):
            given = dict(one) if isinstance(one, Mapping) else {"target": one}
            home = str(given["target"]).rpartition(".")[0]
            if home == (to or home):
                alone: tuple[str, ...] = (home, said["name"], str(given["target"]))
                key = (home, str(given["group"])) if given.get("group") else alone
                together.setdefault(key, []).append((said["name"], given))
    for key, rows in together.items():
        if len(key) == GROUPED and len(rows) == 1:
            continue  # one column of a key: what the others refer to is not known
        tied = [(collection.fields.filter(name=name).first(), _target(given["target"]), given) for name, given in rows]
        if any(mine is None or target is None for mine, target, _ in tied):
            continue
        for mine, target, given in tied:
            way = {"direction": given["direction"]} if "direction" in given else {}
            group = given.get("group", "")
            Reference.objects.get_or_create(field=mine, target=target, group=group, defaults=way)


def write_others(system: System, collection: Collection) -> None:
    """Write what tables and columns that were accepted before refer to in this collection."""
    accepted = Q(kind__in=(Kind.NEW_TABLE, Kind.NEW_COLUMN), state=Proposal.State.ACCEPTED)
    for row in Proposal.objects.filter(accepted, system=system).order_by("pk"):
        if row.kind == Kind.NEW_TABLE:
            fields = row.suggestion["collection"]["fields"]
        else:
            fields = [row.suggestion["field"], *row.suggestion.get("beside", ())]
        home = Collection.objects.filter(dataset__system=system, name=row.table).first()
        if home is not None:
            write(home, fields, to=f"{collection.dataset.key}.{collection.name}")


def forget(collection: Collection, column: str) -> None:
    """Remove the keys of several columns that a column is part of, at either end."""
    here = Q(field__collection=collection, field__name=column) | Q(target__collection=collection, target__name=column)
    for one in Reference.objects.filter(here).exclude(group="").select_related("field", "target"):
        Reference.objects.filter(
            field__collection=one.field.collection_id, target__collection=one.target.collection_id, group=one.group
        ).delete()


def _target(path: str) -> Field | None:
    """The field that a path names; None while its table is not described, or left out."""
    for one in Field.objects.filter(name=path.rpartition(".")[2]).select_related("collection__dataset"):
        if f"{one.collection.dataset.key}.{one.collection.name}.{one.name}" == path and not one.collection.skip:
            return one
    return None
