"""Purposes that are there today are in use: they count as live, on the terms that they have now."""

import hashlib
import json

from django.db import migrations
from django.utils import timezone

TOLD = ("name", "description", "lawful_basis", "required", "sale_or_sharing")


def fill(apps, schema_editor):
    purposes, launches = apps.get_model("inventory", "Purpose").objects, apps.get_model("consent", "Launch").objects
    now = timezone.now()
    for one in purposes.all():
        said = {name: getattr(one, name) for name in TOLD}
        terms = hashlib.sha256(json.dumps(list(said.values()), ensure_ascii=True).encode()).hexdigest()
        launches.create(
            purpose=one, terms=terms, said=said, regions="*", asked_at=now, live_at=now, ground="before"
        )


class Migration(migrations.Migration):
    dependencies = [("consent", "0007_notices_and_launches")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
