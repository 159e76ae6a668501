"""The forms on a transaction's page: datasets, people, the data room, the handing over; what it shows and what a POST does."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from audit.refusal import Refused
from disclosures.models import RoomItem, Transaction
from disclosures.transactions import people, registering, room, table
from inventory.models import Collection, Dataset
from subjects.models import Identifier

MOST_BYTES = 2 * 1024 * 1024
SHOWN = 100


def context(row: Transaction, by: User, shown: dict[str, Any]) -> dict[str, Any]:
    """What the page needs besides the record: a fixed number of queries."""
    typed = shown.get("typed") or QueryDict()
    told = dict(row.notices.values_list("state").annotate(count=Count("pk")).order_by())
    works = any(by.has_perm(f"disclosures.{one}_transaction") for one in ("change", "approve"))
    return {
        "row": row, "typed": typed, "may_prepare": by.has_perm("disclosures.change_transaction"), "words": works,
        "may_reveal": by.has_perm("subjects.reveal_datasubject"), "early": row.state in table.EARLY,
        "open": row.state in table.OPEN, "closing": row.state == table.CLOSING,
        "takes_objections": row.state in (table.TELLING, table.PROPOSED),
        "datasets": list(row.datasets.select_related("dataset__system", "handed_by").order_by("pk")),
        "room": list(row.room.select_related("dataset", "collection", "approved_by", "asked_by")[:SHOWN]),
        "every_dataset": list(Dataset.objects.select_related("system").order_by("system__name", "name")),
        "every_collection": list(Collection.objects.select_related("dataset").order_by("dataset__name", "name")),
        "levels": RoomItem.Level.choices, "identifier_kinds": Identifier.Kind.choices,
        "told": [(label, told.get(state, 0)) for state, label in row.notices.model.State.choices],
    }  # fmt: skip


def _add_dataset(row: Transaction, request: HttpRequest, by: User) -> str:
    registering.add_dataset(row, _picked(Dataset, request, "dataset"), by=by)
    return "On the list."


def _drop_dataset(row: Transaction, request: HttpRequest, by: User) -> str:
    registering.drop_dataset(row, _number(request, "row"), by=by)
    return "Off the list."


def _hand_over(row: Transaction, request: HttpRequest, by: User) -> str:
    registering.hand_over(
        row, _number(request, "row"), people=_number(request, "people"), left_out=_number(request, "left_out"),
        digest=request.POST.get("digest", "").strip().lower(), by=by,
    )  # fmt: skip
    return "Noted: handed over."


def _everybody(row: Transaction, request: HttpRequest, by: User) -> str:
    return f"{people.add_everybody(row, by=by):,} people are new on the list."


def _listed(row: Transaction, request: HttpRequest, by: User) -> str:
    file, kind = request.FILES.get("file"), request.POST.get("kind", "")
    if kind not in Identifier.Kind.values or file is None or not file.size or file.size > MOST_BYTES:
        raise Refused("Choose a text file of at most 2 MB with one identifier in a line.", code="file", field="file")
    try:
        lines = file.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Refused("Save the file as UTF-8.", code="file_kind", field="file") from None
    return f"{people.add_listed(row, kind, lines, by=by):,} people are new on the list."


def _object(row: Transaction, request: HttpRequest, by: User) -> str:
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "").strip()
    if kind not in Identifier.Kind.values or not value:
        raise Refused("Choose what kind of identifier it is, and write it.", code="identifier", field="value")
    people.object_for(row, kind, value, now=timezone.now(), by=by)
    return "The objection is noted; this person stays out of the transfer."


def _show(row: Transaction, request: HttpRequest, by: User) -> str:
    given = request.POST
    item = room.show(
        row, level=given.get("level", ""), what=given.get("what", ""), shown_to=given.get("shown_to", ""), by=by,
        reason=given.get("reason", ""),
        dataset=_picked(Dataset, request, "dataset") if given.get("dataset") else None,
        collection=_picked(Collection, request, "collection") if given.get("collection") else None,
    )  # fmt: skip
    return "Noted." if item.shown_at is not None else "Asked. Somebody else has to agree before it is shown."


def _picked(model: type[Any], request: HttpRequest, name: str) -> Any:
    found = model.objects.filter(pk=_number(request, name)).first()
    if found is None:
        raise Refused("Choose one of the list.", code="choice_unknown", field=name)
    return found


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "").strip()
    if not text.isdecimal() or len(text) > 15:
        raise Refused("Write a number, in digits.", code="number", field=name)
    return int(text)


PARTS: dict[str, Callable[[Transaction, HttpRequest, User], str]] = {
    "dataset": _add_dataset,
    "drop-dataset": _drop_dataset,
    "hand-over": _hand_over,
    "everybody": _everybody,
    "listed": _listed,
    "object": _object,
    "show": _show,
}
