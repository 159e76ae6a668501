"""What was known before there were columns for it is carried over by the migration, and running it again changes nothing."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from disclosures import recipients
from disclosures.models import Client, Recipient, Transfer
from inventory.models import System
from tests.disclosures.builders import recipient

pytestmark = pytest.mark.django_db
carry = import_module("disclosures.migrations.0011_what_was_known").known


def test_roles_words_and_names_become_columns() -> None:
    recipient("adnet", role="third_party", country="US", transfer_basis="Standard contractual clauses (2021)")
    recipient("look", country="US", transfer_basis="EU-US Data Privacy Framework")
    recipient("far", country="IN")
    recipient("mill", country="DE", transfer_basis="Adequacy")
    for key, client in (("a", "Nord & Co"), ("b", "Nord Co"), ("c", "Nord & Co")):
        System.objects.create(key=key, name=key, role="processor", client=client, client_contact=f"{key}@nord.example")
    for _ in range(2):
        carry(apps, None)
    adnet = Recipient.objects.get(key="adnet")
    assert adnet.sold and adnet.shared and not Recipient.objects.get(key="mill").sold
    assert dict(Transfer.objects.values_list("recipient__key", "basis")) == {
        "adnet": "clauses", "look": "framework", "far": "",
    }  # fmt: skip
    assert [one.code for one in recipients.transfer_gaps(adnet, timezone.localdate())] == ["no_assessment"]
    assert list(Client.objects.order_by("key").values_list("key", "name", "contact")) == [
        ("nord-co", "Nord & Co", "a@nord.example"), ("nord-co-2", "Nord Co", "b@nord.example"),
    ]  # fmt: skip
