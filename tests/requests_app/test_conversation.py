"""What the person and we write to each other: once, told without content, and waiting for a colleague until it is answered."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from audit import actor as actors
from audit.refusal import Refused
from requests_app import acts, attention, conversation, policy, uploads
from requests_app.models import Attachment, Letter, Message, Request
from tests.desk.builders import events
from tests.requests_app.builders import ask, colleague, prove, pump

WORDS = "canary words of Ada"
FILE = uploads.Given("a.txt", b"hello")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "files"


@pytest.fixture
def agent(db):
    return colleague("agnes", "change_request")


def fresh(request: Request) -> Request:
    return Request.objects.get(pk=request.pk)


def person(request: Request) -> actors.Actor:
    return actors.person(request.subject_id)


def test_a_message_of_the_person_waits_for_a_colleague_until_somebody_answers(company, agent):
    request = ask()
    conversation.write(request, words=WORDS, actor=person(request))
    assert "The person wrote." in fresh(request).attention
    conversation.reply(request, words="We look into it.", by=agent)
    assert "The person wrote." not in fresh(request).attention
    assert [one.text for one in conversation.thread(request)] == [WORDS, "We look into it."]


def test_a_colleague_may_say_that_there_is_nothing_to_answer(company, agent):
    request = ask()
    conversation.write(request, words="Thank you!", actor=person(request))
    assert conversation.seen(request, by=agent) == 1 and conversation.seen(request, by=agent) == 0
    assert fresh(request).attention == "" and events("message.seen").count() == 1


def test_a_message_after_the_end_is_seen_as_well(company, agent):
    request = ask()
    Request.objects.filter(pk=request.pk).update(state="closed", outcome="withdrawn", closed_at=timezone.now())
    conversation.write(request, words="One more thing.", actor=person(request))
    assert "The person wrote." in fresh(request).attention
    attention.refresh(request.pk, actor=actors.worker("tests"))
    assert "The person wrote." in fresh(request).attention


def test_the_mail_about_our_message_says_that_there_is_one_and_nothing_else(company, agent):
    request = ask()
    prove(request)
    mail.outbox.clear()
    message = conversation.reply(request, words="Your account 4711 of 3 May.", files=[FILE], by=agent)
    pump()
    sent = next(one for one in mail.outbox if "We wrote to you" in one.subject)
    text = sent.message().as_string()
    assert "4711" not in text and "a.txt" not in text and "/signin/" in text
    assert sent.to == ["ada@example.org"] and message.letter.kind == "message"
    assert sent.extra_headers["References"] == Letter.objects.get(kind="acknowledgement").message_id
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated" and sent.reply_to


def test_words_and_files_stand_in_no_event(company, agent):
    request = ask()
    conversation.write(request, words=WORDS, files=[FILE], actor=person(request))
    conversation.reply(request, words=WORDS, by=agent)
    for one in events("message.written"):
        assert set(one.facts) == {"author", "channel", "files", "left_out"}
    assert not Message.objects.extra(where=["text LIKE '%%canary%%'"]).exists(), "the column is encrypted"


def test_the_same_form_sent_twice_is_one_message(company, agent):
    request = ask()
    ways = [conversation.write(request, words="Once.", files=[FILE], nonce="n1", actor=person(request)) for _ in "12"]
    assert ways[0] == ways[1] and Attachment.objects.count() == 1
    replies = [conversation.reply(request, words="Once.", nonce="n2", by=agent) for _ in "12"]
    assert replies[0] == replies[1] and Letter.objects.filter(kind="message").count() == 1


def test_a_file_that_is_not_taken_leaves_nothing_of_the_message(company):
    request = ask()
    with pytest.raises(Refused, match="none of: PDF"):
        conversation.write(request, words="x", files=[FILE, uploads.Given("a.exe", b"MZ\x00")], actor=person(request))
    assert not Message.objects.exists() and not Attachment.objects.exists() and fresh(request).attention == ""


def test_empty_and_endless_messages_are_refused_and_so_is_writing_all_day(company, agent, monkeypatch):
    request = ask()
    for words in ("", "   ", "x" * 4001, "a\x00b"):
        with pytest.raises(Refused):
            conversation.write(request, words=words, actor=person(request))
    monkeypatch.setattr(policy, "MESSAGES_A_DAY", 2)
    for _ in "12":
        conversation.write(request, words="x", actor=person(request))
    with pytest.raises(Refused, match="today"):
        conversation.write(request, words="x", actor=person(request))
    Message.objects.update(written_at=timezone.now() - timedelta(days=2))
    assert conversation.write(request, words="x", actor=person(request))


def test_only_who_works_on_cases_may_write(company):
    request = ask()
    for call in (lambda: conversation.reply(request, words="x", by=colleague("laura")),
                 lambda: conversation.seen(request, by=colleague("lars"))):  # fmt: skip
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.code == "not_allowed"


def test_a_question_and_its_answer_with_files_are_part_of_the_thread(company, rita):
    request = ask("delete")
    prove(request)
    pump()
    acts.ask(request, by=rita, reason="clarification", question="Which account?")
    conversation.answer(request, words="The old one.", files=[FILE], nonce="n", actor=person(request))
    lines = conversation.thread(request)
    assert [(one.author, one.text, one.asks, one.answers) for one in lines] == [
        ("staff", "Which account?", True, False), ("person", "The old one.", False, True),
    ]  # fmt: skip
    assert [one.name for one in lines[1].files] == ["a.txt"] and fresh(request).waiting_since is None
    with pytest.raises(Refused, match="no open question"):
        conversation.answer(request, words="Again.", files=[FILE], actor=person(request))
    assert Attachment.objects.count() == 1


def test_what_the_person_opened_is_marked_once(company, agent):
    request = ask()
    conversation.reply(request, words="Hello.", by=agent)
    assert conversation.news(conversation.thread(request))
    assert conversation.opened(request, actor=person(request)) == 1
    assert conversation.opened(request, actor=person(request)) == 0
    assert not conversation.news(conversation.thread(request)) and events("message.read").count() == 1
