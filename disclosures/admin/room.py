"""What was shown in data rooms, on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from audit.accountable import ReadOnly, Verb, colleague
from disclosures.models import RoomItem
from disclosures.transactions import room


def _allow(item: RoomItem, by: User, given: dict[str, str]) -> str:
    room.allow(item, by=by)
    return "Agreed; it counts as shown from now."


def _turn_down(item: RoomItem, by: User, given: dict[str, str]) -> str:
    room.turn_down(item, by=by)
    return "Turned down."


def _asked(item: RoomItem) -> bool:
    return item.level == RoomItem.Level.PERSONAL and item.shown_at is None and item.refused_at is None


class Waits(admin.SimpleListFilter):
    """What waits for a decision."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("decision", "A decision of mine")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[RoomItem]") -> "QuerySet[RoomItem]":
        wanted = room.waiting().exclude(asked_by=colleague(request).pk)
        return rows.filter(pk__in=wanted.values("pk")) if self.value() == "decision" else rows


@admin.register(RoomItem)
class RoomItemAdmin(ReadOnly):
    """Noted on the page of a transaction; personal data is decided about here."""

    list_display = ("transaction", "level", "what", "shown_state", "asked_by", "asked_at")
    list_filter = (Waits, "level")
    follow = ("transaction", "asked_by", "dataset", "collection", "approved_by")
    verbs = (
        Verb("allow", "Agree", "disclosures.approve_transaction", _allow, style="danger", shown=_asked,
             offered=lambda item, by: item.asked_by_id != by.pk, confirm="The other side sees personal data then."),
        Verb("turn_down", "Turn down", "disclosures.approve_transaction", _turn_down, shown=_asked),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        works = any(colleague(request).has_perm(f"disclosures.{one}_transaction") for one in ("change", "approve"))
        words = ("shown_to", "reason") if works else ()
        return ("transaction", "level", "dataset", "collection", "what", *words, "asked_by", "asked_at", "approved_by",
                "refused_at", "shown_at")  # fmt: skip

    @display(description="State", label={"Shown": "success", "Waits for a decision": "warning", "Turned down": "info"})
    def shown_state(self, item: RoomItem) -> str:
        if item.shown_at is not None:
            return "Shown"
        return "Turned down" if item.refused_at is not None else "Waits for a decision"
