"""Legal holds on the desk: placed here, ended by two people, never edited. To cover more, place another one; to cover less,
place the narrower one and have the wider one released by two.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from audit import log
from audit.accountable import Accountable, Input, Verb, colleague
from audit.refusal import Refused
from connectors import holdmail, holds
from connectors.models import LegalHold
from inventory.models import DataCategory, System
from subjects import registry
from subjects.models import DataSubject

MAY_END = "connectors.release_legalhold"
FIELDS = ("email", "others", "matter", "systems", "categories", "scope", "reason", "review_on")
UNKNOWN = "Nobody with this address is known to the portal. Check the spelling."
WHOLE_MATTER = Input(
    "whole", "For others of the matter", (("all", "Everybody under hold in this matter"),), required=False
)


class HoldForm(forms.ModelForm):
    """A hold is placed on a person found by their address."""

    email = forms.EmailField(
        label="E-mail address of the person",
        help_text="Found by exact match; not stored here.",
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
    )
    matter = forms.CharField(
        max_length=120, help_text="The case or claim, without names.", widget=UnfoldAdminTextInputWidget
    )
    scope = forms.CharField(
        max_length=300,
        required=False,
        label="What it is about",
        help_text="For colleagues, such as: orders and messages since 2024. What counts is what you tick above.",
        widget=UnfoldAdminTextInputWidget,
    )
    others = forms.CharField(
        required=False,
        label="Others of the same matter",
        help_text="Further e-mail addresses, one in a line. Each person gets a hold of their own.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    systems = forms.ModelMultipleChoiceField(
        System.objects.order_by("name"),
        required=False,
        label="Only in these systems",
        help_text="Tick none: all of them.",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    categories = forms.ModelMultipleChoiceField(
        DataCategory.objects.order_by("key"),
        required=False,
        label="Only these data categories",
        help_text="Each covers what is below it. Tick none: all of them. With systems ticked as well, both have to fit. What "
        "leads from the person to what is covered stays too.",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    reason = forms.CharField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))
    review_on = forms.DateField(
        label="Look again on",
        initial=lambda: timezone.localdate() + timedelta(days=holds.REVIEW_DAYS),
        widget=UnfoldAdminSingleDateWidget,
    )

    class Meta:
        model = LegalHold
        fields = ("email", "matter", "scope", "reason", "review_on")

    def clean_email(self) -> Any:
        found = _known(self.cleaned_data["email"], UNKNOWN)
        self.instance.subject = found
        return found

    def clean_others(self) -> list[DataSubject]:
        lines = [one.strip() for one in self.cleaned_data["others"].splitlines()]
        words = "Nobody with the address in line {} is known to the portal. Check the spelling."
        return [_known(one, words.format(number)) for number, one in enumerate(lines, 1) if one]


def _known(mail: str, unknown: str) -> DataSubject:
    try:
        found = registry.known("email", mail)
    except Refused as error:
        raise forms.ValidationError(error.message) from error
    if found is None:
        raise forms.ValidationError(unknown)
    return found


def _each(hold: LegalHold, given: dict[str, str], verb: Callable[[LegalHold], None], *, asked: bool, by: User) -> int:
    """Do it to the hold, and if wished to the others of its matter that wait for the same; how many."""
    verb(hold)
    others = holds.of_matter(hold).exclude(pk=hold.pk) if given.get("whole") else LegalHold.objects.none()
    others = others.filter(release_asked_by__isnull=not asked)
    count = 1
    for one in others.exclude(release_asked_by=by) if asked else others:
        verb(one)
        count += 1
    return count


def _ask(hold: LegalHold, by: User, given: dict[str, str]) -> str:
    with log.atomic():
        count = _each(
            hold, given, lambda one: holds.ask_release(one, by=by, reason=given["reason"]), asked=False, by=by
        )
    many = "" if count == 1 else f" for {count} people"
    return f"Asked{many}. Until somebody else grants it, the hold lasts."


def _grant(hold: LegalHold, by: User, given: dict[str, str]) -> str:
    with log.atomic():
        count = _each(hold, given, lambda one: holds.release(one, by=by), asked=True, by=by)
    done = "The hold is released." if count == 1 else f"{count} holds are released."
    return f"{done} Parked orders can be retried now."


def _keep(hold: LegalHold, by: User, given: dict[str, str]) -> str:
    holds.keep(hold, by=by)
    return "The hold stays."


def _review(hold: LegalHold, by: User, given: dict[str, str]) -> str:
    try:
        day = date.fromisoformat(given["review_on"])
    except ValueError:
        raise Refused("Write the day as 2027-03-31.", code="review_day", field="review_on") from None
    holds.review(hold, by=by, review_on=day, today=timezone.localdate())
    return "Noted. It comes back on that day."


def _asked(hold: LegalHold) -> bool:
    return hold.released_at is None and hold.release_asked_by_id is not None


def _unasked(hold: LegalHold) -> bool:
    return hold.released_at is None and hold.release_asked_by_id is None


class Stands(admin.SimpleListFilter):
    """What a hold waits for."""

    title = "stands"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("active", "Active"), ("review", "To be looked at"), ("asked", "Release asked for"), ("released", "Released"),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, rows: "QuerySet[LegalHold]") -> "QuerySet[LegalHold]":
        wanted = {
            "active": holds.active(),
            "review": holds.to_review(timezone.localdate()),
            "asked": holds.to_release(),
            "released": LegalHold.objects.filter(released_at__isnull=False),
        }.get(self.value() or "")
        return rows if wanted is None else rows.filter(pk__in=wanted.values("pk"))


class LegalHoldAdmin(Accountable):
    """Holds: placed here, released by two people, never edited."""

    records = False  # the verbs do
    list_display = ("matter", "subject", "covers", "shown_state", "review_on", "placed_by", "placed_at")
    list_filter = (Stands,)
    list_select_related = ("subject", "placed_by")
    verbs = (
        Verb("ask_release", "Ask for its release", MAY_END, _ask,
             (Input("reason", "Why it can end, without names"), WHOLE_MATTER),
             confirm="Somebody else has to grant it. Until then the hold lasts.", shown=_unasked),
        Verb("release", "Grant the release", MAY_END, _grant, (WHOLE_MATTER,), style="danger",
             confirm="Erasures of this person can go on afterwards.", shown=_asked,
             offered=lambda hold, by: hold.release_asked_by_id != by.pk),
        Verb("keep", "Keep the hold", MAY_END, _keep, shown=_asked),
        Verb("review", "Still needed: look again later", MAY_END, _review,
             (Input("review_on", "Look again on", kind="date"),), shown=lambda hold: hold.released_at is None),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[LegalHold]":
        rows: QuerySet[LegalHold] = super().get_queryset(request)
        return rows.prefetch_related("limits__system", "limits__category")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; it says when colleagues could not be told of overdue reviews."""
        many = holdmail.unsent(timezone.localdate())
        if many and request.method == "GET":
            words = f"{many} mails about overdue reviews could not be sent this week. Check the addresses of your colleagues."
            messages.warning(request, words)
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    @display(description="Covers")
    def covers(self, hold: LegalHold) -> str:
        """What the hold is limited to, in words."""
        return holds.covers(hold)

    @display(
        description="State",
        label={"Active": "info", "To be looked at": "warning", "Release asked for": "warning", "Released": "success"},
    )
    def shown_state(self, hold: LegalHold) -> str:
        if hold.released_at is not None:
            return "Released"
        if hold.release_asked_by_id is not None:
            return "Release asked for"
        return "To be looked at" if hold.review_on <= timezone.localdate() else "Active"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("covers",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": HoldForm}), **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return FIELDS
        shown = ["subject", "matter", "covers", "scope", "reason", "review_on", "placed_by", "placed_at"]
        if obj.release_asked_at is not None:
            shown += ["release_asked_by", "release_asked_at", "release_reason"]
        return [*shown, *(("released_by", "released_at") if obj.released_at is not None else ())]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return colleague(request).has_perm("connectors.place_legalhold")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        more = form.cleaned_data
        placed = holds.place_all(
            [obj.subject, *more["others"]], matter=obj.matter, reason=obj.reason, scope=obj.scope,
            review_on=obj.review_on, by=colleague(request), systems=more["systems"], categories=more["categories"],
        )  # fmt: skip
        obj.pk, obj._state.adding = placed[0].pk, False
