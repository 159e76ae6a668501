"""Schedules on the desk: picked from the library or written anew, changed by versions, switched off and on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from audit import actor
from audit.accountable import Accountable, Verb, colleague
from audit.refusal import Refused
from retention import library, runs, scopes, versions
from retention.models import Schedule, ScheduleVersion

# As the theme draws its own links in a record.
LINKED = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
TERMS = (
    "title", "collection", "purpose", "category", "period", "unit", "year_ends", "trigger", "dates", "action", "basis",
    "reason", "cite", "grace_hours", "every_days", "owner", "group_by", "sum_of", "smallest", "library",
)  # fmt: skip


def _propose(schedule: Schedule, by: User, given: dict[str, str]) -> str:
    runs.propose(schedule, actor=actor.staff(by.pk), today=runs.today(timezone.now()))
    return "A run is being counted; it waits for approval under Retention runs."


def _draft(schedule: Schedule, by: User, given: dict[str, str]) -> str:
    version = versions.draft(schedule, by=by)
    return f"Version {version.number} is a draft now. Write it under Versions of schedules, then propose it."


def _off(schedule: Schedule, by: User, given: dict[str, str]) -> str:
    versions.switch(schedule, active=False, by=by)
    return "Switched off: nothing is erased by it."


def _on(schedule: Schedule, by: User, given: dict[str, str]) -> str:
    versions.switch(schedule, active=True, by=by)
    return "Switched on, by the version that was approved."


class TermsForm(forms.ModelForm):
    """The words of a schedule; what cannot be counted is told beside its field."""

    why = forms.CharField(
        required=False,
        label="Why it changes",
        help_text="For whoever approves it.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            row = ScheduleVersion(**{name: given[name] for name in TERMS if name in given})
            try:
                versions.check(row)
            except Refused as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
        return given


class ScheduleForm(TermsForm):
    """A new schedule."""

    class Meta:
        model = Schedule
        fields = ("key", *TERMS)
        widgets = {"dates": UnfoldAdminTextInputWidget}


class State(admin.SimpleListFilter):
    """Whether a schedule holds."""

    title = "holds"
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In force"), ("overruled", "Overruled"), ("off", "Switched off")]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        if self.value() == "off":
            return rows.filter(active=False)
        if self.value() == "overruled":
            return rows.filter(pk__in=scopes.overruled())
        return rows.filter(active=True).exclude(pk__in=scopes.overruled()) if self.value() == "yes" else rows


@admin.register(Schedule)
class ScheduleAdmin(Accountable):
    """How long things are kept. A schedule is never edited: a change is a version that somebody else approves."""

    records = False  # the verbs do
    list_display = ("title", "collection", "said", "trigger", "action", "basis", "stands")
    list_filter = (State, "action", "basis")
    list_select_related = ("collection__dataset", "version")
    search_fields = ("title", "key", "cite")
    verbs = (
        Verb("draft", "Draft a change", versions.MAY_WRITE, _draft),
        Verb("propose", "Propose a run now", versions.MAY_WRITE, _propose, shown=lambda one: one.active),
        Verb("off", "Switch off", versions.MAY_WRITE, _off, shown=lambda one: one.active),
        Verb("on", "Switch on", versions.MAY_WRITE, _on,
             shown=lambda one: not one.active and one.version_id is not None),
    )  # fmt: skip

    @display(description="Kept for", ordering="period")
    def said(self, schedule: Schedule) -> str:
        """The period in words."""
        return schedule.kept_for

    def get_queryset(self, request: HttpRequest) -> Any:
        # Once for the page and not for each of its rows.
        self._lost = scopes.overruled()
        return super().get_queryset(request)

    @display(
        description="State",
        label={"In force": "success", "Overruled": "warning", "Off": "info", "Not approved": "warning"},
    )
    def stands(self, schedule: Schedule) -> str:
        """Whether it holds."""
        if not schedule.active:
            return "Off" if schedule.version_id else "Not approved"
        return "Overruled" if schedule.pk in self._lost else "In force"

    @display(description="Conflict")
    def conflict(self, schedule: Schedule) -> str:
        """Which other schedule of the same rows goes before this one, or the other way round."""
        lost = scopes.overruled()
        if schedule.pk in lost:
            return f"“{lost[schedule.pk].winner.title}” holds for these rows. {lost[schedule.pk].why}"
        won = [one for one in lost.values() if one.winner.key == schedule.pk]
        return " ".join(f"Goes before “{one.loser.title}”. {one.why}" for one in won) or "None."

    @display(description="Versions")
    def history(self, schedule: Schedule) -> str:
        """A link to all versions of it."""
        address = reverse("admin:retention_scheduleversion_changelist")
        return format_html(LINKED, f"{address}?schedule__id__exact={schedule.pk}", "All versions of it")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key", *TERMS, "why") if obj is None else ("key", "stands", "conflict", "history", "version", *TERMS)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": ScheduleForm}), **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("stands", "conflict", "history") if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the library says, where somebody comes from there."""
        found = library.entry(request.GET.get("library", ""))
        if found is None:
            return super().get_changeform_initial_data(request)
        return {
            "key": found.key, "title": found.title, "period": found.period, "unit": found.unit,
            "year_ends": found.year_ends, "trigger": found.trigger,
            "basis": found.basis, "reason": found.reason, "cite": found.cite, "library": found.key,
        }  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in TERMS if name in form.cleaned_data}
        made = versions.start(key=obj.key, by=colleague(request), why=form.cleaned_data.get("why", ""), **given)
        obj.pk, obj._state.adding = made.schedule_id, False
