"""What was counted, on the desk: nights, statistics that stayed, and rows of people who were erased that came back."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb
from retention import erased
from retention.models import Night, Revival, Summary


@admin.register(Night)
class NightAdmin(ReadOnly):
    """Each count of each night."""

    list_display = (
        "day", "schedule", "past", "held", "in_grace", "waiting", "treated", "unexplained", "undated", "fault",
    )  # fmt: skip
    list_filter = ("schedule", "day")
    follow = ("schedule",)
    fields = (
        "schedule", "day", "cutoff_on", "total", "past", "held", "in_grace", "waiting", "treated", "unexplained", "undated",
        "oldest_on", "fault", "counted_at",
    )  # fmt: skip


@admin.register(Summary)
class SummaryAdmin(ReadOnly):
    """Statistics of rows that are gone."""

    list_display = ("run", "rows", "merged", "done_at")
    follow = ("run__schedule",)
    fields = ("run", "rows", "merged", "shown", "fault", "done_at")
    readonly_fields = ("shown",)

    @display(description="Groups")
    def shown(self, row: Summary) -> str:
        """The cells as a table."""
        cells = list(row.cells.all()[:500])
        lines = format_html_join(
            "", "<tr><td>{}</td><td class='po-number'>{}</td><td>{}</td></tr>",
            (
                (
                    ", ".join(f"{name}: {value}" for name, value in one.group.items()) or "Small groups together",
                    f"{one.rows:,}", ", ".join(f"{name}: {value:g}" for name, value in one.sums.items()),
                )
                for one in cells
            ),
        )  # fmt: skip
        return format_html(
            "<table class='po-table'><thead><tr><th scope='col'>Group</th><th scope='col'>Rows</th>"
            "<th scope='col'>Sums</th></tr></thead><tbody>{}</tbody></table>", lines,
        )  # fmt: skip


def _settle(revival: Revival, by: User, given: dict[str, str]) -> str:
    erased.settle(revival, word=given["word"], by=by)
    return "Settled."


@admin.register(Revival)
class RevivalAdmin(ReadOnly):
    """Rows of people who were erased that are in a system again."""

    list_display = ("field", "erased", "state", "found_at", "settled_by", "word")
    list_filter = ("state",)
    follow = ("field__collection__dataset", "erased", "settled_by")
    fields = ("field", "erased", "rows", "state", "found_at", "settled_by", "settled_at", "word")
    verbs = (
        Verb("settle", "Settle", "retention.settle_revival", _settle,
             (Input("word", "What it was", tuple(erased.WORDS.items())),),
             shown=lambda one: one.state == Revival.State.OPEN),
    )  # fmt: skip
