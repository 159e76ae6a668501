"""Two workers and two colleagues on the same mail, two tabs with the same form: one of them wins, nothing is doubled."""

from datetime import UTC, datetime

import pytest

from audit import actor as actors
from audit.refusal import Refused
from requests_app import conversation, inbox, uploads
from requests_app.models import Attachment, InboundMail, Letter, Message, Request
from tests.requests_app.builders import ask, colleague
from tests.requests_app.test_at_once import at_once, company, refusals  # noqa: F401
from tests.requests_app.test_mail_reading import mail as letter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "files"
    return settings.UPLOAD_DIR


def take(uid: int = 1, **more: str) -> InboundMail:
    raw = letter(text="Please delete my data.", **more).as_bytes()
    return inbox.take(raw, folder="INBOX", validity=1, uid=uid, arrived_at=datetime.now(UTC))


def test_two_workers_take_one_mail_once(folder):
    results = at_once(take, take, take)
    assert len({one.pk for one in results}) == 1 and InboundMail.objects.count() == 1
    assert len(list(folder.iterdir())) == 1, "the losers left nothing behind"


def test_two_workers_settle_one_mail_once(company):  # noqa: F811
    ask()
    row = take(In_Reply_To=Letter.objects.get(kind="acknowledgement").message_id)
    at_once(*[lambda: inbox.settle(row.pk)] * 3)
    assert InboundMail.objects.get().state == "matched" and Message.objects.count() == 1


def test_the_same_mail_twice_settled_at_once_is_one_draft(company):  # noqa: F811
    first, second = take(1), take(2)
    at_once(lambda: inbox.settle(first.pk), lambda: inbox.settle(second.pk))
    InboundMail.objects.filter(state="new").update(next_try_at=None)
    for pk in InboundMail.objects.filter(state="new").values_list("pk", flat=True):
        inbox.settle(pk)
    assert sorted(InboundMail.objects.values_list("state", "reason")) == [("draft", ""), ("ignored", "twice")]


def test_two_colleagues_make_one_request_of_a_draft(company):  # noqa: F811
    row = take(From="cleo@example.org")
    inbox.settle(row.pk)
    ann, bea = colleague("ann", "change_request"), colleague("bea", "change_request")
    wanted = inbox.Wanted("delete", "DE")
    results = at_once(
        lambda: inbox.confirm(row, wanted, by=ann),
        lambda: inbox.confirm(row, wanted, by=bea),
        lambda: inbox.dismiss(row, reason="spam", by=bea),
    )
    assert len(refusals(results)) == 2
    made = Request.objects.count()
    assert (made, Message.objects.count()) in ((1, 1), (0, 0))
    assert InboundMail.objects.get().state == ("matched" if made else "refused")


def test_the_same_form_from_two_tabs_is_one_message(company):  # noqa: F811
    request = ask()

    def write() -> Message:
        given = [uploads.Given("a.txt", b"a")]
        return conversation.write(request, words="x", files=given, nonce="n", actor=actors.person(request.subject_id))

    results = at_once(write, write, write)
    assert not [one for one in results if isinstance(one, Refused)] and len({one.pk for one in results}) == 1
    assert Message.objects.count() == Attachment.objects.count() == 1
