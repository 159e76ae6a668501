"""`manage.py demo`: load the demo company, make it anew, or count a person's rows in it."""

from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from privacyops import demo, roles
from privacyops.demo import counting


class Command(BaseCommand):
    help = "Load the demo company Hireline (repeatable)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="drop Hireline's databases and make them anew")
        parser.add_argument("--count", metavar="EMAIL", help="count a person's rows with plain SQL, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demo installation (DEMO is off).")
        if options["count"]:
            for table, rows in counting.count(options["count"]).items():
                self.stdout.write(f"{rows:>8,}  {table}")
            return
        if options["reset"]:
            demo.reset()
        roles.sync()
        demo.load(self.stdout.write)
        demo.share_work()
        self.stdout.write("Hireline is loaded.")
