"""An entry of the ledger can be taken back; the row that does it refuses UPDATE, DELETE and TRUNCATE as the ledger does."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from disclosures import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_append_only'),
        ('disclosures', '0031_releases_stay'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Retraction',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='retraction', serialize=False, to='disclosures.disclosure')),
                ('reason', models.CharField(choices=[('never', 'It never happened'), ('person', "It was somebody else's data"), ('recipient', 'It went to another recipient'), ('content', 'Categories, purpose or moment are wrong'), ('twice', 'It was entered twice')], max_length=10)),
                ('taken_back_at', models.DateTimeField()),
                ('client', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.apiclient')),
                ('taken_back_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'permissions': [('take_back_disclosure', 'Can take an entry of the ledger back')],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('client__isnull', False), ('taken_back_by__isnull', True)), models.Q(('client__isnull', True), ('taken_back_by__isnull', False)), _connector='OR'), name='retraction_by_one'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='retraction_says_why')],
            },
        ),
        migrations.RunPython(append_only.install_retractions, append_only.remove_retractions),
    ]
