"""Recipients are told by signed webhook: once in effect, by one sign of the person, and every try is on record."""

import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit import failpoints, log
from audit.models import Event
from audit.refusal import Refused
from connectors import guard, webhooks
from disclosures import channels, hooking, notices, outcomes
from disclosures.models import Attempt, Channel, Notice
from disclosures.outcomes import Verdict
from subjects import registry
from tests.connectors.test_guard import INTERNAL, UNREADABLE, Recording, answering
from tests.consent.builders import CLERK, colleague
from tests.disclosures.builders import person, recipient, tell
from tests.disclosures.listening import Receiver, by
from tests.disclosures.receiver import sample

pytestmark = pytest.mark.django_db
CONFIRM = "/ack/"


def deliver() -> Notice:
    """What waits goes out, waiting times over."""
    Notice.objects.filter(state="queued").update(next_try_at=None, lease_until=None)
    for pk in notices.waiting(timezone.now()):
        notices.send(pk)
    return Notice.objects.get()


def codes() -> list[str]:
    return list(Attempt.objects.order_by("number").values_list("code", flat=True))


def test_a_notice_arrives_signed_names_the_person_by_one_sign_and_is_told(hook: Channel, receiver: Receiver) -> None:
    ada = person()
    registry.add(ada, "name", "Ada Lovelace", actor=CLERK)
    registry.add(ada, "phone", "+49 30 1", actor=CLERK)
    tell(origin="PR-7K3M-2Q9D", subject=ada)
    row = deliver()
    assert row.state == "sent" and row.way == "webhook" and codes() == ["204"]
    (message,) = receiver.inbox()
    assert message["type"] == "notice.erasure"
    data = message["data"]
    assert (data["notice"], data["reference"]) == (str(row.pk), "PR-7K3M-2Q9D")
    assert data["person"] == [{"kind": "email", "value": "ada@example.org"}]
    assert data["confirm"].endswith(f"/ack/{notices.token(row)}/")
    assert set(message["data"]) == {"notice", "reference", "person", "confirm"}
    assert "Lovelace" not in json.dumps(message) and "+49" not in json.dumps(message)
    assert Event.objects.filter(name="recipient.told").count() == 1 and list(log.faults()) == []


@pytest.mark.parametrize("names", ["sha256", "hmac", "account_id"])
def test_each_recipient_gets_the_sign_that_was_agreed_and_no_address(receiver: Receiver, names: str) -> None:
    channel = receiver.channel(names=names)
    ada = person("Ada@Example.org")
    registry.prove(registry.add(ada, "account_id", "K-4711", actor=CLERK), at=timezone.now(), actor=CLERK)
    tell(subject=ada)
    deliver()
    found = receiver.inbox()[0]["data"]["person"]
    text = b"ada@example.org"
    wanted = {
        "sha256": {"kind": "email_sha256", "value": hashlib.sha256(text).hexdigest()},
        "hmac": {
            "kind": "email_hmac_sha256",
            "value": hmac.new(webhooks.key(channel.naming_key or ""), text, hashlib.sha256).hexdigest(),
        },
        "account_id": {"kind": "account_id", "value": "K-4711"},
    }
    assert found == [wanted[names]] and "example.org" not in json.dumps(found)


def test_a_sign_that_we_do_not_know_parks_the_notice_and_says_so(receiver: Receiver) -> None:
    receiver.channel(names="account_id")
    ada = person()
    registry.add(ada, "account_id", "K-4711", actor=CLERK)  # typed by somebody, seen nowhere
    tell(subject=ada)
    row = deliver()
    assert row.state == "parked" and "no customer number that is proved" in row.park_reason
    assert receiver.calls() == [] and codes() == []
    ada.identifiers.filter(kind="account_id").update(held_at=timezone.now())
    notices.retry(row, by=colleague("maya", "disclosures.retry_notice"))
    assert deliver().state == "sent", "a system of ours holds it as hers: that is proof"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_what_may_pass_is_tried_again_with_the_same_id(hook: Channel, receiver: Receiver, status: int) -> None:
    tell()
    receiver.mood(status=status)
    row = deliver()
    assert row.state == "queued" and row.next_try_at and row.next_try_at > timezone.now()
    receiver.mood()
    row = deliver()
    assert row.state == "sent" and codes() == [str(status), "204"]
    assert {one["id"] for one in receiver.calls()} == {str(row.pk)} and len(receiver.inbox()) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301, 302, 307, 308])
