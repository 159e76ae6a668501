"""What left, and what was spent of a budget, refuse UPDATE, DELETE and TRUNCATE."""

from django.db import migrations

from disclosures import append_only


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0030_releases")]

    operations = [migrations.RunPython(append_only.install_releases, append_only.remove_releases)]
