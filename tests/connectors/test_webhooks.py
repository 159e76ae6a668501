"""Standard Webhooks: signed as its own libraries sign, read back strictly, and waits that are bounded."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors import webhooks

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BODY = b'{"type":"notice.erasure"}'
OLD, NEW = webhooks.new_secret(), webhooks.new_secret()


def test_the_published_example_comes_out_as_published() -> None:
    """The example that the specification's own libraries are tested with."""
    body = b'{"event_type":"ping","data":{"success":true}}'
    at = datetime.fromtimestamp(1731705121, tz=UTC)
    sent = webhooks.headers("msg_loFOjxBNrRLzqYUf", body, at, "whsec_plJ3nmyCDGBKInavdOK15jsl")
    assert sent["webhook-signature"] == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
    assert sent["webhook-timestamp"] == "1731705121" and sent["webhook-id"] == "msg_loFOjxBNrRLzqYUf"


def test_the_library_that_receivers_use_verifies_what_we_sign_and_signs_what_we_verify() -> None:
    theirs = pytest.importorskip("standardwebhooks", reason="standardwebhooks is in requirements-dev.txt")
    now = datetime.now(tz=UTC)
    sent = webhooks.headers("m-1", BODY, now, NEW, OLD)
    for one in (OLD, NEW):
        assert theirs.Webhook(one).verify(BODY, sent) == {"type": "notice.erasure"}
    forged = ({**sent, "webhook-id": "m-2"}, BODY), (sent, b"{}"), (webhooks.headers("m-1", BODY, now, OLD), BODY)
    for changed, body in forged:
        with pytest.raises(theirs.WebhookVerificationError):
            theirs.Webhook(NEW).verify(body, changed)
    signed = theirs.Webhook(NEW).sign("m-1", now, BODY.decode())
    assert webhooks.verified({**sent, "webhook-signature": signed}, BODY, [NEW], now)


def test_while_a_secret_is_changed_both_count_and_afterwards_only_the_new_one() -> None:
    sent = webhooks.headers("m-1", BODY, NOW, NEW, OLD)
    assert len(sent["webhook-signature"].split(" ")) == 2
    for one in (OLD, NEW):
        assert webhooks.verified(sent, BODY, [one], NOW)
    assert not webhooks.verified(webhooks.headers("m-1", BODY, NOW, NEW), BODY, [OLD], NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "m-2"}, {"webhook-id": ""}, {"webhook-timestamp": "1"}, {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٣"}, {"webhook-timestamp": "9" * 40}, {"webhook-signature": ""},
        {"webhook-signature": "v1,"}, {"webhook-signature": "v1,ä"}, {"webhook-signature": "v2,abc"},
    ],
)  # fmt: skip
def test_whatever_was_changed_on_the_way_is_refused(change: dict[str, str]) -> None:
    sent = webhooks.headers("m-1", BODY, NOW, NEW)
    assert webhooks.verified(sent, BODY, [NEW], NOW)
    assert not webhooks.verified({**sent, **change}, BODY, [NEW], NOW)
    assert not webhooks.verified(sent, BODY + b" ", [NEW], NOW)


@pytest.mark.parametrize(("minutes", "taken"), [(4, True), (-4, True), (6, False), (-6, False)])
def test_a_message_is_good_for_minutes_only(minutes: int, taken: bool) -> None:
    sent = webhooks.headers("m-1", BODY, NOW, NEW)
    assert webhooks.verified(sent, BODY, [NEW], NOW + timedelta(minutes=minutes)) == taken


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("99999999999", 86400), ("Sun, 01 Nov 2026 12:05:00 GMT", 300), ("Sun, 01 Nov 2020 12:05:00 GMT", 0),
     ("soon", None), ("", None), ("-5", None), ("²", None)],
)  # fmt: skip
def test_the_wait_that_the_other_side_asks_for_is_read_and_bounded(text: str, seconds: int | None) -> None:
    assert webhooks.retry_after(text, NOW) == (None if seconds is None else timedelta(seconds=seconds))


def test_pauses_grow_to_an_hour_differ_by_chance_and_are_never_shorter_than_asked() -> None:
    many = [webhooks.pause(20) for _ in range(50)]
    assert len(set(many)) > 10 and all(timedelta(minutes=30) <= one <= timedelta(hours=1) for one in many)
    assert webhooks.pause(1) <= timedelta(seconds=5) < webhooks.pause(3)
    assert webhooks.pause(1, timedelta(hours=3)) == timedelta(hours=3)
