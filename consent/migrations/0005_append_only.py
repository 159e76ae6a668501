"""The ledger refuses UPDATE, DELETE and TRUNCATE; what holds knows its notice."""

from django.db import migrations
from django.db.models import OuterRef, Subquery

from consent import append_only


def fill(apps, schema_editor):
    choices = apps.get_model("consent", "Choice").objects.filter(pk=OuterRef("choice_id"))
    apps.get_model("consent", "Standing").objects.update(notice_id=Subquery(choices.values("notice_id")[:1]))


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_ledger_and_doors")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(append_only.install, append_only.remove),
    ]
