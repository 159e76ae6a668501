"""Each check is green on a sound company and red on the fault that it is there for."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit import assurance
from consent import choices, immutable, launching, telling
from consent.models import NoticeVersion, Told
from inventory.models import Collection, Dataset, System
from tests.consent.builders import CLERK, ada, earlier, naming_purposes, officer, published, purpose

pytestmark = pytest.mark.django_db


def run(key: str) -> bool:
    return next(one for one in assurance.checks() if one.key == key).run().ok


@pytest.fixture
def notice():
    return published("We send News to you.")


def test_a_notice_in_force_is_demanded() -> None:
    assert not run("consent.notice")
    published()
    assert run("consent.notice")


def test_a_wording_that_was_changed_behind_our_back_is_found(notice) -> None:
    assert run("consent.unchanged")
    immutable.remove(connection)
    try:
        assert not run("consent.unchanged"), "nothing refuses a change any more"
        NoticeVersion.objects.update(body="We sell everything.")
        connection.check_constraints()  # PostgreSQL alters no table with checks that wait
    finally:
        immutable.install(connection)
    assert not run("consent.unchanged")


def test_a_notice_without_a_second_person_is_found(notice) -> None:
    assert run("consent.two_people")
    earlier(at=timezone.now(), number=7, written_by=officer("maya"))
    assert not run("consent.two_people")


def test_a_notice_that_nobody_read_for_a_year_is_found() -> None:
    assert run("consent.reviewed")
    earlier(at=timezone.now() - timedelta(days=400))
    assert not run("consent.reviewed")


def test_a_purpose_in_use_that_is_not_live_is_found() -> None:
    news = purpose(consequence="None.")
    dataset = Dataset.objects.create(system=System.objects.create(key="s", name="S"), key="d", name="D")
    assert run("consent.launched")
    Collection.objects.create(dataset=dataset, name="t", title="T").purposes.add(news)
    assert not run("consent.launched")
    published(**naming_purposes(news))
    launching.settle(timezone.now())
    assert run("consent.launched")


def test_a_purpose_that_says_nothing_of_a_no_is_found() -> None:
    purpose(consequence="You get no mail.")
    assert run("consent.consequence_optional")
    purpose("ads")
    assert not run("consent.consequence_optional")


def test_a_difference_between_notice_and_inventory_is_found() -> None:
    assert not run("consent.drift"), "no notice at all"
    news = purpose()
    published(**naming_purposes(news))
    assert run("consent.drift")
    purpose("ads")
    assert not run("consent.drift")


def test_people_who_could_not_be_told_are_found(notice) -> None:
    telling.told(ada(), notice, channel="api", actor=CLERK)
    assert run("consent.told")
    Told.objects.update(state="failed")
    assert not run("consent.told")


def test_a_purpose_that_the_notice_does_not_name_is_found(notice) -> None:
    purpose("news")
    assert run("consent.purposes_told")
    purpose("profiling")
    assert not run("consent.purposes_told")


def test_a_yes_without_its_wording_is_found(notice) -> None:
    news = purpose()
    choices.record(ada(), news, True, source="portal", actor=CLERK, notice=notice, chosen_at=timezone.now())
    assert run("consent.wording_kept")
    choices.record(ada(), news, True, source="portal", actor=CLERK)
    assert not run("consent.wording_kept")


def test_a_required_purpose_says_its_consequence_and_never_rests_on_consent() -> None:
    purpose("account", required=True, lawful_basis="contract", consequence="No account.")
    assert run("consent.consequence") and run("consent.free")
    purpose("forced", required=True)
    assert not run("consent.consequence") and not run("consent.free")
