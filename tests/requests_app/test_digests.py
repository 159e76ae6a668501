"""The daily mail: once a day for whoever wants it, counts and references, nothing about a person."""

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from audit import failpoints
from audit.models import Event, SweepRun
from audit.refusal import Refused
from requests_app import digests, review, tasks, watching
from requests_app.models import Absence, Digest, Note, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump

MINE = "rita@hireline.example"


@pytest.fixture
def rita(rita: User) -> User:
    """She wants it."""
    User.objects.filter(pk=rita.pk).update(email=MINE, first_name="Rita")
    rita = User.objects.get(pk=rita.pk)
    rita.user_permissions.add(*builders.colleague("helper", "view_request").user_permissions.all())
    rita = User.objects.get(pk=rita.pk)
    digests.choose(rita, daily=True)
    return rita


@pytest.fixture
def morning(settings) -> datetime:
    """Today, late enough."""
    settings.ESTABLISHMENT_TIME_ZONE = "UTC"
    return datetime.now(UTC).replace(hour=digests.HOUR, minute=5)


def post() -> list[mail.EmailMessage]:
    return [one for one in mail.outbox if MINE in one.to]


def sent(now: datetime) -> list[mail.EmailMessage]:
    digests.open_due(now)
    for pk in digests.waiting(timezone.now()):
        digests.send(pk)
    return post()


def test_one_mail_a_day_however_often_the_sweep_runs(company, rita, morning):
    review.take(ask(), by=rita)
    assert [digests.open_due(morning) for _ in range(3)] == [1, 0, 0]
    ids = digests.waiting(timezone.now())
    for _ in range(2):
        for pk in ids:
            digests.send(pk)
    assert len(sent(morning + timedelta(hours=9))) == 1
    assert Digest.objects.get().state == "sent" and Event.objects.filter(name="digest.sent").count() == 1
    assert len(sent(morning + timedelta(days=1))) == 2


def test_the_task_itself_run_twice_writes_one_row(company, rita, morning, monkeypatch):
    review.take(ask(), by=rita)
    monkeypatch.setattr(tasks.timezone, "now", lambda: morning)
    for _ in range(2):
        SweepRun.objects.all().delete()  # as if two machines had a slot of their own
        tasks.sweep_digests()
    assert Digest.objects.count() == 1


def test_it_holds_counts_and_references_and_nothing_of_a_person(company, rita, paul, morning):
    mine, seen, open_one = (
        ask(details="My secret words"),
        ask("delete", email="bob@example.org"),
        ask(email="c@example.org"),
    )
    review.take(mine, by=rita)
    Request.objects.filter(pk=mine.pk).update(due_at=timezone.now() - timedelta(days=1))
    review.note(seen, by=paul, text="Look here, @rita: Bob called.")
    watching.watch(open_one, by=rita)
    prove(open_one)
    pump()
    mail.outbox.clear()
    (one,) = sent(morning)
    for words in (
        "Hello Rita,", f"Yours, overdue: 1\n  {mine.reference}", f"Notes that name you: 1\n  {seen.reference}",
        f"Watched by you, and something happened: 1\n  {open_one.reference}", "?waits=me", "/absence/team/",
    ):  # fmt: skip
        assert words in one.body, one.body
    for secret in ("ada@", "Ada", "Bob", "bob@", "secret words", "called", "example.org"):
        assert secret not in one.body + one.subject and secret not in str(Digest.objects.get().told)
    assert one.extra_headers["Auto-Submitted"] == "auto-generated"


def test_a_second_person_and_a_manager_read_what_waits_for_them(company, rita, paul, morning):
    request = ask("delete")
    prove(request)
    pump()
    request = Request.objects.get(pk=request.pk)
    review.propose(request, by=rita, fingerprint=review.batches.fingerprint(request.batch))
    boss = builders.colleague("boss", "view_request", "approve_request", "manage_deadlines")
    found = digests.told(boss, timezone.now())
    assert found["second"]["references"] == [request.reference] and "nobody" not in found, "whoever proposes it has it"
    Request.objects.filter(pk=request.pk).update(proposed_by=boss)
    assert "second" not in digests.told(boss, timezone.now()), "never one's own proposal"
    assert set(digests.told(rita, timezone.now())) == {"yours"}


