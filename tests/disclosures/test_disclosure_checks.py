"""Each check is green on a sound company and red on the fault that it is there for."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit import assurance, triggers
from disclosures import append_only, chasing, ledger
from disclosures.models import Channel, Notice, Recipient, StandingDisclosure
from tests.consent.builders import CLERK
from tests.disclosures.builders import category, person, recipient, tell

pytestmark = pytest.mark.django_db


def run(key: str) -> bool:
    return next(one for one in assurance.checks() if one.key == key).run().ok


def test_a_recipient_without_country_or_contract_is_found_unless_it_is_switched_off() -> None:
    recipient("mill", contract="DPA 2026-01")
    assert run("disclosures.contracts")
    for gap in ({"country": "", "contract": "DPA"}, {"contract": ""}):
        Recipient.objects.filter(key="mill").update(**gap)
        assert not run("disclosures.contracts")
        Recipient.objects.filter(key="mill").update(country="DE")
    Recipient.objects.update(active=False)
    assert run("disclosures.contracts")


def test_a_notice_that_nobody_took_or_nobody_confirmed_is_found(settings: Any) -> None:
    mailer = recipient("mailer", "contact", receives_everyone=True)
    tell()
    Notice.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=13))
    assert run("disclosures.told") and run("disclosures.confirmed")
    Notice.objects.update(sent_at=timezone.now() - timedelta(days=15))
    assert not run("disclosures.confirmed")
    settings.CONFIRM_DAYS = 20
    assert run("disclosures.confirmed"), "the usual days are a setting"
    way = Channel.objects.create(recipient=mailer)
    assert way.confirm_days == 20, "with which a new way of telling begins"
    Channel.objects.update(confirm_days=10)
    assert not run("disclosures.confirmed"), "but what was agreed with a recipient wins"
    settings.CONFIRM_DAYS, sent = 5, timezone.now() - timedelta(days=80)
    Channel.objects.update(confirm_days=90)
    Notice.objects.update(sent_at=sent)
    assert run("disclosures.confirmed") and chasing.to_remind(timezone.now()) == []
    Channel.objects.update(confirm_days=70)
    assert not run("disclosures.confirmed") and len(chasing.to_remind(timezone.now())) == 1, "one rule for both"
    Notice.objects.update(state="parked", park_reason="No.")
    assert not run("disclosures.told")


def test_data_that_went_to_a_recipient_we_had_ended_with_is_found() -> None:
    mill = recipient("mill")
    category("contact")
    ledger.record(
        person(), mill, categories=["contact"], purpose=None, occasion="", disclosed_at=timezone.now(), actor=CLERK
    )
    assert run("disclosures.to_active")
    Recipient.objects.update(active=False)
    assert not run("disclosures.to_active")


def test_a_recipient_of_everyones_data_without_days_is_found() -> None:
    mailer = recipient("mailer", "contact", receives_everyone=True)
    assert not run("disclosures.standing_dated")
    StandingDisclosure.objects.create(recipient=mailer, since_on="2026-01-01")
    assert run("disclosures.standing_dated")


def test_a_ledger_that_could_be_changed_is_found() -> None:
    assert run("disclosures.ledger_kept")
    triggers.remove(connection, append_only.LEDGER[0])
    assert not run("disclosures.ledger_kept")
    triggers.install(connection, append_only.LEDGER[0])
    assert run("disclosures.ledger_kept")
