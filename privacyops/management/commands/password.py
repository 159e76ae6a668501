"""`manage.py password NAME`: a new password for a member of staff, shown once."""

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Set a new random password for a member of staff and show it once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_staff=True).first()
        if user is None:
            names = ", ".join(User.objects.filter(is_staff=True).values_list("username", flat=True)) or "nobody yet"
            raise CommandError(f"There is no member of staff of that name. Known: {names}.")
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        user.set_password(password)
        user.save(update_fields=["password"])
        self.stdout.write(f"{user.username}: {password}")
