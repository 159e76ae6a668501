"""Mail that cannot be read, workers that stop in the middle, a server that is away: nothing is lost, doubled or told."""

import pytest

from audit import failpoints
from requests_app import inbox
from requests_app.inbox import mailbox
from requests_app.models import Attachment, InboundMail, Letter, Message
from tests.desk.builders import colleague
from tests.requests_app import files
from tests.requests_app.builders import ask
from tests.requests_app.mailboxes import look, only
from tests.requests_app.test_mail_reading import mail as letter
from tests.requests_app.test_mail_reading import nested

LINES = ("upload.after_sealed", "mail.before_commit", "mail.after_row", "mail.after_filed")


def test_a_mail_that_is_too_large_is_not_fetched_and_put_before_a_colleague(box, settings):
    settings.MAILBOX_MB = 1
    box(letter(text="x" * 2_000_000))
    look()
    row = only()
    assert (
        (row.state, row.reason) == ("parked", "large")
        and "2 MB" in row.park_reason
        and "in the mailbox" in row.park_reason
    )
    assert sum(one.stat().st_size for one in settings.UPLOAD_DIR.iterdir()) < 10_000
    inbox.dismiss(row, reason="spam", by=colleague("Agent"))
    assert only().state == "refused"


def test_a_mail_that_cannot_be_taken_apart_is_parked_in_sight_and_the_next_one_is_read(box):
    box(nested(3000))
    box(letter())
    look()
    assert list(InboundMail.objects.order_by("uid").values_list("state", "reason")) == [
        ("parked", "broken"),
        ("draft", ""),
    ]
    assert InboundMail.objects.first() and "by hand" in InboundMail.objects.get(state="parked").park_reason


def test_a_mail_without_a_sender_is_parked(box):
    box(letter(From="nobody"))
    look()
    assert (only().state, only().reason) == ("parked", "sender")


@pytest.mark.parametrize("line", LINES)
def test_a_stop_at_any_line_of_a_poll_loses_nothing_and_doubles_nothing(box, line):
    for number in range(3):
        box(letter(f"Number {number}", Message_ID=f"<{number}@x.example>"))
    failpoints.arm(f"{line}=raise@2")
    with pytest.raises(failpoints.Injected):
        mailbox.poll()
    seen, _ = box.seen()
    assert seen <= InboundMail.objects.count(), "a mail was marked before its row was there"
    failpoints.arm("")
    look()
    look()
    assert sorted(one.subject_line for one in InboundMail.objects.filter(state="draft")) == [
        f"Number {n}" for n in range(3)
    ]
    assert box.seen() == (3, 3) and not InboundMail.objects.filter(filed_at=None).exists()


def test_a_stop_after_the_message_makes_it_no_second_time(box):
    ask()
    message = letter(In_Reply_To=Letter.objects.get(kind="acknowledgement").message_id)
    message.add_attachment(files.png(), maintype="image", subtype="png", filename="me.png")
    box(message)
    mailbox.poll()
    failpoints.arm("mail.after_message")
    with pytest.raises(failpoints.Injected):
        inbox.settle(only().pk)
    failpoints.arm("")
    InboundMail.objects.update(lease_until=None)
    inbox.settle(only().pk)
    assert only().state == "matched" and Message.objects.count() == Attachment.objects.count() == 1


def test_a_mail_that_breaks_every_try_is_parked(box, settings):
    box(letter())
    mailbox.poll()
    InboundMail.objects.update(attempts=settings.MOST_ATTEMPTS)
    inbox.settle(only().pk)
    assert only().state == "parked"


def test_a_server_that_is_away_or_refuses_us_is_asked_again_later(box, settings, caplog):
    right = settings.MAILBOX_IMAP_URL
    for wrong in (
        "imap://x:secret@127.0.0.1:1/INBOX",
        right.replace(":secret", ":wrong"),
        right.replace("INBOX", "Nowhere"),
    ):
        settings.MAILBOX_IMAP_URL = wrong
        assert mailbox.poll() == 0
    assert (
        "secret" not in caplog.text and "wrong" not in caplog.text and caplog.text.count("could not be read now") == 3
    )
    settings.MAILBOX_IMAP_URL = right
    box(letter())
    assert mailbox.poll() == 1


@pytest.mark.parametrize(
    "address", ["imap://a:b@mail.example/INBOX", "http://a:b@mail.example/", "imaps://mail.example/", "x"]
)
def test_an_address_that_would_send_the_password_in_clear_is_refused(address):
    with pytest.raises(mailbox.Misconfigured):
        mailbox.place(address)
    assert mailbox.place("imaps://a%40b:p%2Fw@mail.example/Privacy%20Box") == mailbox.Place(
        "imaps", "mail.example", 993, "a@b", "p/w", "Privacy Box"
    )


def test_nobody_looks_where_no_mailbox_is_set(db, settings):
    settings.MAILBOX_IMAP_URL = ""
    assert mailbox.poll() == 0