def test_what_will_not_pass_is_parked_at_once_in_words(hook: Channel, receiver: Receiver, status: int) -> None:
    tell()
    receiver.mood(status=status, headers={"Location": f"{receiver.url}/elsewhere"})
    row = deliver()
    assert row.state == "parked" and str(status) in row.park_reason and row.attempts == 1
    assert len(receiver.calls()) == 1, "a redirect is not followed"
    assert not notices.settled("PR-TEST")


@pytest.mark.parametrize(("status", "text", "least"), [(429, "1800", 1790), (503, "DATE", 1700), (503, "soon", 0)])
def test_who_asks_to_wait_is_waited_for(hook: Channel, receiver: Receiver, status, text, least) -> None:
    at = (timezone.now() + timedelta(minutes=30)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    tell()
    receiver.mood(status=status, headers={"Retry-After": text.replace("DATE", at)})
    row = deliver()
    assert row.next_try_at is not None
    wait = (row.next_try_at - timezone.now()).total_seconds()
    assert least <= wait <= max(1810, 6) and (least > 0 or wait <= 6)
    receiver.mood(status=500, headers={"Retry-After": "1800"})
    assert deliver().next_try_at is not None and Attempt.objects.order_by("number").last().wait_seconds is None


def test_a_wait_is_never_longer_than_a_day(hook: Channel, receiver: Receiver) -> None:
    tell()
    receiver.mood(status=429, headers={"Retry-After": "99999999"})
    row = deliver()
    assert row.next_try_at is not None and row.next_try_at - timezone.now() <= timedelta(days=1)


def test_a_slow_receiver_is_cut_off_and_a_closed_one_is_tried_again(hook: Channel, receiver, monkeypatch) -> None:
    monkeypatch.setattr(hooking, "SECONDS", 0.3)
    tell()
    receiver.mood(sleep=2)
    assert deliver().state == "queued"
    Channel.objects.update(address="http://127.0.0.1:9/")
    assert deliver().state == "queued"
    Channel.objects.update(address="http://nobody.invalid/")
    assert deliver().state == "queued" and codes() == ["timeout", "connection", "name"]
    ms = Attempt.objects.order_by("number").values_list("ms", flat=True)[0]
    assert ms is not None and 250 <= ms < 2000


def test_a_huge_answer_is_cut_and_its_status_counts(hook: Channel, receiver: Receiver) -> None:
    tell()
    receiver.mood(status=200, body="x" * 3_000_000)
    assert deliver().state == "sent"


def test_days_without_success_are_for_a_colleague(hook: Channel, receiver: Receiver) -> None:
    tell()
    receiver.mood(status=500)
    Notice.objects.update(queued_at=timezone.now() - timedelta(days=4), attempts=9)
    row = deliver()
    assert row.state == "parked" and "3 days (500)" in row.park_reason


def test_of_an_answer_only_a_short_beginning_is_kept_without_anybody_in_it(hook: Channel, receiver: Receiver) -> None:
    tell()
    said = (
        'No: ADA@example.org, "Ada@EXAMPLE.org", 4711-0815 22, '
        + "ab" * 20
        + "\r\n\x1b[31m see /ack/abc/?q=Ada "
        + "z" * 900
    )
    receiver.mood(status=422, body=said)
    deliver()
    kept = Attempt.objects.get().said
    assert kept.startswith("No: [person]") and len(kept) <= 120
    assert "ada@" not in kept.lower() and "4711" not in kept and "ab" * 20 not in kept and "\x1b" not in kept


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "told"), (204, "told"), (299, "told"), (300, "parked"), (404, "parked"), (408, "later"), (410, "parked"),
     (425, "later"), (429, "later"), (451, "parked"), (500, "later"), (599, "later"), (199, "parked")],
)  # fmt: skip
def test_the_table_of_statuses(status: int, verdict: str) -> None:
    found, reason = outcomes.by_status(status)
    assert found == verdict and bool(reason) == (found == Verdict.PARK)


@pytest.mark.usefixtures("disarmed")
@pytest.mark.parametrize(("place", "came"), [("notice.before_send", 1), ("notice.after_send", 2)])
def test_a_worker_that_breaks_around_the_call_repeats_it_and_it_is_done_once(hook, receiver, place, came) -> None:
    tell()
    failpoints.arm(f"{place}=raise")
    with pytest.raises(failpoints.Injected):
        deliver()
    assert codes() == [""], "the try is on record, its end is not"
    row = deliver()
    assert row.state == "sent" and len(receiver.calls()) == came and len(receiver.inbox()) == 1
    assert codes() == ["", "204"]


