import contextlib
import socket
from datetime import UTC, date, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from audit import failpoints
from requests_app import letters, stationery
from requests_app.models import Letter, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, pump


class Post:
    """A mail server of our own that can be told to refuse."""

    def __init__(self) -> None:
        self.got, self.answer = [], ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer.startswith("rcpt "):
            return self.answer.removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("data "):
            return self.answer.removeprefix("data ")
        self.got.append(envelope)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def post(settings):
    """A real SMTP server; `post.controller` is stopped and started by tests."""
    handler = Post()
    handler.port = free_port()
    handler.controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    handler.controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", handler.port, 5
    yield handler
    with contextlib.suppress(AssertionError, RuntimeError, OSError):
        handler.controller.stop()


def the_letter() -> Letter:
    return Letter.objects.get(kind="acknowledgement")


def test_a_letter_goes_out_once_with_its_own_message_id(company, post):
    request = ask("opt_out_sale")
    letters.send(the_letter().pk)
    letters.send(the_letter().pk)
    assert len(post.got) == 1
    text = post.got[0].content.decode()
    assert f"Message-ID: {the_letter().message_id}" in text
    assert "Auto-Submitted: auto-generated" in text
    assert request.reference in text
    assert post.got[0].rcpt_tos == ["ada@example.org"]
    assert the_letter().state == "sent"
    assert request.clocks.filter(kind="acknowledge", met_at=None).count() == 0


def test_mail_goes_to_the_address_that_was_stored_first(company, post):
    ask("opt_out_sale", email="Ada@Example.org")
    letters.send(the_letter().pk)
    assert post.got[0].rcpt_tos == ["ada@example.org"]


def test_a_server_that_is_down_delays_a_letter_and_loses_none(company, post):
    ask("opt_out_sale")
    post.controller.stop()
    letters.send(the_letter().pk)
    letter = the_letter()
    assert letter.state == "queued"
    assert letter.next_try_at > timezone.now()
    letters.send(letter.pk)
    assert the_letter().attempts == 1, "it is not tried again before its time"
    post.controller = Controller(post, hostname="127.0.0.1", port=post.port)
    post.controller.start()
    Letter.objects.update(next_try_at=None)
    letters.send(letter.pk)
    assert the_letter().state == "sent"
    assert len(post.got) == 1


def test_a_server_that_says_later_is_asked_later(company, post):
    ask("opt_out_sale")
    post.answer = "rcpt 450 greylisted, come back"
    letters.send(the_letter().pk)
    assert the_letter().state == "queued"
    post.answer = ""
    Letter.objects.update(next_try_at=None)
    letters.send(the_letter().pk)
    assert the_letter().state == "sent"


@pytest.mark.parametrize("answer", ["rcpt 550 no such user ada@example.org", "data 554 refused ada@example.org"])
def test_a_server_that_refuses_for_good_parks_the_letter_in_sight(company, post, caplog, answer):
    request = ask("opt_out_sale")
    post.answer = answer
    letters.send(the_letter().pk)
    letter = the_letter()
    assert letter.state == "parked"
    assert answer.split()[1] in letter.park_reason
    assert "ada@example.org" not in letter.park_reason + caplog.text
    request.refresh_from_db()
    assert "letter" in request.attention
    post.answer = ""
    letters.retry(letter, by=builders.reviewer())
    letters.send(letter.pk)
    assert the_letter().state == "sent"
    request.refresh_from_db()
    assert request.attention == ""


def test_after_three_days_without_a_server_a_person_is_asked(company, post):
    ask("opt_out_sale")
    post.controller.stop()
    Letter.objects.update(queued_at=datetime.now(UTC) - timedelta(days=3, minutes=1))
    letters.send(the_letter().pk)
    assert the_letter().state == "parked"


def test_a_worker_that_dies_after_the_server_said_yes_sends_the_same_letter_again(company, post, monkeypatch):
    ask("opt_out_sale")
    failpoints.arm("letter.after_send=raise")
    with pytest.raises(failpoints.Injected):
        letters.send(the_letter().pk)
    failpoints.arm("")
    assert the_letter().state == "queued"
    Letter.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    letters.send(the_letter().pk)
    ids = {envelope.content.decode().split("Message-ID: ")[1].split("\r\n")[0] for envelope in post.got}
    assert len(post.got) == 2
    assert len(ids) == 1


