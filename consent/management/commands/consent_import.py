"""`manage.py consent_import choices.csv`: choices from a file, with a report of every rejected line."""

from typing import TextIO

from audit import actor
from audit.importing.command import ImportCommand
from audit.importing.lines import Done
from consent import importing


class Command(ImportCommand):
    """Reads a CSV file of choices."""

    help = (
        "Imports choices from CSV. Rejected lines stand in a report beside the file. A second import changes nothing."
    )

    def load(self, lines: TextIO, report: TextIO) -> Done:
        return importing.load(lines, actor=actor.worker("manage.consent_import"), report=report)
