"""Purposes with their launch on the desk: whoever changes a purpose is told that it has to be launched anew."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.decorators import display

from audit import actor
from audit.accountable import ReadOnly, Verb, colleague
from consent import launching, regions, terms
from consent.models import Launch
from inventory.admin import PurposeAdmin
from inventory.models import Purpose

admin.site.unregister(Purpose)


@admin.register(Purpose)
class LaunchedPurposeAdmin(PurposeAdmin):
    """Processing activities, and whether they are live."""

    list_display = (*PurposeAdmin.list_display, "live")

    @display(description="Live", label={"live": "success", "in places": "info", "not yet": "warning"})
    def live(self, purpose: Purpose) -> str:
        if launching.live(purpose):
            return "live"
        return "in places" if any(launching.live(purpose, one) for one in launching.places()) else "not yet"

    def save_model(self, request: HttpRequest, obj: Purpose, form: Any, change: bool) -> None:
        """New terms ask for a launch in the same transaction, and the page says what has to happen next."""
        super().save_model(request, obj, form, change)
        if set(form.changed_data) & set(terms.TOLD) and not launching.live(obj):
            by = colleague(request)
            launching.ask(obj, actor=actor.staff(by.pk), by=by)
            what = "changed, so it is no longer live" if change else "new, so it is not live"
            messages.warning(
                request,
                f"“{obj.name}” is {what}: publish a notice that names it as it is now, and tell people. It goes live by"
                " itself then. See Launches.",
            )


def _same(launch: Launch, by: User, given: dict[str, str]) -> str:
    done = launching.confirm_same(launch, by=by)
    return f"“{done.purpose}” is live: it means what it meant."


@admin.register(Launch)
class LaunchAdmin(ReadOnly):
    """What waits to go live, and what went live when and why."""

    list_display = ("purpose", "places_named", "shown_state", "ground", "version", "asked_at", "live_at")
    list_filter = (("live_at", admin.EmptyFieldListFilter), "ground", "purpose")
    follow = ("purpose", "version", "asked_by")
    fields = (
        "purpose",
        "why_not",
        "places_named",
        "ground",
        "version",
        "asked_at",
        "asked_by",
        "live_at",
        "said",
        "terms",
    )
    readonly_fields = ("why_not", "places_named")
    verbs = (
        Verb("same", "Only its wording was mended", "consent.confirm_launch", _same, style="danger",
             confirm="It goes live at once, without a new notice.", shown=lambda launch: launch.live_at is None,
             offered=lambda launch, user: launch.asked_by_id not in (None, user.pk)),
    )  # fmt: skip

    @display(description="Places")
    def places_named(self, launch: Launch) -> str:
        return regions.called(launch.regions)

    @display(description="State", label={"live": "success", "waits": "warning", "of earlier terms": "info"})
    def shown_state(self, launch: Launch) -> str:
        if launch.terms != terms.of(launch.purpose):
            return "of earlier terms"
        return "live" if launch.live_at else "waits"

    @display(description="What it waits for")
    def why_not(self, launch: Launch) -> str:
        if launch.terms != terms.of(launch.purpose):
            return "The purpose was changed since: this launch is of its earlier terms."
        return launching.why_not(launch.purpose) or "Nothing: it is live."