def test_the_same_letter_is_queued_once(company):
    request = ask("opt_out_sale")
    first = letters.queue(request, "withdrawn", dedupe="x", context={}, actor=letters.SENDER)
    assert letters.queue(request, "withdrawn", dedupe="x", context={}, actor=letters.SENDER) == first


GIVEN = {
    "link": "https://x/proof/t/", "link_minutes": 60, "earlier": "PR-0", "question": "Which years?", "note": "We looked.",
    "reason": "Your request is complex.",
    "days": 7, "stop_link": "https://portal.invalid/stop/x/", "stop_days": 60, "hours": 24,
}  # fmt: skip


@pytest.mark.parametrize("language", stationery.LANGUAGES)
@pytest.mark.parametrize("kind", [one.code for one in stationery.KINDS.values() if one.to == "person"])
def test_every_letter_of_a_real_case_has_a_subject_a_sender_and_no_data_but_the_name(company, kind, language):
    request = ask("access", language=language, details="My sister Byron wrote to you.")
    builders.prove(request)
    pump()
    request.refresh_from_db()
    sheet = letters.preview(request, kind, GIVEN)
    assert sheet.language == language
    assert 5 < len(sheet.subject_line) < 100
    assert "Hireline" in sheet.body and "{" not in sheet.body and "&#" not in sheet.body and "None" not in sheet.body
    assert "\n\n\n" not in sheet.body
    first, _, rest = sheet.body.partition("\n")
    assert first.endswith(("Ada Lovelace,", "Ada Lovelace：", "Ada Lovelace،"))
    for personal in ("Lovelace", "ada@example.org", "Byron"):
        assert personal not in rest + sheet.subject_line


@pytest.mark.parametrize("language", stationery.LANGUAGES)
def test_a_letter_to_a_client_names_the_agreed_identifier_once_and_nothing_else_of_the_person(company, language):
    request = ask("access", language=language, details="My sister Byron wrote to you.")
    builders.prove(request)
    given = {
        "client": "Acme Ltd",
        "system": "Acme's applicants",
        "person": "ada@example.org",
        "answer_by": date(2027, 3, 1),
    }
    sheet = letters.preview(Request.objects.get(pk=request.pk), "referred_client", given)
    text = sheet.subject_line + sheet.body
    assert "Acme Ltd" in sheet.body.splitlines()[0]
    assert text.count("ada@example.org") == 1 and "Acme's applicants" in text and request.reference in text
    for personal in ("Lovelace", "Byron", "/my/", "/proof/", "/signin/"):
        assert personal not in text


def test_a_letter_keeps_the_law_the_language_and_the_version_of_its_template(company):
    request = ask("opt_out_sale", residence="US-VA", language="de")
    letter = the_letter()
    assert (letter.language, letter.statute) == ("de", request.laws[0]["statute"])
    assert letter.template_version == stationery.version("letters/de/acknowledgement.txt")
    assert letter.body.startswith("Guten Tag,") and "Wir antworten Ihnen spätestens am" in letter.body
    assert "VCDPA" in letter.body, "the section behind the date"


def test_a_language_that_we_do_not_write_gets_english(company):
    assert ask("opt_out_sale", language="tlh").language == "en"
    assert the_letter().body.startswith("Hello,")


def test_a_day_and_a_reason_are_said_in_the_language_of_the_letter(company):
    request = ask("access", language="de")
    given = {"reason": "Your request is complex.", "note": "Das Archiv ist groß.", "due_on": date(2027, 3, 1)}
    words = letters.preview(request, "extended", given).body
    assert "Ihr Antrag ist komplex." in words and "1. März 2027" in words and "Art. 12 Abs. 3 DSGVO" in words
    assert "1 March 2027" in letters.preview(request, "extended", given, "en").body


def test_a_letter_that_would_go_out_with_a_gap_is_not_written(company):
    request = ask("opt_out_sale")
    with pytest.raises(stationery.Unfilled, match="question"):
        letters.queue(request, "question", dedupe="x", context={}, actor=letters.SENDER)
    assert not Letter.objects.filter(kind="question").exists()


def test_the_log_never_names_a_recipient(company, post, caplog):
    ask("opt_out_sale")
    post.controller.stop()
    with caplog.at_level("DEBUG"):
        letters.send(the_letter().pk)
    assert "ada@" not in caplog.text
