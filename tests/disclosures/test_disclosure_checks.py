"""Each check is green on a sound company and red on the fault that it is there for."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit import assurance, triggers
from disclosures import append_only, ledger
from disclosures.models import Notice, Recipient, StandingDisclosure
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


def test_a_notice_that_nobody_took_or_nobody_confirmed_is_found() -> None:
    recipient("mailer", "contact", receives_everyone=True)
    tell()
    Notice.objects.update(state="sent", sent_at=timezone.now() - timedelta(days=29))
    assert run("disclosures.told") and run("disclosures.confirmed")
    Notice.objects.update(sent_at=timezone.now() - timedelta(days=31))
    assert not run("disclosures.confirmed")
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
