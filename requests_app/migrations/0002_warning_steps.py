"""The warning steps that a new portal begins with; a manager changes them."""

from typing import Any

from django.db import migrations

STEPS = (
    ("half", "Half of the time has passed", "share", 50, False),
    ("three_quarters", "Three quarters of the time have passed", "share", 75, False),
    ("three_days", "Three days are left", "days", 3, True),
)


def fill(apps: Any, schema_editor: Any) -> None:
    step = apps.get_model("requests_app", "WarningStep")
    for key, name, basis, value, escalates in STEPS:
        step.objects.get_or_create(
            key=key, defaults={"name": name, "basis": basis, "value": value, "escalates": escalates}
        )


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
