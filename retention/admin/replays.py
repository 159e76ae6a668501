"""Replays after a restore, and the sealed list, on the desk."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit.accountable import ReadOnly, Verb
from retention import replays
from retention.models import Replay, ReplayPart, SealedEntry

MOST = 50


def _parked(replay: Replay) -> bool:
    return ReplayPart.objects.filter(replay=replay, state=ReplayPart.State.PARKED).exists()


def _decide(replay: Replay, by: User, *, erase: bool) -> str:
    for part in ReplayPart.objects.filter(replay=replay, state=ReplayPart.State.PARKED):
        replays.decide(part, erase=erase, by=by)
    return "They are erased too." if erase else "They are left to the next proposal of their schedule."


@admin.register(Replay)
class ReplayAdmin(ReadOnly):
    """What was done again after a restore, and its certificate."""

    list_display = ("opened_at", "shown_system", "since", "shown_state", "entries", "opened_by", "finished_at")
    list_filter = ("state", "system")
    follow = ("opened_by",)
    fields = ("shown_system", "since", "partial", "state", "opened_at", "opened_by", "finished_at", "entries", "last_number",
              "last_mac", "shown_parts", "note", "certificate")  # fmt: skip
    readonly_fields = ("shown_system", "shown_parts")
    verbs = (
        Verb("erase", "Erase these rows too", "retention.run_replay", lambda one, by, given: _decide(one, by, erase=True),
             style="danger", confirm="Rows that were not erased then are erased.", shown=_parked),
        Verb("leave", "Leave them to the next proposal", "retention.run_replay",
             lambda one, by, given: _decide(one, by, erase=False), shown=_parked),
    )  # fmt: skip

    @display(description="System")
    def shown_system(self, one: Replay) -> str:
        return one.system or "our own database"

    @display(description="State", label={"Running": "info", "Done and verified": "success"})
    def shown_state(self, one: Replay) -> str:
        return one.get_state_display()

    @display(description="Parts")
    def shown_parts(self, one: Replay) -> SafeString:
        rows = one.parts.order_by("turn", "pk")[:MOST]
        lines = (
            (part.get_kind_display(), len(part.numbers), part.get_state_display(), part.found, part.changed, part.note)
            for part in rows
        )
        return format_html_join("", "<p>{} ({}): {}; {} rows found, {} changed. {}</p>", lines)


@admin.register(SealedEntry)
class SealedEntryAdmin(ReadOnly):
    """The sealed list: what was done when; whom it was about stays sealed."""

    list_display = ("number", "kind", "system", "origin", "done_at", "sealed_at", "key")
    list_filter = ("kind", "system")
    search_fields = ("origin__exact",)
    search_help_text = "Reference of the request or the run"
    fields = ("number", "kind", "system", "origin", "source", "done_at", "sealed_at", "key", "previous", "mac")
