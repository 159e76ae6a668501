"""What every import by `manage.py` has in common: a file in, a report of the rejected lines beside it."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from audit.importing.lines import Done
from audit.refusal import Refused


class ImportCommand(BaseCommand):
    """Reads a CSV file of any size; fails if a line was rejected."""

    def load(self, lines: TextIO, report: TextIO) -> Done:
        """Record the lines."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--report", type=Path, help="Where rejected lines go; FILE.rejected.csv if left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["file"]
        report: Path = options["report"] or source.with_name(f"{source.name}.rejected.csv")
        try:
            with (
                source.open(encoding="utf-8-sig", newline="") as lines,
                report.open("w", encoding="utf-8", newline="") as out,
            ):
                done = self.load(lines, out)
        except Refused as error:
            raise CommandError(error.message) from error
        except UnicodeDecodeError as error:
            raise CommandError("The file is not UTF-8. Save it as CSV in UTF-8.") from error
        except OSError as error:
            raise CommandError(f"The file cannot be read, or its report not be written: {error.strerror}.") from error
        self.stdout.write(
            f"{done.recorded:,} recorded, {done.repeated:,} were recorded before, {done.rejected:,} rejected."
        )
        if done.rejected:
            self.stdout.write(f"See {report}.")
            sys.exit(1)
