"""Versions of schedules on the desk: drafted by one person, approved by another, never altered."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import F, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from audit.accountable import Accountable, Verb, colleague
from retention import versions
from retention.admin.schedules import LINKED, TERMS, TermsForm
from retention.models import ScheduleVersion


def _propose(version: ScheduleVersion, by: User, given: dict[str, str]) -> str:
    versions.propose_version(version, by=by)
    return "Proposed. It is in force once somebody else approves it."


def _approve(version: ScheduleVersion, by: User, given: dict[str, str]) -> str:
    ended = versions.runs_before(version)
    versions.approve(version, by=by)
    more = " A run that was counted by the old terms ends." if ended else ""
    return f"Version {version.number} is in force.{more}"


def _withdraw(version: ScheduleVersion, by: User, given: dict[str, str]) -> str:
    versions.withdraw(version, by=by)
    return "Withdrawn; what is in force stays."


def _open(version: ScheduleVersion) -> bool:
    return version.published_at is None and version.withdrawn_at is None


def _proposed(version: ScheduleVersion) -> bool:
    return _open(version) and version.proposed_at is not None


class VersionForm(TermsForm):
    """A draft."""

    class Meta:
        model = ScheduleVersion
        fields = (*TERMS, "why")


class Stands(admin.SimpleListFilter):
    """Where a version is on its way."""

    title = "stands"
    parameter_name = "stands"
    CHOICES: dict[str, tuple[str, Q]] = {
        "proposed": (
            "Waits for approval",
            Q(published_at=None, withdrawn_at=None, proposed_at__isnull=False),
        ),
        "draft": ("Draft", Q(published_at=None, withdrawn_at=None, proposed_at=None)),
        "force": ("In force", Q(pk=F("schedule__version"))),
        "replaced": ("Replaced", Q(published_at__isnull=False) & ~Q(pk=F("schedule__version"))),
        "withdrawn": ("Withdrawn", Q(withdrawn_at__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, words) for key, (words, _) in self.CHOICES.items()]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        found = self.CHOICES.get(self.value() or "")
        return rows.filter(found[1]) if found else rows


@admin.register(ScheduleVersion)
class ScheduleVersionAdmin(Accountable):
    """Every version of every schedule."""

    records = False  # the verbs do
    list_display = ("title", "number", "period", "unit", "action", "stands", "author", "approved_by", "published_at")
    list_filter = (Stands, "schedule")
    list_select_related = ("schedule", "author", "approved_by")
    form = VersionForm
    verbs = (
        Verb("propose", "Propose it", versions.MAY_WRITE, _propose,
             shown=lambda one: _open(one) and one.proposed_at is None),
        Verb("approve", "Approve it", versions.MAY_APPROVE, _approve, style="danger",
             confirm="From then on rows are erased by these words.", shown=_proposed,
             offered=lambda version, by: version.author_id != by.pk),
        Verb("withdraw", "Withdraw it", versions.MAY_WRITE, _withdraw, shown=_open),
    )  # fmt: skip

    @display(
        description="State",
        label={
            "In force": "success", "Replaced": "info", "Draft": "info", "Waits for approval": "warning", "Withdrawn": "info",
        },
    )  # fmt: skip
    def stands(self, version: ScheduleVersion) -> str:
        """Where it is on its way."""
        return version.stands

    @display(description="What it would do")
    def ahead(self, version: ScheduleVersion) -> str:
        """A link to the count for today and the months ahead."""
        address = reverse("admin:retention_ahead", args=(version.pk,))
        return format_html(LINKED, address, "Rows that would go, now and in each month ahead")

    @display(description="Differs from what is in force in")
    def differs(self, version: ScheduleVersion) -> str:
        """The names of the terms that change."""
        known = version.schedule.version
        if known is None or known.pk == version.pk:
            return "Nothing is in force yet." if known is None else "It is in force."
        names = [name for name in TERMS if getattr(known, name) != getattr(version, name)]
        label = ScheduleVersion._meta.get_field
        return ", ".join(str(getattr(label(one), "verbose_name", one)) for one in names) or "Nothing."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("schedule", "number", "stands", "differs", "ahead")
        signed = ("author", "drafted_at", "proposed_at", "approved_by", "published_at", "withdrawn_at", "carried_over")
        return (*shown, *TERMS, "why", *signed)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            "schedule", "number", "stands", "differs", "ahead", "author", "drafted_at", "proposed_at", "approved_by",
            "published_at", "withdrawn_at", "carried_over",
        )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or _open(obj)) and colleague(request).has_perm(versions.MAY_WRITE)

    def save_model(self, request: HttpRequest, obj: ScheduleVersion, form: Any, change: bool) -> None:
        names = [name for name in form.changed_data if name in (*TERMS, "why")]
        changes = {name: form.cleaned_data[name] for name in names}
        kept = versions.rewrite(ScheduleVersion.objects.get(pk=obj.pk), by=colleague(request), **changes)
        obj.proposed_at = kept.proposed_at
