"""A notice is drafted, read by a second person, published once, and from then on never changed."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused
from consent import immutable, notices, reviewing
from consent.models import NoticeVersion
from tests.consent.builders import colleague, draft, earlier, officer, published, through

pytestmark = pytest.mark.django_db


def test_a_draft_is_seen_by_nobody_until_it_is_published() -> None:
    version = draft()
    assert notices.current() is None
    through(version, publish=False)
    assert notices.current() is None
    notices.publish(version, by=officer("noor"))
    assert notices.current() == version
    assert version.published_at and version.number == 1
    assert version.digest == notices.digest("Privacy notice", "We keep little.")
    assert Event.objects.filter(name="notice.published").get().facts["digest"] == version.digest


def test_the_newest_version_in_force_holds_and_one_of_tomorrow_waits() -> None:
    for day in (date(2026, 1, 1), date(2026, 2, 1), timezone.now().date() + timedelta(days=2)):
        published(effective_on=day)
    assert notices.current().number == 2


def test_each_key_counts_for_itself() -> None:
    published()
    assert draft(key="candidates").number == 1
    assert notices.current("candidates") is None and notices.current(language="de") is None


def test_an_earlier_moment_has_an_earlier_wording() -> None:
    now = timezone.now()
    earlier(at=now - timedelta(days=90))
    published("We keep less.", effective_on=now.date() - timedelta(days=1))
    assert notices.current().number == 2
    assert notices.current(at=now - timedelta(days=30)).number == 1
    assert notices.current(at=now - timedelta(days=91)) is None


def test_the_most_specific_region_holds_then_the_newest() -> None:
    everywhere, eu = published(), published(regions="EU, GB")
    california, states = published(regions="us-ca"), published(regions="US")
    again = published("We keep less.", regions="EU,GB")
    seen = {place: notices.current(region=place).pk for place in ("", "JP", "DE", "GB", "US-CA", "US-NY")}
    assert seen == {"": everywhere.pk, "JP": everywhere.pk, "DE": again.pk, "GB": again.pk, "US-CA": california.pk,
                    "US-NY": states.pk}  # fmt: skip
    assert eu.number == 2 and again.number == 5
    with pytest.raises(Refused, match="MOON"):
        draft(regions="EU, MOON")


def test_who_lives_where_no_notice_is_for_sees_none_of_another_place() -> None:
    published(regions="EU")
    assert notices.current(region="DE") and notices.current(region="US-CA") is None and notices.current() is None


def test_a_translation_has_the_number_of_what_it_translates_and_both_are_published_together() -> None:
    english, german = draft(), draft("Wir behalten wenig.", language="de")
    assert english.number == german.number == 1
    through(english, publish=False)
    with pytest.raises(Refused, match="de") as refused:
        notices.publish(english, by=officer("noor"))
    assert refused.value.code == "languages_missing" and notices.current() is None
    through(german, publish=False)
    notices.publish(english, by=officer("noor"))
    assert notices.current(language="de") == german
    assert "es" in notices.missing_languages(english) and "de" not in notices.missing_languages(english)


def test_a_language_that_comes_later_joins_the_number() -> None:
    english, german = draft(), draft("Wir behalten wenig.", language="de")
    through(english, publish=False)
    notices.publish(english, by=officer("noor"), without=True)
    assert notices.current(language="de") is None
    through(german)
    assert notices.current(language="de").number == 1 and draft().number == 2


@pytest.mark.parametrize("name", ["maya", "ole"])
def test_whoever_wrote_or_edited_it_neither_approves_nor_publishes(name: str) -> None:
    version = draft()
    version = notices.edit(version, by=officer("ole"), summary="Less is kept.")
    notices.edit(version, by=officer("kim"), summary="Much less is kept.")
    reviewing.propose(version, by=officer("maya"))
    with pytest.raises(Refused) as refused:
        reviewing.approve(version, by=officer(name))
    assert refused.value.code == "second_person_needed"
    reviewing.approve(version, by=officer("noor"))
    with pytest.raises(Refused) as refused:
        notices.publish(version, by=officer(name))
    assert refused.value.code == "second_person_needed"


def test_the_database_knows_the_second_person_too() -> None:
    version = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticeVersion.objects.filter(pk=version.pk).update(approved_by=officer("maya"))
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticeVersion.objects.filter(pk=version.pk).update(published_by=officer("maya"))


def test_nothing_is_published_that_nobody_approved() -> None:
    version = draft()
    for step in (lambda: None, lambda: reviewing.propose(version, by=officer("maya"))):
        step()
        with pytest.raises(Refused, match="second person"):
            notices.publish(version, by=officer("noor"))


def test_an_edit_takes_the_approval_back() -> None:
    version = through(draft(), publish=False)
    edited = notices.edit(version, by=officer("maya"), body="We keep everything.")
    assert edited.state == "draft"
    with pytest.raises(Refused, match="second person"):
        notices.publish(version, by=officer("noor"))


def test_words_that_changed_while_they_were_read_are_not_approved() -> None:
    version = draft()
    read = reviewing.propose(version, by=officer("maya")).digest
    notices.edit(version, by=officer("maya"), body="We keep everything.")
    reviewing.propose(version, by=officer("maya"))
    with pytest.raises(Refused, match="changed while you read"):
        reviewing.approve(version, by=officer("noor"), digest=read)


def test_a_version_is_returned_with_words_and_proposed_again() -> None:
    version = draft()
    reviewing.propose(version, by=officer("maya"))
    with pytest.raises(Refused, match="Say what"):
        reviewing.give_back(version, by=officer("noor"), words=" ")
    assert reviewing.give_back(version, by=officer("noor"), words="Say how long.").state == "returned"
    assert reviewing.propose(version, by=officer("maya")).state == "proposed"


def test_a_published_wording_can_neither_be_edited_nor_published_again() -> None:
    version = published()
    for verb in (
        lambda: notices.edit(version, by=officer("maya"), body="We sell it all."),
        lambda: notices.publish(version, by=officer("noor")),
        lambda: reviewing.propose(version, by=officer("maya")),
        lambda: reviewing.approve(version, by=officer("noor")),
    ):
        with pytest.raises(Refused, match="Draft a new version") as refused:
            verb()
        assert refused.value.code == "published_conflict"
    version.refresh_from_db()
    assert version.body == "We keep little."


def test_the_database_itself_refuses_to_change_or_delete_what_was_published() -> None:
    version, other = published(), draft()
    rows = NoticeVersion.objects.filter(pk=version.pk)
    for verb in (lambda: rows.update(body="We sell it all."), lambda: rows.update(published_at=None), rows.delete):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            verb()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE consent_noticeversion SET title = 'x'")
    assert immutable.installed(connection)
    assert NoticeVersion.objects.filter(pk=other.pk).update(body="Drafts are free.") == 1


def test_a_draft_can_be_edited_but_for_what_publication_sets() -> None:
    edited = notices.edit(draft(), by=officer("maya"), body="We keep less.")
    assert NoticeVersion.objects.get(pk=edited.pk).body == "We keep less."
    with pytest.raises(ValueError, match="draft"):
        notices.edit(edited, by=officer("maya"), published_at=timezone.now())
    with pytest.raises(ValueError, match="draft"):
        draft(approved_by=officer("noor"))


def test_a_draft_that_was_overtaken_gets_the_next_number() -> None:
    first, second = draft(), draft()
    through(second)
    through(first)
    assert (second.number, first.number) == (2, 3)
    assert notices.current() == first


def test_an_empty_notice_is_not_proposed() -> None:
    with pytest.raises(Refused, match="Write the notice"):
        reviewing.propose(draft(" \n"), by=officer("maya"))


def test_whoever_lacks_the_permission_does_nothing() -> None:
    ole, version, proposed = colleague("ole"), draft(), draft()
    reviewing.propose(proposed, by=officer("maya"))
    for verb in (
        lambda: draft(by=ole),
        lambda: notices.edit(version, by=ole, body="x"),
        lambda: reviewing.propose(version, by=ole),
        lambda: reviewing.approve(proposed, by=ole),
        lambda: reviewing.give_back(proposed, by=ole, words="x"),
        lambda: notices.publish(version, by=ole),
    ):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.code == "not_allowed"
    assert notices.current() is None


def test_the_notice_in_force_costs_one_query(django_assert_num_queries) -> None:
    published(regions="EU")
    published()
    with django_assert_num_queries(1):
        assert notices.current(region="DE")


def test_a_notice_that_nobody_read_for_a_year_is_due_until_somebody_does() -> None:
    now = timezone.now()
    version = earlier(at=now - timedelta(days=366))
    assert reviewing.overdue(now) == [version] and not reviewing.overdue(now - timedelta(days=2))
    reviewing.reviewed(version, by=officer("noor"))
    assert not reviewing.overdue(now)
    assert reviewing.overdue(now + timedelta(days=366)) == [version]
