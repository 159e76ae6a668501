"""Data subjects on the desk: identifiers are masked until a colleague reveals them, and that is an event."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from audit import actor
from audit.accountable import Input, ReadOnly, Verb
from subjects import identifiers, registry
from subjects.models import DataSubject


def reveal(subject: DataSubject, by: User, given: dict[str, str]) -> str:
    """Show the identifiers on the page that answers, and nowhere else."""
    found = registry.reveal(subject, actor=actor.staff(by.pk), reason=given["reason"])
    return " · ".join(f"{kind}: {value}" for kind, values in found.items() for value in values) or "Nothing is known."


@admin.register(DataSubject)
class DataSubjectAdmin(ReadOnly):
    """People, by id."""

    list_display = ("id", "created_at", "forgotten_at")
    fields = ("id", "created_at", "merged_into", "forgotten_at", "known_by")
    readonly_fields = ("known_by",)
    search_fields = ("pk__exact",)
    search_help_text = "Whole id"
    verbs = (
        Verb("reveal", "Reveal (is recorded)", "subjects.reveal_datasubject", reveal,
             (Input("reason", "Why", list(registry.REASONS.items())),), once=True),
    )  # fmt: skip

    @display(description="Identifiers")
    def known_by(self, subject: DataSubject) -> SafeString:
        rows = [(one.get_kind_display(), identifiers.masked(one.kind, one.value)) for one in subject.identifiers.all()]
        return format_html_join("", "<div>{}: {}</div>", rows)
