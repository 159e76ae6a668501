"""Requests by e-mail, through a real Dovecot: nothing is lost, nothing is taken twice, and a mail proves nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from audit.refusal import Refused
from requests_app import acts, inbox
from requests_app.models import InboundMail, Letter, Message, Request
from tests.desk.builders import browser, colleague, events
from tests.requests_app import builders, files
from tests.requests_app.builders import ask, prove, pump
from tests.requests_app.mailboxes import look, only
from tests.requests_app.test_mail_reading import mail as letter
from tests.requests_app.test_mail_reading import report


def test_a_mail_becomes_a_draft_and_the_draft_a_request_that_was_received_when_it_arrived(box):
    message = letter(text="Please delete my account. Canary words.", From="Cleo <cleo@example.de>")
    message.add_attachment(files.png(), maintype="image", subtype="png", filename="me.png")
    message.add_attachment(b"MZ\x90\x00\x03", maintype="application", subtype="pdf", filename="bill.pdf")
    at = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
    box(message, at=at)
    look()
    draft = only()
    assert (draft.state, draft.sender, draft.arrived_at, draft.files) == ("draft", "cleo@example.de", at, 2)
    assert draft.guess["right"] == "delete" and draft.guess["residence"] == "DE" and box.seen() == (1, 1)
    assert not Request.objects.exists() and not mail.outbox

    request = inbox.confirm(draft, inbox.Wanted("delete", "DE", "de"), by=colleague("Agent"))
    assert request.received_at == at and request.channel == "email" and request.identifier.value == "cleo@example.de"
    assert request.clocks.get(kind="respond").start_at == at and request.proved_at is None and request.language == "de"
    said = request.messages.get()
    assert "Canary words." in said.text and said.channel == "email" and said.written_at == at
    assert [one.name for one in said.attachments.all()] == ["me.png"] and len(said.left_out) == 1
    draft.refresh_from_db()
    assert (draft.state, draft.request, draft.message, draft.text) == ("matched", request, said, "")
    pump()
    assert [one.to for one in mail.outbox] == [["cleo@example.de"]], (
        "the acknowledgement with its link, as for the form"
    )
    with pytest.raises(Refused, match="already"):
        inbox.confirm(draft, inbox.Wanted("delete", "DE"), by=colleague("Agent", "again"))


def test_an_answer_to_our_letter_joins_its_request_and_proves_nothing(box):
    request = ask("delete")
    sent = Letter.objects.get(kind="acknowledgement")
    box(letter("Re: something else", "I confirm!", In_Reply_To=sent.message_id, From="mallory@example.net"))
    look()
    row, said = only(), Message.objects.get()
    assert (
        row.state == "matched"
        and row.request == request
        and said.get_channel_display() == "By e-mail, sender not proved"
    )
    request.refresh_from_db()
    assert (
        request.proved_at is None
        and request.state in ("received", "verifying")
        and "The person wrote." in request.attention
    )
    assert events("mail.matched").get().subject_id == request.subject_id
    assert not [one for one in mail.outbox if "mallory@example.net" in one.to]


def test_a_mail_does_not_answer_an_open_question_by_itself(box, rita):
    request = ask("delete")
    prove(request)
    pump()
    asked = acts.ask(request, by=rita, reason="clarification", question="Which account?")
    box(letter("Re", "The old one.", In_Reply_To=asked.letter.message_id))
    look()
    request.refresh_from_db()
    assert request.waiting_since is not None and Message.objects.get().request == request
    assert Message.objects.get().on_file, "Ada's address, which proves nothing"


def test_a_reference_in_the_subject_is_enough_and_two_are_not(box):
    first, second = ask("access"), ask("delete")
    box(letter(f"About {first.reference.lower()}", "x", Message_ID="<r1@x.example>"))
    box(letter(f"About {first.reference} and {second.reference}", "x", Message_ID="<r2@x.example>"))
    box(letter("About PR-0000-0000", "x", Message_ID="<r3@x.example>"))
    look()
    assert list(InboundMail.objects.order_by("uid").values_list("state", flat=True)) == ["matched", "draft", "draft"]
    assert Message.objects.get().request == first


@pytest.mark.parametrize(
    ("heads", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto"),
        ({"List_Id": "<x>"}, "list"),
        ({"From": "privacy@hireline.example"}, "own"),
        ({"Message_ID": "<x@privacy.hireline.example>"}, "own"),
    ],
)
def test_what_no_person_wrote_is_kept_and_passed_over(box, heads, why):
    request = ask()
    sent = Letter.objects.get(kind="acknowledgement")
    box(letter(text="Out of office", In_Reply_To=sent.message_id, **heads))
    look()
    row = only()
    assert (row.state, row.reason) == ("ignored", why) and not Message.objects.exists()
    assert Request.objects.get(pk=request.pk).attention == "" and box.seen() == (1, 1)
    inbox.reopen(row, by=colleague("Agent"))
    assert only().state == "draft"


def test_a_letter_that_came_back_is_put_before_a_colleague(box):
    request = ask()
    pump()
    sent = Letter.objects.get(kind="acknowledgement")
    box(report().replace(b"<letter@privacy.hireline.example>", sent.message_id.encode()))
    box(report("delayed", "4.4.1").replace(b"<letter@privacy.hireline.example>", b"<unknown@x>"))
    look()
    sent.refresh_from_db()
    assert sent.state == "parked" and "5.1.1" in sent.park_reason
    assert "A letter could not be sent" in Request.objects.get(pk=request.pk).attention
    assert set(InboundMail.objects.values_list("state", "reason")) == {("ignored", "bounce")}
    assert events("letter.returned").get().facts["status"] == "5.1.1"


def test_a_flood_of_one_sender_is_kept_and_passed_over(box, settings):
    settings.MAILBOX_PER_SENDER = 2
    for number in range(4):
        box(letter(f"Number {number}", Message_ID=f"<{number}@x.example>"))
    look()
    assert sorted(InboundMail.objects.values_list("state", "reason")) == [
        ("draft", ""), ("draft", ""), ("ignored", "flood"), ("ignored", "flood"),
    ]  # fmt: skip


def test_the_same_mail_by_two_ways_is_one(box):
    message = letter()
    box(message)
    box(b"Received: by another.example\r\n" + message.as_bytes())
    look()
    assert sorted(InboundMail.objects.values_list("state", "reason")) == [("draft", ""), ("ignored", "twice")]


def test_another_mail_under_a_known_message_id_is_not_lost(box):
    box(letter(text="One"))
    box(letter(text="Two"))
    look()
    assert list(InboundMail.objects.values_list("state", flat=True)) == ["draft", "draft"]


def test_looking_again_takes_nothing_twice_even_when_the_server_numbers_anew(box, server):
    box(letter(Message_ID="<a@x.example>"))
    look()
    look()
    assert InboundMail.objects.count() == 1
    server.anew(box.name)
    box(letter(Message_ID="<b@x.example>"))
    look()
    states = sorted(InboundMail.objects.values_list("state", "reason"))
    assert states == [("draft", ""), ("draft", ""), ("ignored", "twice")]
    assert len(set(InboundMail.objects.values_list("validity", flat=True))) == 2


def test_a_mail_that_a_colleague_read_first_is_taken_and_old_ones_of_a_new_mailbox_are_not(box):
    box(letter("Years ago", Message_ID="<old@x.example>"), seen=True)
    box(letter("New", Message_ID="<new@x.example>"))
    look()
    assert only().subject_line == "New"
    box(letter("Read by somebody", Message_ID="<read@x.example>"), seen=True)
    look()
    assert InboundMail.objects.count() == 2


def test_taken_mail_is_moved_where_the_settings_say(box, server, settings):
    settings.MAILBOX_DONE_FOLDER = "Taken"
    server.make(box.name, "Taken")
    box(letter())
    look()
    assert box.seen() == (0, 0) and box.seen("Taken") == (1, 1) and only().filed_at is not None


def test_a_decided_mail_is_forgotten_and_a_draft_is_not(box, settings):
    box(letter(Message_ID="<a@x.example>"))
    box(letter(Message_ID="<b@x.example>", Auto_Submitted="auto-replied"))
    look()
    assert inbox.forget(timezone.now() + timedelta(days=29)) == 0
    assert inbox.forget(timezone.now() + timedelta(days=31)) == 1
    gone, kept = InboundMail.objects.get(state="ignored"), InboundMail.objects.get(state="draft")
    assert not any((gone.sender, gone.sender_index, gone.subject_line, gone.text, gone.raw_file, gone.raw_key))
    assert kept.text and [one.name for one in settings.UPLOAD_DIR.iterdir()] == [kept.raw_file]
    with pytest.raises(Refused, match="forgotten"):
        inbox.reopen(gone, by=colleague("Agent"))


def test_words_and_addresses_stand_in_no_event_and_no_column(box):
    box(letter(text="canary-text", From="canary-name <canary-sender@example.org>"))
    look()
    for event in events("mail.taken").model.objects.filter(name__startswith="mail."):
        assert "canary" not in str(event.facts)
    table = InboundMail._meta.db_table
    for column in ("sender", "sender_name", "subject_line", "text", "guess"):
        assert not InboundMail.objects.extra(where=[f"CAST({table}.{column} AS TEXT) LIKE '%%canary%%'"]).exists()


def test_the_desk_shows_a_draft_and_makes_a_request_of_it(box):
    box(letter(text="Please delete my canary.", From="Cleo Canary <cleo@example.de>"))
    look()
    desk, at = browser(colleague("Agent")), f"/admin/requests_app/inboundmail/{only().pk}"
    assert "c•••@example.de" in desk.get("/admin/requests_app/inboundmail/").content.decode()
    assert "Mail to look at" in desk.get("/admin/").content.decode()
    hidden = desk.get(f"{at}/change/").content.decode()
    assert "canary" not in hidden and "cleo@example.de" not in hidden
    clear = desk.post(f"{at}/reveal/").content.decode()
    assert "Please delete my canary." in clear and 'value="cleo@example.de"' in clear and 'value="Cleo Canary"' in clear
    assert events("mail.viewed").count() == 1
    wrong = desk.post(f"{at}/press/confirm/", {"right": "delete", "residence": "", "name": "Cleo", "revealed": "1"})
    assert wrong.status_code == 422 and "Choose where you live" in wrong.content.decode()
    assert desk.post(f"{at}/press/confirm/", {"right": "delete", "residence": "DE"}, follow=True).status_code == 200
    assert Request.objects.get().identifier.value == "cleo@example.de"
    auditor = browser(colleague("Auditor"))
    assert (
        auditor.get(f"{at}/change/").status_code in (403, 404) and desk.get(f"{at}/press/dismiss/").status_code == 405
    )


def test_a_draft_is_put_with_a_request_or_dismissed(box):
    request = ask()
    for number in "12":
        box(letter(Message_ID=f"<{number}@x.example>"))
    look()
    first, second = InboundMail.objects.order_by("uid")
    desk = browser(colleague("Agent"))
    for given, words in (
        ({"reference": "PR-0000-0000"}, "No request has this reference"),
        ({"reference": ""}, "No request"),
    ):
        answer = desk.post(f"/admin/requests_app/inboundmail/{first.pk}/press/join/", given)
        assert answer.status_code == 422 and words in answer.content.decode()
    desk.post(f"/admin/requests_app/inboundmail/{first.pk}/press/join/", {"reference": request.reference.lower()})
    desk.post(f"/admin/requests_app/inboundmail/{second.pk}/press/dismiss/", {"reason": "spam"})
    assert list(InboundMail.objects.order_by("uid").values_list("state", flat=True)) == ["matched", "refused"]
    assert Message.objects.get().request == request
    with pytest.raises(Refused) as refused:
        inbox.dismiss(first, reason="spam", by=builders.colleague("laura"))
    assert refused.value.code == "not_allowed"