# ---------------------------------------------------------------- secrets


def test_while_a_secret_is_changed_both_sign_and_then_only_the_new_one(hook: Channel, receiver: Receiver) -> None:
    boss = colleague("boss", "disclosures.rotate_channel", "disclosures.retry_notice")
    old = str(hook.secret)
    new = channels.rotate(hook, by=boss)
    for number, secrets in enumerate(([old], [new])):  # whoever has changed over, and whoever has not
        receiver.trusts(*secrets)
        tell(origin=f"PR-{number}", subject=person(f"p{number}@example.org"))
        for pk in notices.waiting(timezone.now()):
            notices.send(pk)
    assert [one["status"] for one in receiver.calls()] == [204, 204]
    assert len(receiver.calls()[0]["signature"].split(" ")) == 2
    Channel.objects.update(old_until=timezone.now() - timedelta(seconds=1))
    receiver.trusts(old)
    tell(origin="PR-9", subject=person("p9@example.org"))
    notices.send(Notice.objects.get(origin="PR-9").pk)
    row = Notice.objects.get(origin="PR-9")
    assert row.state == "parked" and "does not trust us (401)" in row.park_reason
    channels.end_old(hook, by=boss)
    assert Channel.objects.get().old_secret is None
    for verb in (channels.rotate, channels.end_old):
        with pytest.raises(Refused) as refused:
            verb(hook, by=colleague(f"ole-{verb.__name__}"))
        assert refused.value.code == "not_allowed"


def test_a_test_message_names_nobody_and_says_what_came_back(hook: Channel, receiver: Receiver) -> None:
    boss = colleague("boss", "disclosures.test_channel")
    assert "204" in channels.test(hook, by=boss) and receiver.calls()[0]["effect"] == "test"
    receiver.trusts(webhooks.new_secret())
    with pytest.raises(Refused) as refused:
        channels.test(hook, by=boss)
    assert "does not trust us" in refused.value.message and Channel.objects.get().tested_code == "401"


def test_secrets_are_stored_encrypted(hook: Channel) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM disclosures_channel")
        assert str(hook.secret) not in cursor.fetchone()[0]


# ---------------------------------------------------------------- the receiver answers later


def signed(notice: Notice, secret: str, answer: str = "done", *, at: timedelta = timedelta(0), **more: Any) -> Any:
    """What the sample's `confirm` sends, over the test client."""
    body = json.dumps({"notice": str(notice.pk), "answer": answer, **more}).encode()
    sent = webhooks.headers("confirm-1", body, timezone.now() + at, secret)
    return Client().post(CONFIRM, body, content_type="application/json", headers=sent)


def test_the_receiver_confirms_by_a_signed_call_once(hook: Channel, receiver: Receiver) -> None:
    tell()
    row = deliver()
    for _ in range(2):
        answer = signed(row, str(hook.secret))
        assert answer.status_code == 200 and answer.json()["state"] == "acknowledged"
    assert Notice.objects.get().answer == "done"
    assert Event.objects.filter(name="recipient.acknowledged").count() == 1


def test_a_receiver_that_cannot_says_why_and_a_colleague_reads_it(hook: Channel, receiver: Receiver) -> None:
    tell()
    row = deliver()
    assert signed(row, str(hook.secret), "cannot").status_code == 422
    assert signed(row, str(hook.secret), "cannot", words="Our archive is on tape.").status_code == 200
    row.refresh_from_db()
    assert row.state == "parked" and row.answer_words == "Our archive is on tape." and notices.settled(row.origin)
    assert signed(row, str(hook.secret), "nothing").json()["state"] == "acknowledged", "they found out more"


def test_a_wrong_signature_an_old_one_and_anothers_are_answered_alike(hook: Channel, receiver: Receiver) -> None:
    other = receiver.channel("other")
    tell()
    deliver_all()
    row = Notice.objects.get(recipient=hook.recipient)
    ghost = Notice(pk="00000000-0000-4000-8000-000000000000")
    answers = [
        signed(row, webhooks.new_secret()), signed(row, str(other.secret)), signed(ghost, str(hook.secret)),
        signed(row, str(hook.secret), at=timedelta(minutes=-10)),
        Client().post(CONFIRM, {"notice": str(row.pk)}, content_type="application/json"),
    ]  # fmt: skip
    assert {one.status_code for one in answers} == {401} and len({one.content for one in answers}) == 1
    assert not Notice.objects.filter(state="acknowledged").exists()


