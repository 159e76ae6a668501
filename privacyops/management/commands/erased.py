"""`manage.py erased people.csv`: which lines of a file name somebody who was erased. For imports that have no API."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import actor
from inventory.dating import as_day
from retention import erased


class Command(BaseCommand):
    help = "Tell which lines of a CSV file name people who were erased; fails if there are any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--column", default="email", help="The column that names people.")
        parser.add_argument("--kind", default="email", choices=erased.KINDS, help="What stands in it.")
        parser.add_argument(
            "--dated", help="The column with each line's date: what a schedule erased tells nothing against later ones."
        )
        parser.add_argument("--without", type=Path, help="Write the file anew without those lines.")
        parser.add_argument("--lift", action="store_true", help="These people came back of their own will.")

    def handle(self, *args: Any, **options: Any) -> None:
        with options["file"].open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            for column in filter(None, (options["column"], options["dated"])):
                if column not in names:
                    raise CommandError(f"There is no column {column}. There are: {', '.join(names)}.")
            rows = list(reader)
        people = [(options["kind"], row[options["column"]] or "") for row in rows]
        if options["lift"]:
            by = actor.worker("manage.py erased")
            self.stdout.write(f"{sum(erased.lift(kind, value, actor=by) for kind, value in people if value)} lifted.")
            return
        days = [as_day(row[options["dated"]]) if options["dated"] else None for row in rows]
        answers = erased.told([(*one, on) for one, on in zip(people, days, strict=True)])
        lines = [number for number, at in enumerate(answers, 2) if at is not None]
        if options["without"]:
            with options["without"].open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(row for row, at in zip(rows, answers, strict=True) if at is None)
        if lines and not options["without"]:
            raise CommandError(f"Lines with people who were erased: {', '.join(map(str, lines))}.")
        self.stdout.write(f"{len(rows)} lines, {len(lines)} with people who were erased.")
