"""`manage.py explain --identifier email`: the plan of a search and an erasure before it runs, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.refusal import Refused
from privacyops import headless
from privacyops.management.options import limits, narrow


class Command(BaseCommand):
    help = "Explain which collections a search visits, in which order, by which fields, and what an erasure does there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--identifier", action="append", required=True, metavar="KIND", help="email, account_id ..."
        )
        limits(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        categories, masks = narrow(options)
        try:
            plan = headless.explain(options["identifier"], categories=categories, masks=masks)
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(plan, indent=2))
