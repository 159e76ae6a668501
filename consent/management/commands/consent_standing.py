"""`manage.py consent_standing --check | --rebuild`: what holds, against the ledger."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from audit import actor
from consent import rebuilding


class Command(BaseCommand):
    """Compares what holds with the ledger, and mends it."""

    help = "Checks that what holds agrees with the ledger of choices, or rebuilds it from there. Ends with 1 if they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--check", action="store_true", help="Only compare.")
        which.add_argument("--rebuild", action="store_true", help="Make what holds say what the ledger says.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rebuild"]:
            done = rebuilding.rebuild(actor=actor.worker("manage.consent_standing"))
            self.stdout.write(
                f"Mended: {done.wrong:,} rows said something else or were missing, {done.orphans:,} had no choice."
            )
            return
        found = rebuilding.compare()
        if found.agrees:
            self.stdout.write("Ledger and what holds agree.")
            return
        self.stderr.write(
            f"They differ: {found.wrong:,} rows say something else or are missing, {found.orphans:,} have no choice."
            " Run this again with --rebuild."
        )
        sys.exit(1)
