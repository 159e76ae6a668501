"""`manage.py roles`: bring groups and permissions in line with the table of roles."""

from typing import Any

from django.core.management.base import BaseCommand

from privacyops import roles


class Command(BaseCommand):
    help = "Bring groups and permissions in line with the table of roles."

    def handle(self, *args: Any, **options: Any) -> None:
        roles.sync()
        self.stdout.write(f"{len(roles.ROLES)} roles are in place: {', '.join(roles.ROLES)}.")
