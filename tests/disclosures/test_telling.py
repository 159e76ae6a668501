"""Recipients are told by real mail, once in effect, and confirm with a button."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from django.test import Client
from django.utils import timezone

from audit import failpoints, leases, log
from audit.models import Event
from audit.refusal import Refused
from disclosures import acknowledging, notices, tasks
from disclosures.models import Notice
from subjects import registry
from tests.consent.builders import CLERK, colleague
from tests.disclosures.builders import Post, person, recipient, tell

pytestmark = pytest.mark.django_db
TOLD = "recipient.told"


@pytest.fixture
def mailer():
    return recipient("mailer", "contact", receives_everyone=True)


@pytest.fixture
def maya():
    return colleague("maya", "disclosures.retry_notice", "disclosures.waive_notice")


@pytest.fixture(autouse=True)
def disarmed():
    yield
    failpoints.arm("")


def deliver() -> None:
    for pk in notices.waiting(timezone.now()):
        notices.send(pk)


def only() -> Notice:
    return Notice.objects.get()


def later(**more: float) -> None:
    """Let time pass: what waits, waits no longer, and was queued so much earlier."""
    row = only()
    Notice.objects.update(next_try_at=None, lease_until=None, queued_at=row.queued_at - timedelta(**more))


def test_a_recipient_is_told_once_however_often_it_is_rung(mailer, post: Post) -> None:
    tell()
    tell()
    for _ in range(3):
        tasks.send_notice(str(only().pk))
    assert len(post.got) == 1 and post.got[0].rcpt_tos == ["mailer@recipient.example"]
    assert only().state == "sent" and only().sent_at
    assert Event.objects.filter(name=TOLD).count() == Event.objects.filter(name="recipient.notice_queued").count() == 1


def test_the_mail_names_the_person_the_case_and_the_link_and_no_more(mailer, post: Post) -> None:
    ada = person()
    registry.add(ada, "name", "Ada Lovelace", actor=CLERK)
    registry.add(ada, "phone", "+49 30 1", actor=CLERK)
    tell(origin="PR-7K3M-2Q9D")
    deliver()
    mail = message_from_bytes(post.got[0].content, policy=default)
    text = mail.get_content()
    assert mail["Subject"] == "[PR-7K3M-2Q9D] Please erase the data of one person"
    assert mail["Message-ID"] == only().message_id
    assert "ada@example.org" in text and "/ack/" in text
    assert "Lovelace" not in text and "+49" not in text and "ada@" not in mail["Subject"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("erasure", "erase it too"),
        ("correction", "correct yours"),
        ("restriction", "use it for nothing"),
        ("opt_out", "stop selling and sharing"),
    ],
)
def test_each_kind_says_what_to_do(post: Post, kind: str, words: str) -> None:
    recipient("adnet", "contact", receives_everyone=True, role="third_party")
    tell(kind)
    deliver()
    assert words in message_from_bytes(post.got[0].content, policy=default).get_content().replace("\n", " ")


def test_an_opt_out_goes_only_to_those_who_get_data_by_sale_or_sharing(mailer) -> None:
    recipient("adnet", "contact", receives_everyone=True, role="third_party")
    assert [one.recipient.key for one in tell("opt_out")] == ["adnet"]
    assert {one.recipient.key for one in tell("erasure")} == {"adnet", "mailer"}


def test_an_erasure_never_names_an_address_that_nobody_proved(mailer, post: Post, maya) -> None:
    tell(subject=person("mallory@example.net", proved=False))
    deliver()
    assert post.got == [] and only().state == "parked" and "no proved e-mail address" in only().park_reason
    notices.waive(only(), by=maya, reason_code="told_otherwise")
    assert notices.settled("PR-TEST")


def test_settled_means_that_nothing_waits_for_a_server_or_a_colleague(mailer, post: Post, maya) -> None:
    assert notices.settled("PR-TEST"), "nobody had to be told"
    tell()
    assert not notices.settled("PR-TEST")
    post.answer = "rcpt 550 no such user"
    deliver()
    assert only().state == "parked" and not notices.settled("PR-TEST")
    post.answer = ""
    notices.retry(only(), by=maya)
    assert not notices.settled("PR-TEST")
    deliver()
    assert only().state == "sent" and notices.settled("PR-TEST")


def test_while_the_mail_server_is_away_the_notice_waits_and_then_goes_out(mailer, post: Post) -> None:
    tell()
    message_id = only().message_id
    post.stop()
    for turn in range(1, 8):
        deliver()
        assert only().state == "queued" and only().attempts == turn and only().next_try_at > timezone.now()
        deliver()
        assert only().attempts == turn, "it waits before it tries again"
        later(hours=6)
    post.start()
    deliver()
    assert only().state == "sent" and len(post.got) == 1 and message_id in post.text()


def test_after_three_days_and_enough_tries_a_colleague_is_asked(mailer, post: Post, maya) -> None:
    tell()
    post.stop()
    later(days=4)
    for _ in range(4):
        deliver()
        assert only().state == "queued", "days alone are not enough: we may have been away ourselves"
        later()
    deliver()
    assert only().state == "parked" and "3 days" in only().park_reason
    notices.retry(only(), by=maya)
    deliver()
    assert only().state == "queued", "the days are counted anew"
    post.start()
    later()
    deliver()
    assert only().state == "sent"


@pytest.mark.parametrize("answer", ["rcpt 451 try later", "data 421 too busy", "data 452 full"])
def test_a_refusal_for_now_is_tried_again(mailer, post: Post, answer: str) -> None:
    tell()
    post.answer = answer
    deliver()
    assert only().state == "queued" and only().next_try_at
    post.answer = ""
    later()
    deliver()
    assert only().state == "sent" and len(post.got) == 1


@pytest.mark.parametrize("answer", ["rcpt 550 no such user mailer@recipient.example", "data 554 spam"])
def test_a_refusal_for_good_is_parked_in_words_without_the_servers_own(mailer, post: Post, answer: str, caplog) -> None:
    tell()
    post.answer = answer
    deliver()
    assert only().state == "parked" and answer.split()[1] in only().park_reason
    assert "recipient.example" not in only().park_reason + caplog.text


def test_dying_after_the_mail_was_taken_sends_the_same_mail_again(mailer, post: Post) -> None:
    tell()
    failpoints.arm("notice.after_send=raise")
    with pytest.raises(failpoints.Injected):
        deliver()
    assert only().state == "queued"
    deliver()
    assert len(post.got) == 1, "the lease still holds"
    later()
    deliver()
    assert only().state == "sent" and len(post.got) == 2
    ids = {message_from_bytes(one.content)["Message-ID"] for one in post.got}
    assert ids == {only().message_id}
    assert Event.objects.filter(name=TOLD).count() == 1


def test_dying_before_the_mail_sends_it_once(mailer, post: Post) -> None:
    tell()
    failpoints.arm("notice.before_send=raise")
    with pytest.raises(failpoints.Injected):
        deliver()
    later()
    deliver()
    assert only().state == "sent" and len(post.got) == 1


def test_the_sweep_finds_what_no_bell_rang_for(mailer, post: Post) -> None:
    tell()
    assert tasks.sweep_notices() == 1
    assert tasks.sweep_notices() == 0, "two beats do the work of one"


def test_the_button_confirms_and_opening_the_page_does_not(mailer, post: Post) -> None:
    tell(origin="PR-7K3M-2Q9D")
    deliver()
    browser = Client(enforce_csrf_checks=True)
    for _ in range(20):
        page = browser.get(post.link())
    assert page.status_code == 200 and only().state == "sent"
    html = page.content.decode()
    assert "PR-7K3M-2Q9D" in html and "ada@example.org" not in html and "<script" not in html
    assert page["Referrer-Policy"] == "strict-origin" and page["Cache-Control"] == "no-store"
    assert browser.post(post.link()).status_code == 403, "a button of another site does nothing"
    token = html.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    for _ in range(2):
        assert browser.post(post.link(), {"csrfmiddlewaretoken": token}).status_code == 303
    assert only().state == "acknowledged" and only().acknowledged_at
    assert Event.objects.filter(name="recipient.acknowledged").count() == 1
    done = browser.get(post.link()).content.decode()
    assert "Thank you" in done and "<button" not in done.split("<main")[1].split("</main")[0]


def test_a_link_that_is_not_ours_is_not_found(mailer, client) -> None:
    notice = tell()[0]
    token = notices.token(notice)
    assert client.get(f"/ack/{token}/").status_code == 200
    changed = ("A" if token[0] != "A" else "B") + token[1:]
    for bad in (
        token[:-4],
        changed,
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        "x" * 64,
        "ä" * 64,
        "x",
        "A" * 4000,
    ):
        assert client.get(f"/ack/{bad}/").status_code == 404
        assert client.post(f"/ack/{bad}/").status_code == 404
        with pytest.raises(Refused):
            notices.acknowledge(bad, now=timezone.now())
    assert client.delete(f"/ack/{token}/").status_code == 405
    assert only().state == "queued"


def test_a_token_survives_the_scrubbing_of_logs_by_being_scrubbed(mailer) -> None:
    token = notices.token(tell()[0])
    assert len(token) == 64 and "=" not in token


def test_a_confirmation_while_we_still_send_is_not_overwritten(mailer, post: Post, monkeypatch) -> None:
    notice = tell()[0]
    taken = post.handle_DATA

    def quick(name: str) -> None:
        if name == "notice.after_send":
            notices.acknowledge(notices.token(notice), now=timezone.now())

    monkeypatch.setattr(notices, "failpoint", quick)
    deliver()
    assert taken and len(post.got) == 1 and only().state == "acknowledged" and only().sent_at is None
    assert not Event.objects.filter(name=TOLD).exists()


def test_only_a_parked_notice_can_be_retried_or_waived_and_only_by_whoever_may(mailer, maya, post: Post) -> None:
    tell()
    with pytest.raises(Refused) as refused:
        notices.retry(only(), by=maya)
    assert refused.value.code == "state_conflict"
    post.answer = "rcpt 550 no"
    deliver()
    ole = colleague("ole")
    for verb in (notices.retry, notices.waive):
        with pytest.raises(Refused) as refused:
            verb(only(), by=ole)
        assert refused.value.code == "not_allowed"
    with pytest.raises(Refused) as refused:
        notices.waive(only(), by=maya, reason_code="too lazy")
    assert refused.value.code == "waive_reason"
    notices.waive(only(), by=maya, reason_code="recipient_gone")
    assert only().state == "waived"
    assert Event.objects.get(name="recipient.notice_waived").facts["reason"] == "recipient_gone"


def test_a_worker_that_stalled_past_its_lease_writes_nothing(mailer, post: Post, monkeypatch) -> None:
    notice = tell()[0]

    def stall(name: str) -> None:
        if name == "notice.after_send":
            Notice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            leases.claim(Notice.objects.all(), notice.pk, timezone.now())

    monkeypatch.setattr(notices, "failpoint", stall)
    deliver()
    assert only().state == "queued" and only().fence == 2 and not Event.objects.filter(name=TOLD).exists()


def test_events_of_notices_hold_no_address(mailer, post: Post, maya) -> None:
    tell()
    deliver()
    acknowledging.acknowledge(notices.token(only()), now=timezone.now())
    text = str(list(Event.objects.values_list("actor", "noun_id", "facts")))
    assert "example" not in text and list(log.faults()) == []


def test_queueing_for_many_recipients_costs_a_fixed_number_of_queries_each(django_assert_max_num_queries) -> None:
    for turn in range(10):
        recipient(f"r{turn}", "contact", receives_everyone=True)
    ada = person()
    with django_assert_max_num_queries(10 * 10 + 10):
        assert len(tell(subject=ada)) == 10
    with django_assert_max_num_queries(14):
        tell(subject=ada)
