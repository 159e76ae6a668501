"""`manage.py record`: the record of processing activities, as JSON or as a workbook."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from privacyops.record import document, facts, workbook


class Command(BaseCommand):
    help = "Write the record of processing activities (GDPR art. 30). Exit code 3: it has gaps, and --strict was given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=("json", "xlsx"), default="json")
        parser.add_argument("--output", type=Path, help="a new file; without it JSON goes to standard output")
        parser.add_argument("--strict", action="store_true", help="exit with 3 when the record has gaps")

    def handle(self, *args: Any, **options: Any) -> None:
        record = facts.read()
        if options["format"] == "xlsx" and options["output"] is None:
            raise CommandError("A workbook needs a file: add --output record.xlsx")
        data = workbook.workbook(record) if options["format"] == "xlsx" else document.text(record).encode()
        if options["output"] is None:
            self.stdout.write(data.decode())
        else:
            try:
                with options["output"].open("xb") as out:
                    out.write(data)
            except OSError as error:
                raise CommandError(f"{options['output']} was not written: {error.strerror}") from error
        if record.open:
            self.stderr.write(
                f"The record has {record.open} gaps; the page /admin/record/ links to where they are mended."
            )
            if options["strict"]:
                sys.exit(3)
