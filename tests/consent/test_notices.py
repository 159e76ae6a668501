"""A notice is drafted, published once, and from then on never changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused
from consent import notices
from consent.models import NoticeVersion
from tests.consent.builders import colleague

pytestmark = pytest.mark.django_db
LONG_AGO = date(2026, 1, 1)


@pytest.fixture
def maya():
    """The privacy officer."""
    return colleague("maya", "consent.publish_noticeversion")


def draft(by, body: str = "We keep little.", **more) -> NoticeVersion:
    return notices.draft(**{"title": "Privacy notice", "body": body, "effective_on": LONG_AGO, "by": by} | more)


def test_a_draft_is_seen_by_nobody_until_it_is_published(maya) -> None:
    version = draft(maya)
    assert notices.current() is None
    notices.publish(version, by=maya)
    assert notices.current() == version
    assert version.published_at and version.number == 1
    assert version.digest == notices.digest("Privacy notice", "We keep little.")
    assert Event.objects.filter(name="notice.published").get().facts["digest"] == version.digest


def test_the_newest_version_in_force_holds_and_one_of_tomorrow_waits(maya) -> None:
    for day in (LONG_AGO, date(2026, 2, 1), timezone.now().date() + timedelta(days=2)):
        notices.publish(draft(maya, effective_on=day), by=maya)
    assert notices.current().number == 2


def test_each_key_and_language_counts_for_itself(maya) -> None:
    notices.publish(draft(maya), by=maya)
    assert draft(maya, key="candidates").number == 1
    assert notices.current("candidates") is None and notices.current(language="de") is None


def test_an_earlier_moment_has_an_earlier_wording(maya) -> None:
    old = notices.publish(draft(maya), by=maya)
    NoticeVersion.objects.filter(pk=old.pk).update(published_at=datetime(2026, 1, 1, tzinfo=UTC))
    notices.publish(draft(maya, body="We keep less."), by=maya)
    assert notices.current().number == 2
    assert notices.current(at=datetime(2026, 3, 1, tzinfo=UTC)).number == 1
    assert notices.current(at=datetime(2025, 12, 30, tzinfo=UTC)) is None


def test_a_published_wording_can_neither_be_edited_nor_published_again(maya) -> None:
    version = notices.publish(draft(maya), by=maya)
    for verb in (
        lambda: notices.edit(version, by=maya, body="We sell it all."),
        lambda: notices.publish(version, by=maya),
    ):
        with pytest.raises(Refused, match="Draft a new version") as refused:
            verb()
        assert refused.value.code == "published_conflict"
    version.refresh_from_db()
    assert version.body == "We keep little."


def test_a_draft_can_be_edited(maya) -> None:
    edited = notices.edit(draft(maya), by=maya, body="We keep less.")
    assert NoticeVersion.objects.get(pk=edited.pk).body == "We keep less."
    with pytest.raises(ValueError, match="draft"):
        notices.edit(edited, by=maya, published_at=timezone.now())


def test_a_draft_that_was_overtaken_gets_the_next_number(maya) -> None:
    first, second = draft(maya), draft(maya)
    notices.publish(second, by=maya)
    notices.publish(first, by=maya)
    assert (second.number, first.number) == (2, 3)
    assert notices.current() == first


def test_an_empty_notice_is_not_published(maya) -> None:
    with pytest.raises(Refused, match="Write the notice"):
        notices.publish(draft(maya, body=" \n"), by=maya)


def test_whoever_lacks_the_permission_writes_nothing(maya) -> None:
    ole, version = colleague("ole"), draft(maya)
    for verb in (
        lambda: draft(ole),
        lambda: notices.edit(version, by=ole, body="x"),
        lambda: notices.publish(version, by=ole),
    ):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.code == "not_allowed"
    assert notices.current() is None


def test_the_notice_in_force_costs_one_query(maya, django_assert_num_queries) -> None:
    notices.publish(draft(maya), by=maya)
    with django_assert_num_queries(1):
        notices.current()
