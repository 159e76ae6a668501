"""The acts of earlier choices, and what holds of them."""

from django.db import migrations


def fill(apps, schema_editor):
    """Name each act by what is known of it, and keep the newest choice of each person and purpose as what holds."""
    choices = apps.get_model("consent", "Choice").objects
    standings = apps.get_model("consent", "Standing")
    objected = {"granted": False, "purpose__lawful_basis": "legitimate_interests"}
    choices.filter(granted=False).update(act="refused")
    choices.filter(pk__in=choices.filter(**objected).values("pk")).update(act="objected")
    held, rows = None, []
    newest = choices.order_by("subject_id", "purpose_id", "-chosen_at", "-recorded_at", "-id")
    for one in newest.iterator(chunk_size=2000):
        if (one.subject_id, one.purpose_id) == held:
            continue
        held = (one.subject_id, one.purpose_id)
        same = {name: getattr(one, name) for name in ("granted", "act", "chosen_at", "recorded_at")}
        rows.append(standings(holder=one.subject_id, purpose_id=one.purpose_id, choice_id=one.pk, **same))
        if len(rows) == 2000:
            standings.objects.bulk_create(rows)
            rows = []
    standings.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("consent", "0002_ledger")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