def deliver_all() -> None:
    for pk in notices.waiting(timezone.now()):
        notices.send(pk)


def test_a_recipient_without_a_secret_cannot_be_spoken_for(post, settings) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    by("page", "clinic")
    tell()
    deliver_all()
    for row in Notice.objects.all():
        assert signed(row, webhooks.new_secret()).status_code == 401


def test_the_sample_confirms_at_a_real_server(hook: Channel, receiver: Receiver, live_server) -> None:
    tell()
    row = deliver()
    got = sample().confirm(f"{live_server.url}{CONFIRM}", str(hook.secret), str(row.pk))
    assert got["state"] == "acknowledged"


def test_the_sample_verifies_the_published_example_and_refuses_what_was_changed() -> None:
    theirs, body = sample(), b'{"event_type":"ping","data":{"success":true}}'
    secret = "whsec_plJ3nmyCDGBKInavdOK15jsl"
    sent = {
        "webhook-id": "msg_loFOjxBNrRLzqYUf", "webhook-timestamp": "1731705121",
        "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    }  # fmt: skip
    assert theirs.verified([secret], sent, body, 1731705121)
    assert not theirs.verified([secret], sent, body + b" ", 1731705121)
    assert not theirs.verified([secret], sent, body, 1731705121 + 301)
    assert not theirs.verified([secret], {**sent, "webhook-id": "msg_2"}, body, 1731705121)
    assert not theirs.verified([webhooks.new_secret()], sent, body, 1731705121)


# ---------------------------------------------------------------- our own network


def parked_unasked(channel: Channel, address: str, monkeypatch, *found: str) -> None:
    """The notice to an address is parked with a sentence, and no socket was opened."""
    inner = Recording()
    pool = guard.new_pool(guard.GuardedBackend(answering(*found), inner))
    monkeypatch.setattr(guard, "_pool", lambda process, allowed: pool)
    Channel.objects.filter(pk=channel.pk).update(address=address)
    Notice.objects.update(state="queued", park_reason="")
    row = deliver()
    assert (row.state, inner.asked) == ("parked", []), address
    assert re.search(r"internal|cannot|must|signs|not a URL|not called", row.park_reason), row.park_reason


def test_no_internal_address_is_called_by_a_notice_whatever_a_name_resolves_to(hook, settings, monkeypatch) -> None:
    settings.OUTGOING_NETWORKS = []
    tell()
    for address in INTERNAL.split():
        parked_unasked(hook, "https://a.example/hook", monkeypatch, address)
        parked_unasked(hook, "https://a.example/hook", monkeypatch, "8.8.8.8", address)
        if "%" not in address:
            literal = f"[{address}]" if ":" in address else address
            parked_unasked(hook, f"http://{literal}/", monkeypatch, address)


def test_no_form_of_an_address_that_can_be_read_in_two_ways_is_called_by_a_notice(hook, monkeypatch) -> None:
    tell()
    for url in UNREADABLE.split():
        parked_unasked(hook, url, monkeypatch, "8.8.8.8")


def test_a_name_that_points_elsewhere_the_second_time_is_judged_anew_and_not_called(
    hook, settings, monkeypatch
) -> None:
    settings.OUTGOING_NETWORKS = []
    answers, inner = [["8.8.8.8"], ["169.254.169.254"]], Recording()
    pool = guard.new_pool(guard.GuardedBackend(lambda host, port: answers.pop(0), inner))
    monkeypatch.setattr(guard, "_pool", lambda process, allowed: pool)
    Channel.objects.update(address="https://rebinding.example/")
    tell()
    assert deliver().state == "queued" and inner.asked == ["8.8.8.8"]
    assert deliver().state == "parked" and inner.asked == ["8.8.8.8"] and codes() == ["connection", "forbidden"]


def test_a_redirect_to_the_inside_is_not_followed(hook: Channel, receiver: Receiver) -> None:
    tell()
    receiver.mood(status=307, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    assert deliver().state == "parked" and len(receiver.calls()) == 1 and codes() == ["307"]


def test_this_machine_is_not_called_at_any_port(hook: Channel, receiver: Receiver, settings) -> None:
    settings.OUTGOING_NETWORKS = []
    tell()
    for port in (receiver.url.split(":")[2].split("/")[0], "22", "5432", "6379", "80"):
        Channel.objects.update(address=f"http://127.0.0.1:{port}/")
        Notice.objects.update(state="queued", park_reason="")
        assert deliver().state == "parked"
    assert receiver.calls() == []
