"""The verbs on proposals: accept one, with what the colleague made of it, or dismiss it with a reason.

Only these write what a survey proposed into the inventory; a guess becomes a description when somebody says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from audit import actor, log
from audit.refusal import Refused
from connectors.discovery import references, surveying
from connectors.discovery.guessing import HIGH
from connectors.discovery.wording import known
from connectors.discovery.words import CATEGORIES
from connectors.models import Proposal
from inventory.descriptions import checks
from inventory.descriptions.keys import COLUMNS
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System

Kind = Proposal.Kind
NO_CATEGORY = "-"


@dataclass(frozen=True)
class Choices:
    """What the colleague changed: a category by column (NO_CATEGORY: no personal data), how rows are erased, or left out."""

    categories: Mapping[str, str] = field(default_factory=dict)
    erase: str = ""
    keep_ground: str = ""
    skip: bool | None = None


def accept(proposal: Proposal, *, by: User, choices: Choices | None = None, seen: str = "") -> None:
    """Write what a proposal says, as the colleague chose, into the inventory. Raises Refused when it is decided already,
    is not what they saw any more (`seen`: its fingerprint then), or says what the inventory cannot hold.
    """
    with log.atomic():
        row = _open(proposal)
        if seen and seen != row.fingerprint:
            raise Refused("The system changed since this was shown. Look at it again, then decide.", code="changed")
        _write(row, choices or Choices())
        _decide(row, Proposal.State.ACCEPTED, by)
        log.record("proposal.accepted", actor=actor.staff(by.pk), noun=row, system=row.system.key, kind=row.kind)


def dismiss(proposal: Proposal, *, reason: str, by: User) -> None:
    """Put a proposal aside with a reason; it comes back only when what was seen there changes."""
    if not reason.strip():
        raise Refused("Say in a few words why, for whoever looks next.", code="missing", field="reason")
    with log.atomic():
        row = _open(proposal)
        _decide(row, Proposal.State.DISMISSED, by, reason.strip()[:200])
        log.record("proposal.dismissed", actor=actor.staff(by.pk), noun=row, system=row.system.key, kind=row.kind)


def sure_ones(system: System | None = None) -> "list[Proposal]":
    """The open proposals that may be accepted together: new tables and columns with a high confidence."""
    rows = Proposal.objects.filter(
        state=Proposal.State.OPEN, confidence__gte=HIGH, kind__in=(Kind.NEW_TABLE, Kind.NEW_COLUMN)
    )
    rows = rows.filter(system=system) if system else rows
    return list(rows.select_related("system").order_by("system__name", "table", "column"))


def accept_many(shown: Mapping[int, str], *, by: User) -> tuple[int, list[str]]:
    """Accept these (id -> the fingerprint that was shown) as they are, new tables first: (how many, what was refused)."""
    done, refused = 0, list[str]()
    rows = Proposal.objects.filter(pk__in=shown, state=Proposal.State.OPEN, confidence__gte=HIGH).select_related(
        "system"
    )
    for one in sorted(rows, key=lambda row: (row.kind != Kind.NEW_TABLE, row.table, row.column)):
        try:
            accept(one, by=by, seen=shown[one.pk])
            done += 1
        except Refused as error:
            refused.append(f"{one.table}: {error.message}")
    return done, refused


def _open(proposal: Proposal) -> Proposal:
    row = Proposal.objects.select_for_update(of=("self",)).select_related("system").get(pk=proposal.pk)
    if row.state != Proposal.State.OPEN:
        raise Refused("Somebody decided this already, or it is no longer true. Look at the list again.", code="decided")
    return row


def _decide(row: Proposal, state: str, by: User, reason: str = "") -> None:
    row.state, row.decided_by, row.decided_at, row.reason = state, by, timezone.now(), reason
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])


def _write(row: Proposal, choices: Choices) -> None:
    if row.kind == Kind.NEW_TABLE:
        _new_table(row, choices)
    elif row.kind == Kind.NEW_COLUMN:
        _new_column(row, choices)
    elif row.kind == Kind.GONE_TABLE:
        _gone_table(_collection(row))
    elif row.kind == Kind.GONE_COLUMN:
        _gone_column(row, _collection(row))


def _collection(row: Proposal) -> Collection:
    found = Collection.objects.filter(dataset__system=row.system, name=row.table).select_related("dataset").first()
    if found is None:
        raise Refused(f"{row.table} is not in the inventory. Accept the table first.", code="no_collection")
    return found


def _new_table(row: Proposal, choices: Choices) -> None:
    said = dict(row.suggestion["collection"])
    fields = [_chosen(one, choices) for one in said.pop("fields")]
    if said.get("skip") and choices.skip is False:  # taken in: with the columns that look personal
        fields += [_chosen(one, choices) for one in row.suggestion.get("further", ())]
    if choices.erase:
        said["erase"] = choices.erase
    if choices.keep_ground:
        said["keep_ground"] = choices.keep_ground
    if choices.skip is not None:
        said["skip"] = choices.skip
    wanted = {**said, "fields": fields}
    _sound([*checks.collection(wanted, row.table), *(bad for one in fields for bad in checks.field(one, row.table))])
    dataset, _ = Dataset.objects.get_or_create(
        key=surveying.home(row.system), defaults={"system": row.system, "name": row.system.name}
    )
    if Collection.objects.filter(dataset=dataset, name=row.table).exists():
        raise Refused(f"{row.table} is in the inventory already. Look at it there.", code="known")
    collection = Collection.objects.create(
        dataset=dataset, **{key: said[key] for key in said if key in COLUMNS[Collection]}
    )
    for one in fields:
        _field(collection, one)
    references.write(collection, fields)
    if not collection.skip:
        references.write_others(row.system, collection)


def _new_column(row: Proposal, choices: Choices) -> None:
    collection = _collection(row)
    said = _chosen(row.suggestion["field"], choices)
    _sound(list(checks.field(said, f"{row.table}.{row.column}")))
    if collection.fields.filter(name=row.column).exists():
        raise Refused(f"{row.table}.{row.column} is in the inventory already. Look at it there.", code="known")
    if collection.skip and said.get("category"):
        raise Refused(
            f"{row.table} is left out of searches. Take it in first (Collections, untick skip), then accept this.",
            code="skipped",
        )
    _field(collection, said)
    references.write(collection, [said, *row.suggestion.get("beside", ())])


def _sound(faults: Sequence[Any]) -> None:
    if faults:
        raise Refused("\n".join(str(one) for one in faults), code="description")


def _chosen(said: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """A field with the category that the colleague chose for it; none takes what hangs on one away as well."""
    row, wanted = dict(said), choices.categories.get(said["name"], "")
    if not wanted or wanted == row.get("category"):
        return row
    if wanted == NO_CATEGORY:
        return {
            key: row[key]
            for key in row
            if key not in ("category", "identity", "attribute", "mask", "person", "read_only")
        }
    if not DataCategory.objects.filter(key=wanted).exists() and wanted not in CATEGORIES:
        raise Refused(f"There is no category {wanted}. Choose one of the list.", code="category", field=said["name"])
    if row.get("identity") and not wanted.startswith("contact.email"):
        row.pop("identity")
    return {**row, "category": wanted}


def _field(collection: Collection, said: Mapping[str, Any]) -> None:
    Field.objects.create(
        collection=collection,
        category=_category(said.get("category", "")),
        **{key: said[key] for key in said if key in COLUMNS[Field]},
    )


def _category(key: str) -> DataCategory | None:
    if not key:
        return None
    defaults = {"name": CATEGORIES.get(key, (key, False))[0]}
    if key in CATEGORIES:
        defaults |= {one: value for one, value in known(key).items() if one != "key"}
    return DataCategory.objects.get_or_create(key=key, defaults=defaults)[0]


def _gone_table(collection: Collection) -> None:
    """Out of every search. The collection itself stays: what was done to its rows refers to it."""
    Reference.objects.filter(Q(field__collection=collection) | Q(target__collection=collection)).delete()
    Collection.objects.filter(pk=collection.pk).update(skip=True)


def _gone_column(row: Proposal, collection: Collection) -> None:
    if collection.dated_by == row.column:
        raise Refused(
            f"{row.table} is dated by {row.column}. Choose another field there first (Collections), then accept this.",
            code="dated_by",
        )
    references.forget(collection, row.column)
    collection.fields.filter(name=row.column).delete()
