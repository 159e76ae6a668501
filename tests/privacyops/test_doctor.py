"""`manage.py doctor` says what is wrong and how to mend it, and ends with code 1 when something is broken."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from audit import triggers
from audit.models import SweepRun
from connectors.models import Connection
from inventory.models import System
from privacyops import examining

pytestmark = pytest.mark.django_db
IN_PUBLIC = {"HTTPS": True, "SITE_URL": "https://privacy.example", "SITE_HOST": "privacy.example", "DEMO": False}


@pytest.fixture
def public(settings, monkeypatch):
    """A production installation without a fault."""
    for name, value in IN_PUBLIC.items():
        setattr(settings, name, value)
    settings.ALLOWED_HOSTS = ["privacy.example"]
    settings.TRUSTED_PROXIES = 1
    settings.EMAIL_URL = "smtp://mail.example"
    for name in ("SECRET_KEY", "DATA_KEYS", "INDEX_KEY", "RECEIPT_KEYS"):
        monkeypatch.setenv(name, "given")
    SweepRun.objects.create(job="a.sweep", slot=1, started_at=timezone.now(), finished_at=timezone.now())
    return settings


def seen() -> dict[str, examining.Result]:
    return {one.name: one for one in examining.examine()}


def states() -> dict[str, str]:
    return {name: one.state for name, one in seen().items()}


def test_a_sound_installation_has_nothing_to_mend(public):
    public.STATE_DIR.chmod(0o700)
    found = seen()
    if connection.vendor == "sqlite":
        assert found.pop("Database").state == "warn", "SQLite serves one machine"
    assert {name: one for name, one in found.items() if one.state != "ok"} == {}


@pytest.mark.parametrize(
    ("setting", "value", "name", "state"),
    [
        ("DEBUG", True, "Trial settings", "fail"),
        ("DEMO", True, "Trial settings", "fail"),
        ("ALLOWED_HOSTS", ["other.example"], "Address", "fail"),
        ("ALLOWED_HOSTS", ["*", "privacy.example"], "Address", "fail"),
        ("HTTPS", False, "Address", "warn"),
        ("TRUSTED_PROXIES", 0, "Proxies", "warn"),
        ("EMAIL_URL", "", "Mail", "fail"),
    ],
)
def test_each_slip_is_named_with_a_way_to_mend_it(public, setting, value, name, state):
    assert seen()[name].state == "ok"
    setattr(public, setting, value)
    found = seen()[name]
    assert found.state == state and found.mend


def test_a_name_under_a_domain_that_we_answer_to_is_fine(public):
    public.ALLOWED_HOSTS = [".example"]
    assert states()["Address"] == "ok"


def test_keys_made_on_this_machine_will_do_for_a_trial_only(public, monkeypatch):
    monkeypatch.delenv("DATA_KEYS")
    assert seen()["Keys"].state == "fail" and "DATA_KEYS" in seen()["Keys"].sentence
    public.HTTPS = False
    assert states()["Keys"] == "warn"


def test_a_folder_that_others_can_look_into_is_named(public, tmp_path):
    public.STATE_DIR = tmp_path
    tmp_path.chmod(0o755)
    assert states()["State folder"] == "warn"


def test_a_mail_server_that_does_not_answer_is_named_without_its_address(public):
    public.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    public.EMAIL_HOST, public.EMAIL_PORT = "127.0.0.1", 1
    assert seen()["Mail"].state == "fail" and "127.0.0.1" not in seen()["Mail"].sentence


def test_silence_of_the_scheduler_and_sweeps_that_never_end_are_seen(public):
    now = timezone.now()
    SweepRun.objects.update(started_at=now - timedelta(minutes=6))
    assert "No sweep has begun" in seen()["Rounds"].sentence and states()["Rounds"] == "fail"
    SweepRun.objects.update(started_at=now, finished_at=now)
    SweepRun.objects.create(job="b.sweep", slot=1, started_at=now, finished_at=None)
    assert states()["Rounds"] == "fail" and "b.sweep" in seen()["Rounds"].sentence
    assert "a.sweep" not in seen()["Rounds"].sentence


def test_a_connection_that_does_not_work_is_named_by_its_system(public):
    system = System.objects.create(key="payroll", name="Payroll")
    Connection.objects.create(system=system, kind="sql", address="sqlite:////nowhere/at/all.sqlite3")
    assert seen()["Connections"].state == "fail" and "payroll" in seen()["Connections"].sentence


def test_an_event_log_without_its_triggers_is_a_failure(public):
    assert states()["Event log"] == "ok"
    triggers.remove(connection)
    try:
        assert states()["Event log"] == "fail"
    finally:
        triggers.install(connection)


def test_the_command_speaks_to_people_and_to_machines_and_its_code_says_whether_something_is_broken(public, capsys):
    out = io.StringIO()
    call_command("doctor", stdout=out)
    assert "ok    Event log: Append-only, and so is the ledger of choices." in out.getvalue()
    public.DEBUG = True
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=out)
    assert ended.value.code == 1
    rows = {row["name"]: row for row in json.loads(out.getvalue())}
    assert rows["Trial settings"] == {
        "name": "Trial settings", "state": "fail", "sentence": "DEBUG is on.", "mend": "Unset DEBUG.",
    }  # fmt: skip
