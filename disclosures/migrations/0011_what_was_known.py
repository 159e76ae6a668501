"""What was known before there were columns for it: sale and sharing from the role, transfers from the words, clients from the
inventory. Run again it changes nothing; back it leaves the new tables as they are, for they are dropped next.
"""

from django.db import migrations
from django.utils.text import slugify

from law import transfers

WORDS = (
    ("privacy framework", "framework"), ("dpf", "framework"), ("standard contract", "clauses"), ("scc", "clauses"),
    ("binding corporate", "rules"), ("bcr", "rules"), ("adequa", "adequacy"), ("art. 49", "derogation"),
    ("derogation", "derogation"),
)


def known(apps, schema_editor):
    recipients = apps.get_model("disclosures", "Recipient").objects
    # The role said "sale or sharing" and not which: both, so that nobody's opt-out passes them by.
    recipients.filter(role="third_party").update(sold=True, shared=True, ccpa="third_party")
    transfer = apps.get_model("disclosures", "Transfer")
    for one in recipients.exclude(country="").iterator():
        if transfers.at_home(transfers.EU, one.country):
            continue
        said = one.transfer_basis.lower()
        basis = next((key for words, key in WORDS if words in said), "")
        transfer.objects.get_or_create(recipient=one, country=one.country, defaults={"basis": basis})
    systems = apps.get_model("inventory", "System").objects.filter(role="processor").order_by("pk")
    client = apps.get_model("disclosures", "Client")
    for name, contact in systems.values_list("client", "client_contact"):
        if name and not client.objects.filter(name=name).exists():
            stem = slugify(name)[:50] or "client"
            key, turn = stem, 1
            while client.objects.filter(key=key).exists():
                turn += 1
                key = f"{stem}-{turn}"
            client.objects.create(key=key, name=name, contact=contact)


class Migration(migrations.Migration):

    dependencies = [
        ('disclosures', '0010_recipients_clients_and_policies'),
        ('inventory', '0001_initial'),
    ]

    operations = [migrations.RunPython(known, migrations.RunPython.noop)]
