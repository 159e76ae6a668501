"""`manage.py describe FILE ...`: bring the inventory in line with descriptions; `--export` prints it as one."""

from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from audit import actor
from audit.refusal import Refused
from inventory import descriptions


class Command(BaseCommand):
    help = "Load descriptions of systems, datasets and fields (YAML), or print the inventory as one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path)
        parser.add_argument("--export", action="store_true", help="print the inventory instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["export"]:
            self.stdout.write(descriptions.export())
            return
        if not options["files"]:
            raise CommandError("Name at least one file, or --export.")
        for path in options["files"]:
            try:
                data = descriptions.read(path.read_text(encoding="utf-8"), path.name)
            except (OSError, Refused) as error:
                raise CommandError(str(error)) from error
            descriptions.load(data, actor=actor.worker("describe"))
            self.stdout.write(f"{path.name}: loaded.")
