"""Who is told of a new version, once each, by which way; with a real mail server."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import actor as actors
from audit.models import Event
from audit.refusal import Refused
from consent import choices, mailing, telling
from consent.choices import How
from consent.models import Announcement, Told
from requests_app import intake
from subjects import registry
from subjects.models import DataSubject
from tests.consent.builders import CLERK, ada, colleague, draft, earlier, officer, published, purpose, through
from tests.disclosures.conftest import post as post

pytestmark = pytest.mark.django_db


def people(count: int) -> list[DataSubject]:
    return [registry.find_or_make("email", f"p{n}@example.org", actor=CLERK) for n in range(count)]


@pytest.fixture
def version(db):
    people(3)
    earlier(at=timezone.now() - timedelta(days=90))
    return published("We keep less.", summary="Server logs are kept for 90 days.", title="Notice")


def announce(version, **more) -> Announcement:
    return telling.announce(version, by=officer("noor"), **more)


def run(row: Announcement) -> Announcement:
    Announcement.objects.filter(pk=row.pk).update(next_try_at=None)
    telling.go_on(row.pk)
    row.refresh_from_db()
    return row


def test_everybody_is_mailed_once_with_what_changed_and_the_way_to_the_choices(version, post) -> None:
    row = run(announce(version))
    assert row.state == "done" and sorted(one.rcpt_tos[0] for one in post.got) == [
        f"p{n}@example.org" for n in range(3)
    ]
    text = post.text()
    assert "Server logs are kept for 90 days." in text and "/notice/1..2/" in text and "/choices/" in text
    assert len({one.content.decode().split("Message-ID: ")[1].split("\r")[0] for one in post.got}) == 3
    assert telling.counts(row) | {"mail": 3, "banner": 0, "api": 0} == telling.counts(row)
    assert Event.objects.get(name="notice.announcement_done").facts == {"told": 3, "failed": 0, "twice": 0}
    telling.go_on(row.pk)
    assert len(post.got) == 3


def test_a_number_is_announced_once_and_only_when_published(version) -> None:
    announce(version)
    with pytest.raises(Refused, match="announced already"):
        announce(version)
    with pytest.raises(Refused, match="Publish"):
        announce(draft())
    with pytest.raises(Refused, match="Your role"):
        telling.announce(version, by=colleague("ole"))


def test_the_database_refuses_to_tell_one_person_twice(version) -> None:
    one = telling.told(ada(), version, channel="api", actor=CLERK)
    with pytest.raises(IntegrityError), transaction.atomic():
        Told.objects.create(subject=one.subject, key="privacy", number=2, version=version, channel="mail")


def test_each_is_told_in_their_language(post) -> None:
    first, second, third = people(3)
    choices.record(first, purpose(), True, source="portal", actor=CLERK, how=How(language="de", region="DE"))
    Request = intake.submit(
        intake.Submission("opt_out_sale", "p1@example.org", "", "US-CA", language="es"), now=timezone.now()
    )
    assert Request.subject == second
    english, german = draft("Words.", summary="New."), draft("Worte.", language="de", summary="Neu.")
    through(german, publish=False)
    through(english)
    run(announce(english))
    told = {one.subject: one for one in Told.objects.all()}
    assert told[first].version == german and told[second].version == told[third].version == english
    texts = {one.rcpt_tos[0]: one.content.decode() for one in post.got}
    assert "Neu." in texts["p0@example.org"] and "New." in texts["p1@example.org"]


def test_a_version_for_one_place_is_told_to_those_who_live_there(post) -> None:
    first, _second, third = people(3)
    for person, place in ((first, "DE"), (third, "US-CA")):
        choices.record(person, purpose(f"p{place.lower()}"), True, source="portal", actor=CLERK, how=How(region=place))
    version = published(regions="EU")
    row = announce(version)
    assert telling.pending(first) == [version] and telling.pending(third) == []
    assert telling.pending(third, place="FR") == [version]
    run(row)
    assert [one.rcpt_tos for one in post.got] == [["p0@example.org"]] and telling.pending(first) == []


def test_whoever_came_later_or_has_no_address_is_not_mailed(version, post) -> None:
    registry.newcomer(actor=CLERK)
    nameless = registry.newcomer(actor=CLERK)
    DataSubject.objects.filter(pk=nameless.pk).update(created_at=version.published_at - timedelta(days=1))
    registry.find_or_make("email", "late@example.org", actor=CLERK)
    row = run(announce(version))
    assert len(post.got) == 3 and row.unreachable == 1


def test_only_people_who_ever_chose(version, post) -> None:
    choices.record(people(1)[0], purpose(), False, source="portal", actor=CLERK)
    run(announce(version, audience="chose"))
    assert [one.rcpt_tos for one in post.got] == [["p0@example.org"]]


def test_a_server_that_is_away_is_waited_for_and_nobody_is_lost_or_doubled(version, post) -> None:
    post.stop()
    row = run(announce(version))
    assert row.state == "open" and row.next_try_at > timezone.now()
    assert Told.objects.filter(state="waiting").count() == 3
    post.start()
    assert run(row).state == "done"
    assert len(post.got) == 3 and len({one.rcpt_tos[0] for one in post.got}) == 3


def test_a_refused_address_fails_alone_and_is_tried_again_when_a_person_says_so(version, post) -> None:
    post.answer = "rcpt 550 no such user"
    row = run(announce(version))
    assert row.state == "done" and telling.counts(row)["failed"] == 3
    assert set(Told.objects.values_list("trouble", flat=True)) == {"smtp-550"}
    assert telling.pending(people(1)[0]) == [version], "the banner tells them"


def test_what_the_server_does_not_take_today_is_tried_some_times(version, post, settings) -> None:
    settings.MOST_ATTEMPTS = 2
    post.answer = "data 451 later"
    row = run(announce(version))
    assert row.state == "open" and row.next_try_at > timezone.now() and not Told.objects.filter(state="failed")
    run(row)
    assert Told.objects.filter(state="failed", trouble="smtp-451").count() == 3


def test_no_more_mails_in_a_minute_than_said(version, post) -> None:
    row = run(announce(version, per_minute=2))
    assert len(post.got) == 2 and row.state == "open" and row.next_try_at > timezone.now()
    Told.objects.filter(state="told").update(told_at=timezone.now() - timedelta(minutes=2))
    assert run(row).state == "done" and len(post.got) == 3


def test_stopped_is_stopped_and_goes_on_where_it_was(version, post) -> None:
    row = announce(version)
    telling.stop(row, by=officer("noor"))
    run(row)
    assert not post.got and telling.pending(people(1)[0]) == []
    telling.resume(row, by=officer("noor"))
    assert run(row).state == "done" and len(post.got) == 3


def test_whoever_saw_it_in_the_service_gets_no_mail(version, post) -> None:
    row = announce(version)
    person = people(1)[0]
    assert telling.pending(person) == [version]
    telling.told(person, version, channel="banner", actor=actors.person(person.pk))
    assert telling.pending(person) == []
    run(row)
    assert len(post.got) == 2 and telling.counts(row)["banner"] == 1
    assert Event.objects.get(name="notice.person_told").subject_id == person.pk


def test_whoever_sees_it_while_the_batch_is_on_its_way_gets_no_mail(version, post, monkeypatch) -> None:
    row, real = announce(version), mailing._hand_over

    def hand_over(*given):
        for person in people(3)[1:]:
            telling.told(person, version, channel="api", actor=CLERK)
        return real(*given)

    monkeypatch.setattr(mailing, "_hand_over", hand_over)
    run(row)
    assert len(post.got) <= 2 and telling.counts(row)["told"] == 3


def test_telling_again_keeps_the_first_telling(version) -> None:
    first = telling.told(ada(), version, channel="api", actor=CLERK)
    again = telling.told(ada(), version, channel="banner", actor=CLERK)
    assert (again.pk, again.told_at, again.channel) == (first.pk, first.told_at, "api")
    assert Event.objects.filter(name="notice.person_told").count() == 1


def test_nothing_is_pending_for_newcomers_nor_of_what_nobody_announced(version, django_assert_num_queries) -> None:
    person = people(1)[0]
    assert telling.pending(person) == []
    announce(version)
    late = registry.newcomer(actor=CLERK)
    assert telling.pending(late) == []
    with django_assert_num_queries(1):
        assert telling.pending(person) == [version]


def test_only_the_newest_announced_version_is_pending(version) -> None:
    announce(version)
    newest = published("We keep nothing.", effective_on=timezone.now().date())
    assert telling.pending(people(1)[0]) == [version]
    announce(newest)
    assert telling.pending(people(1)[0]) == [newest]


def test_a_batch_costs_as_many_queries_for_each_mail(version, post, django_assert_max_num_queries) -> None:
    row = announce(version)
    with django_assert_max_num_queries(60):
        run(row)
    assert mailing.facts(version)["link"].endswith("/notice/1..2/")