def test_nobody_gets_one_who_did_not_choose_it_is_away_left_or_has_nothing_to_read(company, rita, paul, morning):
    assert sent(morning) == [] and Digest.objects.get().state == "empty"
    Digest.objects.all().delete()
    review.take(ask(), by=rita)
    day = morning.date()
    away = Absence.objects.create(person=rita, starts_on=day, ends_on=day)
    assert digests.open_due(morning) == 0
    away.delete()
    assert digests.open_due(morning.replace(hour=digests.HOUR - 1)) == 0
    User.objects.filter(pk=rita.pk).update(is_active=False)
    assert digests.open_due(morning) == 0
    User.objects.filter(pk=rita.pk).update(is_active=True)
    digests.choose(rita, daily=False)
    assert digests.open_due(morning) == 0 and not Digest.objects.filter(person=paul).exists()


def test_one_that_was_sent_and_not_marked_goes_out_as_the_same_mail(company, rita, morning):
    review.take(ask(), by=rita)
    digests.open_due(morning)
    (pk,) = digests.waiting(timezone.now())
    failpoints.arm("digest.after_send=raise")
    with pytest.raises(failpoints.Injected):
        digests.send(pk)
    failpoints.arm("digest.before_send=raise")
    Digest.objects.update(lease_until=None)
    with pytest.raises(failpoints.Injected):
        digests.send(pk)
    failpoints.arm("")
    assert len(post()) == 1
    Digest.objects.update(lease_until=None)
    digests.send(pk)
    assert len({one.extra_headers["Message-ID"] for one in post()}) == 1 and len(post()) == 2


@pytest.mark.parametrize(
    ("error", "state"),
    [(ConnectionRefusedError(), "queued"), (smtplib.SMTPRecipientsRefused({MINE: (550, b"no")}), "parked"),
     (smtplib.SMTPRecipientsRefused({MINE: (450, b"later")}), "queued")],
)  # fmt: skip
def test_a_mail_that_is_not_taken_waits_or_is_parked_where_it_is_seen(
    company, rita, morning, monkeypatch, error, state
):
    review.take(ask(), by=rita)

    def refuse(self, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    sent(morning)
    row = Digest.objects.get()
    assert row.state == state and (row.next_try_at is not None) == (state == "queued")
    client = Client()
    client.force_login(rita, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/admin/requests_app/absence/team/").content.decode()
    assert ("could not be sent" in page) == (state == "parked")


def test_everybody_chooses_for_themselves_on_the_team_page(company, rita):
    client = Client()
    client.force_login(rita, backend="django.contrib.auth.backends.ModelBackend")
    url = "/admin/requests_app/absence/team/"
    assert "Stop the daily mail" in client.get(url).content.decode()
    assert client.post(f"{url}mail/", {"daily": "0"}).status_code == 302 and not digests.chosen(rita)
    User.objects.filter(pk=rita.pk).update(email="")
    answer = client.post(f"{url}mail/", {"daily": "1"})
    assert answer.status_code == 422 and "has no e-mail address" in answer.content.decode()
    with pytest.raises(Refused):
        digests.choose(User.objects.get(pk=rita.pk), daily=True)


def test_the_queries_of_one_mail_do_not_grow_with_the_requests(company, rita, django_assert_max_num_queries):
    for number in range(3):
        review.take(ask(email=f"p{number}@example.org"), by=rita)
    with django_assert_max_num_queries(14) as few:
        digests.told(User.objects.get(pk=rita.pk), timezone.now())
    most = len(few)
    for number in range(12):
        review.take(ask(email=f"q{number}@example.org"), by=rita)
    with django_assert_max_num_queries(most):
        told = digests.told(User.objects.get(pk=rita.pk), timezone.now())
    assert told["yours"]["many"] == 15 and not Note.objects.exists()
