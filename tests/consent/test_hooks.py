"""Whoever subscribed hears of each change, once, signed, and learns no name."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from audit import clients, failpoints
from audit.refusal import Refused
from consent import choices, hooks, recording, renewal
from consent.choices import How
from consent.models import Delivery, Subscription
from consent.recording import Item
from tests.consent.builders import CLERK, ada, colleague, purpose

pytestmark = pytest.mark.django_db


class Shop:
    """A subscriber: answers with what it is told to, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        shop = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                shop.got.append(({key.lower(): one for key, one in self.headers.items()}, body))
                status, more = shop.answers.pop(0) if shop.answers else (204, {})
                self.send_response(status)
                for key, one in more.items():
                    self.send_header(key, one)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/hooks"


@pytest.fixture
def shop(settings):
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    one = Shop()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def secret(shop) -> bytes:
    client, _ = clients.create("shop", [], actor=CLERK)
    _, shown = hooks.subscribe(client, shop.address, [], actor=CLERK)
    return base64.b64decode(shown.removeprefix("whsec_"))


def say(granted: bool = True, key: str = "news", **more):
    return choices.record(ada(), purpose(key), granted, source="portal", actor=CLERK, **more)


def run() -> Delivery:
    for pk in hooks.waiting(timezone.now()):
        hooks.send(pk)
    return Delivery.objects.get()


def test_a_change_is_told_once_with_a_signature_and_without_a_name(shop, secret) -> None:
    choice = say()
    assert run().state == "sent" and run().state == "sent" and len(shop.got) == 1
    headers, body = shop.got[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    told = json.loads(body)
    assert told["type"] == "choice.changed" and told["data"]["choice"] == str(choice.pk) and told["data"]["granted"]
    known = hmac.new(secret, b"email:ada@example.org", hashlib.sha256).hexdigest()
    assert told["data"]["identifiers"] == [{"kind": "email", "hmac": known}]
    assert b"ada@" not in body.lower() and b"example.org" not in body


def test_what_arrives_is_verified_by_the_library_that_receivers_use(shop, secret) -> None:
    theirs = pytest.importorskip("standardwebhooks", reason="standardwebhooks is in requirements-dev.txt")
    choice = say()
    assert run().state == "sent"
    headers, body = shop.got[0]
    assert theirs.Webhook(secret).verify(body, dict(headers))["data"]["choice"] == str(choice.pk)
    with pytest.raises(theirs.WebhookVerificationError):
        theirs.Webhook(secret).verify(body + b" ", dict(headers))


def test_only_who_listens_to_the_purpose_hears_of_it(shop, secret) -> None:
    one = Subscription.objects.get()
    one.purposes.set([purpose("ads")])
    say()
    assert not Delivery.objects.exists()
    choices.record(ada(), choices.named("ads"), False, source="portal", actor=CLERK)
    assert run().choice.purpose.key == "ads"
    hooks.switch(one, active=False, actor=CLERK)
    choices.record(ada(), choices.named("ads"), True, source="portal", actor=CLERK)
    assert Delivery.objects.count() == 1


def test_a_choice_that_holds_nothing_tells_nothing_and_a_batch_tells_of_each(shop, secret) -> None:
    say(False)
    late = timezone.now() - timedelta(days=3)
    choices.record(ada(), choices.named("news"), True, source="portal", actor=CLERK, chosen_at=late)
    assert Delivery.objects.count() == 1
    recording.record_many(
        [Item("email", f"p{n}@example.org", "news", True) for n in range(3)], source="api", actor=CLERK
    )
    assert Delivery.objects.count() == 4


def test_who_asks_to_wait_is_waited_for_and_gets_the_same_message(shop, secret) -> None:
    say()
    shop.answers = [(503, {"Retry-After": "1800"})]
    row = run()
    assert row.state == "queued" and row.next_try_at - timezone.now() > timedelta(minutes=29)
    assert hooks.waiting(timezone.now()) == []
    Delivery.objects.update(next_try_at=None)
    assert run().state == "sent" and shop.got[0][1] == shop.got[1][1]
    assert shop.got[0][0]["webhook-id"] == shop.got[1][0]["webhook-id"]


def test_who_is_gone_is_switched_off_and_who_never_answers_is_parked_for_a_colleague(shop, secret) -> None:
    say()
    shop.answers = [(500, {}), (410, {})]
    Delivery.objects.update(queued_at=timezone.now() - timedelta(days=9), attempts=20)
    row = run()
    assert row.state == "parked" and "500" in row.park_reason
    with pytest.raises(Refused):
        hooks.retry(row, by=colleague("ole"))
    hooks.retry(row, by=colleague("maya", "consent.retry_delivery"))
    assert run().state == "parked" and not Subscription.objects.get().active


def test_our_own_network_is_never_called(shop, secret, settings) -> None:
    settings.OUTGOING_NETWORKS = []
    say()
    row = run()
    assert row.state == "parked" and "internal" in row.park_reason and shop.got == []


@pytest.mark.parametrize(
    "address", ["ftp://shop.example/", "http://user:pw@shop.example/", "shop.example", "http://a b/"]
)
def test_an_address_that_is_none_is_refused(db, address: str) -> None:
    client, _ = clients.create("shop", [], actor=CLERK)
    with pytest.raises(Refused) as refused:
        hooks.subscribe(client, address, [], actor=CLERK)
    assert refused.value.field == "address"


def test_a_yes_that_ended_is_told_once(shop, secret) -> None:
    say(how=How(expires_at=timezone.now() + timedelta(days=2)))
    Delivery.objects.all().delete()
    assert renewal.note_ended() == 0
    assert renewal.note_ended(timezone.now() + timedelta(days=3)) == 1
    assert renewal.note_ended(timezone.now() + timedelta(days=3)) == 0
    assert run().state == "sent" and json.loads(shop.got[-1][1])["type"] == "choice.ended"


@pytest.mark.parametrize(("place", "times"), [("hook.before_send", 1), ("hook.after_send", 2)])
def test_a_worker_that_breaks_around_the_call_loses_nothing_and_repeats_the_same_message(
    shop, secret, place, times
) -> None:
    say()
    failpoints.arm(place)
    try:
        with pytest.raises(failpoints.Injected):
            hooks.send(Delivery.objects.get().pk)
    finally:
        failpoints.arm("")
    assert hooks.waiting(timezone.now()) == []
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert run().state == "sent" and len(shop.got) == times
    assert len({one[0]["webhook-id"] for one in shop.got}) == 1
