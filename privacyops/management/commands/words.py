"""`manage.py words`: bring the catalogues up to date with pages and letters, and tell what is still to be translated."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacyops import words


class Command(BaseCommand):
    """New texts come into every catalogue, empty; texts that nobody says any more go; the compiled files are made anew."""

    help = "Bring the translation catalogues up to date; with --check only say what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when something is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for language in sorted(set(settings.TONGUES) - {"en"}):
            if not options["check"]:
                self._update(language)
            faults = words.faults(language)
            found += len(faults)
            self.stdout.write(f"{language}: {len(faults)} to do")
            for one in faults:
                self.stdout.write(f"  {one}")
        if found and options["check"]:
            raise CommandError(f"{found} texts are missing or wrong; see docs/languages.md")

    def _update(self, language: str) -> None:
        path = words.place(language)
        held, count = words.read(path), words.forms(language)
        new = {word: held.get(word) or [""] * (count if word.plural else 1) for word in words.wanted()}
        words.write(path, language, new)
