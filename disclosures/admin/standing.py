"""Standing disclosures on the desk, and rules by which our own work in a system passes data on."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from audit.accountable import Accountable, Input, ReadOnly, Verb
from audit.refusal import Refused
from disclosures import standing
from disclosures.models import PassingRule, StandingDisclosure


def _end(row: StandingDisclosure, by: User, given: dict[str, str]) -> str:
    try:
        on = date.fromisoformat(given["on"])
    except ValueError as error:
        raise Refused("Write the day as 2026-05-01.", code="day_wrong", field="on") from error
    standing.end(row, on=on, by=by)
    return "It ends on that day. People go on seeing until when it was."


class StandingForm(forms.ModelForm):
    """One standing disclosure: of everyone, or of a group that has a name and a place where it is found."""

    class Meta:
        model = StandingDisclosure
        fields = ("recipient", "categories", "purpose", "group", "collections", "occasion", "since_on", "until_on")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        group, collections = given.get("group"), given.get("collections")
        if bool(group) != bool(collections):
            raise ValidationError(
                "A group needs words for people and the collections in which its rows are. Leave both empty for everyone."
            )
        if "@" in given.get("occasion", "") + given.get("group", ""):
            raise ValidationError("Use no addresses or names of people.")
        return given


class Holding(admin.SimpleListFilter):
    """By whether it goes on."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", "Goes on"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[StandingDisclosure]") -> "QuerySet[StandingDisclosure]":
        today = timezone.localdate()
        if self.value() == "ended":
            return rows.filter(until_on__lt=today)
        return rows.exclude(until_on__lt=today) if self.value() == "on" else rows


@admin.register(StandingDisclosure)
class StandingDisclosureAdmin(ReadOnly):
    """What recipients get all the time. Entered, and ended; never changed in between."""

    form = StandingForm
    list_display = ("recipient", "shown_whose", "shown_what", "purpose", "since_on", "until_on")
    list_filter = (Holding, "recipient")
    fields = ("recipient", "categories", "purpose", "group", "collections", "occasion", "since_on", "until_on")
    follow = ("recipient", "purpose")
    verbs = (
        Verb("end", "End it", "disclosures.end_standingdisclosure", _end, (Input("on", "Last day", kind="date"),),
             style="danger", shown=lambda row: row.until_on is None),
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("disclosures.add_standingdisclosure"))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[StandingDisclosure]":
        return super().get_queryset(request).prefetch_related("categories")

    @display(description="Whose")
    def shown_whose(self, row: StandingDisclosure) -> str:
        return row.group or "Everyone's"

    @display(description="What")
    def shown_what(self, row: StandingDisclosure) -> str:
        return ", ".join(one.name for one in row.categories.all())


@admin.register(PassingRule)
class PassingRuleAdmin(Accountable):
    """Which system is whose, and what it gets with each of our orders."""

    list_display = ("system", "recipient", "what", "purpose", "active", "looked_until")
    list_filter = ("active", "recipient")
    fields = ("system", "recipient", "what", "categories", "purpose", "active")
    list_select_related = ("system", "recipient", "purpose")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("system", "recipient") if obj else ()
