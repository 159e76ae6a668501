"""Schedules that are in force have a version from now on, and a published version refuses UPDATE and DELETE."""

from django.db import migrations
from django.utils import timezone

from retention import immutable

FIELDS = ("title", "collection_id", "purpose_id", "period", "unit", "reason", "every_days", "grace_hours")


def carry(apps, schema_editor):
    """Version 1 of each schedule that stands already."""
    Schedule = apps.get_model("retention", "Schedule")
    Version = apps.get_model("retention", "ScheduleVersion")
    for one in Schedule.objects.filter(version=None):
        made = Version.objects.create(
            schedule=one, number=1, author_id=one.author_id, published_at=timezone.now(), carried_over=True,
            **{name: getattr(one, name) for name in FIELDS},
        )
        Schedule.objects.filter(pk=one.pk).update(version=made)


def install(apps, schema_editor):
    immutable.install(schema_editor.connection)


def remove(apps, schema_editor):
    immutable.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("retention", "0002_versions_nights_and_the_erased")]
    operations = [
        migrations.RunPython(carry, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
