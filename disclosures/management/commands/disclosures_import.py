"""`manage.py disclosures_import disclosures.csv`: disclosures from a file, with a report of every rejected line."""

from typing import TextIO

from audit import actor
from audit.importing.command import ImportCommand
from audit.importing.lines import Done
from disclosures import importing


class Command(ImportCommand):
    """Reads a CSV file of disclosures."""

    help = "Imports disclosures from CSV. Rejected lines stand in a report beside the file. A second import changes nothing."

    def load(self, lines: TextIO, report: TextIO) -> Done:
        return importing.load(lines, actor=actor.worker("manage.disclosures_import"), report=report)
