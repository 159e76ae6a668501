"""The ledger refuses UPDATE, DELETE and TRUNCATE; what is in it already is counted into the months."""

from datetime import UTC

from django.db import migrations

from disclosures import append_only

AT_ONCE = 2000


def fill(apps, schema_editor):
    flow = apps.get_model("disclosures", "Flow")
    rows = apps.get_model("disclosures", "Disclosure").objects.order_by("pk")
    found = set()
    picked = rows.values_list("recipient_id", "disclosed_at", "categories", "purpose__key")
    for recipient, at, categories, purpose in picked.iterator(chunk_size=AT_ONCE):
        month = at.astimezone(UTC).date().replace(day=1)
        found.update((recipient, month, one, purpose or "") for one in categories)
    flow.objects.bulk_create(
        [flow(recipient_id=who, month=month, category=one, purpose=why) for who, month, one, why in sorted(found)],
        batch_size=AT_ONCE,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0013_the_ledger")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(append_only.install, append_only.remove),
    ]
