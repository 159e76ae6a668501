"""Hireline's archives and backups: what is copied where, and for how long."""

from django.contrib.auth.models import User

from inventory.models import System
from retention.models import CopySet

# key, title, kind, place, hours between two, days kept, days locked
SETS = (
    ("nightly", "Nightly dumps", "dump", "Backup server in Berlin", 24, 35, 0),
    ("snapshots", "Snapshots", "snapshot", "Cloud in Frankfurt, locked for a week", 6, 14, 7),
)


def load(by: User | None) -> None:
    """The register. Safe to repeat."""
    for system in System.objects.filter(connection__isnull=False).order_by("key"):
        for key, title, kind, place, hours, kept, locked in SETS:
            CopySet.objects.get_or_create(
                key=f"{system.key}-{key}"[:60],
                defaults={
                    "title": f"{title} of {system.name}", "system": system, "kind": kind, "place": place, "every_hours": hours,
                    "kept_days": kept, "immutable_days": locked, "responsible": by,
                },
            )  # fmt: skip
    CopySet.objects.get_or_create(
        key="portal",
        defaults={"title": "Dumps of this portal", "kind": "dump", "place": "Backup server in Berlin", "kept_days": 30,
                  "responsible": by},
    )  # fmt: skip
