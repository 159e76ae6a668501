"""`manage.py connection <system>`: what would stop the work in a system, told before anything is touched.

Exit status: 0 nothing, 3 something is to be mended (a line for each). With --grants: the statements that give our login the
least it needs.
"""

import json
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from audit import actor
from audit.refusal import Refused
from connectors import examining, sql_grants
from connectors.models import Connection


class Command(BaseCommand):
    help = "Examine the connection of a system: schema, keys, masks and rights. Or print the grants that it needs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", help="the system's key")
        parser.add_argument("--grants", action="store_true", help="print the least privileges as SQL for the DBA")
        parser.add_argument("--json", action="store_true", help="print the faults as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Connection.objects.select_related("system").filter(system__key=options["system"]).first()
        if found is None:
            raise CommandError(f"There is no connection to a system {options['system']!r}. Add one on the desk.")
        if options["grants"]:
            try:
                for statement in sql_grants.statements(found):
                    self.stdout.write(f"{statement};")
            except Refused as error:
                raise CommandError(error.message) from error
            return
        faults = examining.examine(found, actor=actor.worker("manage.py connection"))
        if options["json"]:
            self.stdout.write(json.dumps([vars(one) for one in faults], indent=2))
        else:
            for one in faults:
                self.stdout.write(one.sentence)
            if not faults:
                self.stdout.write("Nothing is to be mended: schema, keys, masks and rights fit the description.")
        if faults:
            raise SystemExit(3)
