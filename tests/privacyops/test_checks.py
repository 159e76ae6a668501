"""Django's system checks refuse to start what would break the law or lose people."""

import dataclasses
import re
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from privacyops import checks
from requests_app import plans


def found() -> dict[str, str]:
    return {one.id: one.hint for one in run_checks() if one.id and one.id.startswith("privacyops.")}


def test_this_installation_has_no_fault():
    assert found() == {}


def test_an_opt_out_that_asks_for_proof_does_not_start(monkeypatch):
    strict = dataclasses.replace(plans.PLANS["opt_out_sale"], proof="mailbox")
    monkeypatch.setitem(plans.PLANS, "opt_out_sale", strict)
    assert set(found()) == {"privacyops.E001"}
    with pytest.raises(SystemCheckError, match="asks for proof of identity"):
        call_command("check")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"DATA_KEYS": "a:dG9vIHNob3J0"}, "E002"),
        ({"DATA_KEYS": "nonsense"}, "E002"),
        ({"DATA_KEYS": ""}, "E002"),
        ({"DEMO": True, "HTTPS": True}, "E004"),
        ({"USE_TZ": False}, "E005"),
        ({"TIME_ZONE": "Europe/Berlin"}, "E005"),
        ({"ESTABLISHMENT_TIME_ZONE": "Berlin"}, "E006"),
        ({"ESTABLISHMENT_TIME_ZONE": "../etc"}, "E006"),
        ({"ESTABLISHMENT_HOLIDAYS": "Atlantis"}, "E007"),
        ({"ESTABLISHMENT_HOLIDAYS": "DE-XX"}, "E007"),
        ({"COMPANY_FACTS": ["sells", "rents"]}, "E008"),
        ({"HTTPS": False, "SITE_HOST": "privacy.example"}, "W001"),
    ],
)
def test_each_mistake_has_an_id_and_a_hint(settings, changes, check):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert set(found()) == {f"privacyops.{check}"} and found()[f"privacyops.{check}"]


@pytest.mark.parametrize("region", ["DE", "DE-BE", "GB", "US", "US-CA", "FR"])
def test_regions_that_companies_name_are_known(settings, region):
    settings.ESTABLISHMENT_HOLIDAYS = region
    assert found() == {}


def test_no_id_is_used_twice():
    ids = re.findall(r'id="(privacyops\.\w+)"', Path(checks.__file__).read_text())
    assert len(ids) >= 8 and len(ids) == len(set(ids))
