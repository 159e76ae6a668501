"""A period may begin when the year of its date is over."""

from django.db import migrations, models

from retention import immutable


def install(apps, schema_editor):
    """SQLite may have made the guarded table anew, without its triggers."""
    immutable.install(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('retention', '0020_archives_and_replays'),
    ]

    operations = [
        migrations.AddField(
            model_name='schedule',
            name='year_ends',
            field=models.CharField(blank=True, db_default='', default='', help_text='Month and day, as 12-31: the period begins when the year of the date is over. Empty: with the date itself.', max_length=5, verbose_name='year ends on'),
        ),
        migrations.AddField(
            model_name='scheduleversion',
            name='year_ends',
            field=models.CharField(blank=True, db_default='', default='', help_text='Month and day, as 12-31: the period begins when the year of the date is over. Empty: with the date itself.', max_length=5, verbose_name='year ends on'),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
