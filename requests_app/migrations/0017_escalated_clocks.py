from django.db import migrations, models
from django.utils import timezone


def mark(apps, schema_editor):
    """Running clocks whose warnings raised them already, in one statement."""
    warned = apps.get_model("requests_app", "ClockWarning").objects.filter(step__escalates=True)
    clocks = apps.get_model("requests_app", "Clock").objects.filter(met_at=None, pk__in=warned.values("clock"))
    clocks.update(escalated_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ("requests_app", "0016_steps_that_block"),
    ]

    operations = [
        migrations.AddField(
            model_name="clock",
            name="escalated_at",
            field=models.DateTimeField(blank=True, help_text="When a step that raises it was reached.", null=True),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("escalated_at__isnull", False), ("met_at", None), ("paused_at", None)),
                fields=["request"],
                name="escalated_clocks",
            ),
        ),
    ]
