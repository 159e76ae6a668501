"""Recipients who are told on our page or by a colleague, who stay silent, or who cannot be told at all."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from audit import failpoints
from audit.models import Event
from audit.refusal import Refused
from disclosures import chasing, deciding, errands, notices, saying, tasks
from disclosures.models import Attempt, Channel, Errand, Notice
from tests.consent.builders import colleague
from tests.disclosures.builders import Post, person, recipient, tell
from tests.disclosures.listening import by

pytestmark = pytest.mark.django_db
WORDS = "Their company was dissolved in 2024 and has no successor, no address and no liquidator."


def deliver() -> Notice:
    Notice.objects.filter(state="queued").update(next_try_at=None, lease_until=None)
    for pk in notices.waiting(timezone.now()):
        notices.send(pk)
    return Notice.objects.get()


def days_pass(days: int) -> None:
    for row in Notice.objects.all():
        for name in ("sent_at", "reminded_at"):
            if getattr(row, name):
                setattr(row, name, getattr(row, name) - timedelta(days=days))
        row.lease_until = row.next_try_at = None
        row.save()


def sweep() -> None:
    """What the sweep and its bells do."""
    for pk in chasing.to_remind(timezone.now()):
        tasks.remind_notice(str(pk))
    chasing.escalate(timezone.now())
    errands.sweep(timezone.now())


def text(post: Post, place: int = -1) -> str:
    return message_from_bytes(post.got[place].content, policy=default).get_content()


# ---------------------------------------------------------------- our page


def test_a_mail_to_our_page_names_nobody_and_the_page_does_on_a_button(post: Post) -> None:
    by("page", "clinic")
    tell(origin="PR-7K3M-2Q9D")
    row = deliver()
    assert row.state == "sent" and row.way == "page" and "ada@" not in text(post)
    browser, path = Client(), post.link()
    page = browser.get(path).content.decode()
    assert "ada@example.org" not in page and "Erase this person" in page and "PR-7K3M-2Q9D" in page
    shown = browser.post(path, {"press": "show"})
    assert "ada@example.org" in shown.content.decode() and shown["Cache-Control"] == "no-store"
    assert Event.objects.filter(name="errand.viewed").count() == 1 and Errand.objects.get().seen_at
    assert browser.post(path, {"press": "done", "name": "Dr. Weber"}).status_code == 303
    row, errand = Notice.objects.get(), Errand.objects.get()
    assert (row.state, errand.state, errand.signed_name) == ("acknowledged", "done", "Dr. Weber")
    assert "Thank you" in browser.get(path).content.decode()
    assert browser.post(path, {"press": "show"}).status_code == 404, "once signed off nobody is shown any more"
    facts = str(list(Event.objects.values_list("facts", flat=True)))
    assert "ada@" not in facts and "example.org" not in facts


def test_a_page_of_a_notice_by_mail_shows_nobody_whatever_is_pressed(post: Post) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    tell()
    deliver()
    browser = Client()
    assert browser.post(post.link(), {"press": "show"}).status_code == 404
    assert browser.post(post.link(), {"press": "erase everything"}).status_code == 422


def test_who_cannot_says_why_and_a_colleague_reads_it(post: Post) -> None:
    by("page", "clinic")
    tell()
    deliver()
    browser, path = Client(), post.link()
    refused = browser.post(path, {"press": "cannot", "words": " "})
    assert refused.status_code == 422 and "say why" in refused.content.decode()
    assert browser.post(path, {"press": "cannot", "words": "A court <b>told</b> us to keep it."}).status_code == 303
    row = Notice.objects.get()
    assert row.state == "parked" and row.answer == "cannot" and "told" in row.answer_words
    assert "comes back to you" in browser.get(path).content.decode()
    assert notices.settled(row.origin), "they were told; the person's answer does not wait"
    deciding.heard(row, by=colleague("maya", "disclosures.retry_notice"), answer="done", words="By phone.")
    assert Notice.objects.get().state == "acknowledged"


# ---------------------------------------------------------------- by hand


def test_a_colleague_tells_a_recipient_by_hand_and_signs_for_it(post: Post) -> None:
    by("desk", "ministry", address="https://ministry.example/privacy", confirm_days=5)
    tell()
    row, errand = deliver(), Errand.objects.get()
    assert row.state == "handed" and not notices.settled("PR-TEST") and post.got == []
    assert errand.due_on == timezone.localdate() + timedelta(days=5)
    jonas, ole = colleague("jonas", "disclosures.sign_errand"), colleague("ole", "disclosures.sign_errand")
    for verb in (errands.reveal, lambda one, by: errands.sign(one, by=by, answer="done")):
        with pytest.raises(Refused):
            verb(errand, by=jonas)
    errands.take(errand, by=jonas)
    assert errands.reveal(errand, by=jonas) == "ada@example.org"
    for who, code in ((ole, "not_yours"), (colleague("eva"), "not_allowed")):
        with pytest.raises(Refused) as refused:
            errands.reveal(errand, by=who)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        errands.sign(errand, by=jonas, answer="cannot")
    assert refused.value.field == "note"
    errands.sign(errand, by=jonas, answer="told", note="Case 12 on their site.")
    row = Notice.objects.get()
    assert row.state == "sent" and row.way == "desk" and notices.settled("PR-TEST")
    with pytest.raises(Refused):
        errands.sign(errand, by=jonas, answer="done")
    assert [one.code for one in Attempt.objects.all()] == ["handed"]
    assert Event.objects.filter(name="recipient.told").count() == 1


def test_signing_what_they_said_ends_or_parks_it(post: Post) -> None:
    by("desk", "ministry")
    jonas = colleague("jonas", "disclosures.sign_errand")
    for answer, state in (("nothing", "acknowledged"), ("cannot", "parked")):
        tell(origin=f"PR-{answer}", subject=person(f"{answer}@example.org"))
        for pk in notices.waiting(timezone.now()):
            notices.send(pk)
        errand = Errand.objects.get(notice__origin=f"PR-{answer}")
        errands.take(errand, by=jonas)
        errands.sign(errand, by=jonas, answer=answer, note="Their words.")
        row = Notice.objects.get(origin=f"PR-{answer}")
        assert row.state == state and row.answer == answer


def test_a_task_that_is_overdue_is_noted_once_and_one_that_nobody_needs_goes(post: Post) -> None:
    by("desk", "ministry")
    tell()
    row = deliver()
    Errand.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    for _ in range(2):
        sweep()
    assert Event.objects.filter(name="errand.overdue").count() == 1
    assert errands.overdue(timezone.now()).count() == 1
    deciding.excuse(row, by=colleague("boss", "disclosures.excuse_notice"), ground="impossible", words=WORDS)
    assert Errand.objects.get().state == "cancelled" and errands.overdue(timezone.now()).count() == 0


# ---------------------------------------------------------------- silence


def test_who_is_silent_is_reminded_once_and_then_a_colleague_is_asked(post: Post) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    tell(origin="PR-7K3M-2Q9D")
    deliver()
    days_pass(13)
    sweep()
    assert len(post.got) == 1
    days_pass(2)
    for _ in range(3):
        sweep()
    assert len(post.got) == 2 and "ada@" not in text(post) and post.link() == post.link(0)
    ids = {message_from_bytes(one.content)["Message-ID"] for one in post.got}
    assert len(ids) == 2, "no mail program takes the reminder for the notice"
    assert [(one.code, one.reminder) for one in Attempt.objects.all()] == [("250", False), ("250", True)]
    days_pass(15)
    sweep()
    row = Notice.objects.get()
    assert row.state == "parked" and "no word" in row.park_reason and notices.settled(row.origin)
    names = ("recipient.told", "recipient.reminded", "recipient.escalated")
    assert [Event.objects.filter(name=one).count() for one in names] == [1, 1, 1]
    assert Client().post(post.link(), {"press": "done"}).status_code == 303
    assert Notice.objects.get().state == "acknowledged", "late is better than never"


def test_a_reminder_that_the_mail_server_does_not_take_is_tried_again_or_parked(post: Post) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    tell()
    deliver()
    days_pass(15)
    post.answer = "rcpt 451 later"
    sweep()
    assert Notice.objects.get().state == "sent" and Notice.objects.get().reminded_at is None
    days_pass(0)
    post.answer = "rcpt 550 no such user"
    sweep()
    assert Notice.objects.get().state == "parked" and "550" in Notice.objects.get().park_reason


@pytest.mark.usefixtures("disarmed")
def test_a_worker_that_breaks_before_the_reminder_sends_it_once_later(post: Post) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    tell()
    deliver()
    days_pass(15)
    failpoints.arm("notice.before_remind=raise")
    with pytest.raises(failpoints.Injected):
        sweep()
    assert len(post.got) == 1 and chasing.to_remind(timezone.now()) == [], "the lease still holds"
    days_pass(0)
    sweep()
    assert len(post.got) == 2 and Notice.objects.get().reminded_at


def test_who_need_not_confirm_is_left_alone_and_each_has_its_own_days(post: Post) -> None:
    by("mail", "quiet", confirms=False)
    by("mail", "slow", confirm_days=40)
    by("mail", "quick", confirm_days=3)
    tell()
    for pk in notices.waiting(timezone.now()):
        notices.send(pk)
    days_pass(5)
    sweep()
    reminded = Notice.objects.filter(reminded_at__isnull=False)
    assert [one.recipient.key for one in reminded] == ["quick"]


# ---------------------------------------------------------------- a ground of the law


def test_a_ground_of_the_law_is_recorded_in_words_that_the_person_reads(post: Post) -> None:
    recipient("mailer", "contact", receives_everyone=True, name="Old Mailer Ltd")
    ada = person()
    tell(subject=ada)
    post.answer = "rcpt 550 gone"
    row = deliver()
    boss = colleague("boss", "disclosures.excuse_notice")
    for ground, words, field in (("tired", WORDS, "ground"), ("impossible", "Too hard.", "words")):
        with pytest.raises(Refused) as refused:
            deciding.excuse(row, by=boss, ground=ground, words=words)
        assert refused.value.field == field
    with pytest.raises(Refused):
        deciding.excuse(row, by=colleague("ole", "disclosures.waive_notice"), ground="impossible", words=WORDS)
    deciding.excuse(row, by=boss, ground="disproportionate", words=WORDS)
    row.refresh_from_db()
    assert row.state == "excused" and row.given_up_by == boss and notices.settled("PR-TEST")
    (said,) = saying.of(ada)
    assert (said.recipient, said.why) == ("Old Mailer Ltd", WORDS)
    assert "disproportionate effort" in said.became and "erase" in said.asked
    facts = Event.objects.get(name="recipient.notice_excused").facts
    assert facts["ground"] == "disproportionate" and WORDS not in str(facts)
    with pytest.raises(Refused):
        deciding.excuse(row, by=boss, ground="impossible", words=WORDS)


def test_the_law_knows_no_such_ground_for_an_opt_out_or_a_withdrawal(post: Post) -> None:
    recipient("adnet", "contact", receives_everyone=True, role="third_party")
    (row,) = tell("opt_out")
    with pytest.raises(Refused) as refused:
        deciding.excuse(row, by=colleague("boss", "disclosures.excuse_notice"), ground="impossible", words=WORDS)
    assert refused.value.code == "no_exception"


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        ("queued", {}, "not been told yet"), ("sent", {"sent_at": timezone.now()}, "Told on"),
        ("acknowledged", {"answer": "done", "acknowledged_at": timezone.now()}, "confirmed that it is done"),
        ("acknowledged", {"answer": "nothing", "acknowledged_at": timezone.now()}, "nothing about you"),
        ("parked", {"park_reason": "x", "sent_at": timezone.now(), "answer": "cannot"}, "cannot do it"),
        ("waived", {"ground": "recipient_gone"}, "no longer exist"), ("waived", {"ground": "other"}, "could not be told"),
    ],
)  # fmt: skip
def test_a_person_reads_what_became_of_each(state: str, more: dict, words: str) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    ada = person()
    tell(subject=ada)
    Notice.objects.update(state=state, **more)
    assert words in saying.of(ada)[0].became


def test_a_webhook_needs_an_address_and_a_secret_even_for_the_database(db) -> None:
    row = recipient("adnet", "contact")
    for wrong in ({"kind": "webhook", "address": "https://a.example/"}, {"names": "hmac"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Channel.objects.create(recipient=row, **wrong)
