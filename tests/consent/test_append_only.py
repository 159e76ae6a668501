"""The ledger refuses to be changed, by whatever road, and lets a person be forgotten all the same."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit import triggers
from consent import append_only, choices, devices, forgetting
from consent.choices import How
from consent.models import Choice, Device, Wording
from tests.consent.builders import CLERK, ada, purpose

pytestmark = pytest.mark.django_db


def refused(work) -> bool:
    try:
        with transaction.atomic():
            work()
    except DatabaseError as error:
        return "append-only" in str(error) or "stay as they were" in str(error)
    return False


@pytest.fixture
def choice() -> Choice:
    how = How(words="May we write to you?", language="en", region="DE", evidence={"page": "signup"})
    return choices.record(ada(), purpose(), True, source="portal", actor=CLERK, how=how)


@pytest.mark.parametrize(
    "change",
    [
        {"granted": False}, {"act": "refused"}, {"source": "staff"}, {"region": "US"}, {"expires_at": None},
        {"chosen_at": "2020-01-01T00:00:00Z"}, {"notice": None, "language": ""}, {"evidence": {"page": "other"}},
        {"idempotency_key": "k"}, {"evidence": {}, "granted": False},
    ],
)  # fmt: skip
def test_no_column_of_a_choice_can_be_changed(choice, change: dict) -> None:
    assert refused(lambda: Choice.objects.filter(pk=choice.pk).update(**change))
    assert Choice.objects.get(pk=choice.pk).granted is True


def test_neither_a_choice_nor_the_words_that_were_shown_can_be_deleted_or_edited(choice) -> None:
    for sql in (
        "DELETE FROM consent_choice", "DELETE FROM consent_wording", "UPDATE consent_wording SET text = 'Pay us.'",
    ):  # fmt: skip
        with connection.cursor() as cursor:
            assert refused(lambda: cursor.execute(sql)), sql
    assert Choice.objects.count() == Wording.objects.count() == 1


@pytest.mark.postgres
def test_nor_can_the_whole_table_be_emptied() -> None:
    for table in append_only.TABLES:
        with connection.cursor() as cursor:
            assert refused(lambda: cursor.execute(f"TRUNCATE {table.name} CASCADE"))


def test_a_person_is_forgotten_and_the_proof_stays(choice) -> None:
    device = devices.find_or_make("a-browser-with-an-id")
    devices.adopt(device, ada(), actor=CLERK)
    assert forgetting.forget(ada(), actor=CLERK) == 1
    assert forgetting.forget(ada(), actor=CLERK) == 1
    kept = Choice.objects.get()
    assert kept.evidence == {} and kept.granted and kept.wording.text == "May we write to you?"
    assert devices.find("a-browser-with-an-id") is None and Device.objects.count() == 1


def test_the_triggers_are_there_after_all_migrations() -> None:
    assert all(triggers.installed(connection, one) for one in append_only.TABLES)
    assert all(one in triggers.TABLES for one in append_only.TABLES)
