"""`manage.py doctor`: what is misconfigured, and how to mend it."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from privacyops import examining


class Command(BaseCommand):
    help = "Say what is misconfigured and how to mend it; ends with code 1 if something is broken."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        results = examining.examine()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in results], indent=2))
        else:
            for one in results:
                self.stdout.write(f"{one.state:<5} {one.name}: {one.sentence}")
                if one.mend:
                    self.stdout.write(f"      {one.mend}")
        if any(one.state == "fail" for one in results):
            sys.exit(1)
