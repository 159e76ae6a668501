"""`manage.py discover SYSTEM`: look at a system's tables; what is proposed, or with `--yaml` a whole draft description."""

from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from audit.actor import worker
from audit.refusal import Refused
from connectors.discovery import surveying, wording
from connectors.kinds import base
from connectors.models import Connection, Proposal, Survey
from inventory.models import Dataset, System


class Command(BaseCommand):
    help = "Look at the tables of a connected system and propose how the inventory should describe them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", help="key of the system")
        parser.add_argument(
            "--yaml", action="store_true", help="print a draft description of everything; write nothing"
        )
        parser.add_argument("--take", action="store_true", help="take a survey now, and bring the proposals in line")
        parser.add_argument("--no-samples", action="store_true", help="with --yaml: guess from names and types only")

    def handle(self, *args: Any, **options: Any) -> None:
        system = System.objects.filter(key=options["system"]).first()
        if system is None:
            raise CommandError(f"There is no system {options['system']!r}.")
        if options["yaml"]:
            self.stdout.write(self._draft(system, sampled=not options["no_samples"]), ending="")
            return
        if options["take"]:
            self._take(system)
        self._list(system)

    def _draft(self, system: System, *, sampled: bool) -> str:
        try:
            kind = surveying.opened(system.connection)
            tables = kind.survey()
            drafted = surveying.drafted(system, tables, surveying.look(kind, tables, sampled))
        except base.Permanent as error:
            raise CommandError(error.sentence) from error
        except base.Temporary as error:
            raise CommandError(surveying.NOT_ANSWERING) from error
        except Refused as error:
            raise CommandError(error.message) from error
        except Connection.DoesNotExist as error:
            raise CommandError("The system has no connection. Make one on the desk, then try again.") from error
        key = surveying.home(system)
        name = Dataset.objects.filter(key=key).values_list("name", flat=True).first() or system.name
        return wording.written({"key": system.key, "name": system.name}, {"key": key, "name": name}, drafted)

    def _take(self, system: System) -> None:
        survey = surveying.take(surveying.ask(system).pk, actor=worker("discover"))
        if survey.state == Survey.State.FAILED:
            raise CommandError(survey.failure)
        self.stdout.write(
            f"{system.key}: {len(survey.tables)} tables, {sum(len(one['columns']) for one in survey.tables)} columns."
        )

    def _list(self, system: System) -> None:
        rows = Proposal.objects.filter(system=system, state=Proposal.State.OPEN).order_by("table", "column", "kind")
        for one in rows:
            self.stdout.write(f"{one.confidence:3} {one}: {'; '.join(one.evidence)}")
        self.stdout.write(f"{len(rows)} proposals to decide on the desk.")
