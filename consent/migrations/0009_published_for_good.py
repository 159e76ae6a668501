"""A published notice version refuses UPDATE and DELETE, on SQLite and on PostgreSQL."""

from django.db import migrations

from consent import immutable


def install(apps, schema_editor):
    immutable.install(schema_editor.connection)


def remove(apps, schema_editor):
    immutable.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("consent", "0008_purposes_in_use")]
    operations = [migrations.RunPython(install, remove)]
