"""`manage.py describe FILE ...`: bring the inventory in line with descriptions; `--export` prints it as one."""

from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from audit import actor
from audit.refusal import Refused
from inventory import descriptions


class Command(BaseCommand):
    help = (
        "Load descriptions of systems, datasets and fields (YAML, CSV, Fides datasets), or print the inventory as one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path)
        parser.add_argument("--export", action="store_true", help="print the inventory instead")
        parser.add_argument(
            "--csv", action="store_true", help="as a table; files that end in .csv are read as one anyway"
        )
        parser.add_argument(
            "--fides", action="store_true", help="as dataset files of Fides; a folder is read with all below"
        )
        parser.add_argument(
            "--system", default="", help="with --fides: the key of the system that the datasets belong to"
        )
        parser.add_argument(
            "--lenient", action="store_true", help="with --fides: tell of unknown keys, do not refuse them"
        )
        parser.add_argument("--check", action="store_true", help="tell what would happen and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["csv"] and options["fides"]:
            raise CommandError("Choose one of --csv and --fides.")
        if options["export"]:
            self._export(options)
            return
        if not options["files"]:
            raise CommandError("Name at least one file, or --export.")
        try:
            self._load(options)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(
                f"{getattr(error, 'filename', None) or 'A file'} cannot be read as a UTF-8 text."
            ) from error
        except Refused as error:
            raise CommandError(str(error)) from error

    def _export(self, options: dict[str, Any]) -> None:
        if options["fides"]:
            text, lost = descriptions.export_fides()
            for line in lost:
                self.stderr.write(line)
        else:
            text = descriptions.export_csv() if options["csv"] else descriptions.export()
        self.stdout.write(text, ending="")

    def _load(self, options: dict[str, Any]) -> None:
        files: list[tuple[str, str]] = []
        for path in options["files"]:
            files += descriptions.files_of(path)
        kind = "fides" if options["fides"] else "csv" if options["csv"] else ""
        done = descriptions.bring(
            files, actor=actor.worker("describe"), kind=kind, system=options["system"], lenient=options["lenient"],
            check=options["check"],
        )  # fmt: skip
        for line in done.notes:
            self.stdout.write(line)
        what = f"{done.collections} collections with {done.fields} fields"
        names = ", ".join(name for name, _ in files) if len(files) < 4 else f"{len(files)} files"
        self.stdout.write(f"{names}: {'loaded' if done.written else 'nothing written; sound'}: {what}.")
