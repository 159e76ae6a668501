"""The conversation on the person's page and on the case page: seen by the two sides, and by nobody else."""

import io
import re

import pytest

from requests_app import conversation
from requests_app.models import Attachment, Message, Request
from tests.desk.builders import browser, colleague, events
from tests.portal.builders import MALLORY, person
from tests.requests_app import files


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "files"


def upload(name: str, data: bytes) -> io.BytesIO:
    stream = io.BytesIO(data)
    stream.name = name
    return stream


def nonce(page) -> str:
    return re.findall(r'name="nonce" value="([^"]+)"', page.content.decode())[-1]


def written(text: str = "I moved last year.", name: str = "proof.png"):
    """Ada wrote, with a picture."""
    ada, request = person()
    at = f"/my/{request.pk}/"
    form = {"words": text, "nonce": nonce(ada.get(at)), "files": upload(name, files.png())}
    answer = ada.post(f"{at}write/", form, follow=True)
    assert answer.status_code == 200 and "Your message has arrived." in answer.content.decode()
    return ada, request, answer.content.decode()


def test_a_person_writes_and_sees_it_in_the_thread():
    _, request, page = written("<b>I moved</b>")
    assert "&lt;b&gt;I moved&lt;/b&gt;" in page and "proof.png" in page
    row = Attachment.objects.get()
    assert f"/my/{request.pk}/file/{row.pk}/" in page and row.media == "image/png"
    assert "The person wrote." in Request.objects.get(pk=request.pk).attention


def test_a_file_is_handed_out_as_bytes_that_no_browser_runs():
    ada, request, _ = written()
    got = ada.get(f"/my/{request.pk}/file/{Attachment.objects.get().pk}/")
    body = b"".join(got.streaming_content)
    assert body.startswith(b"\x89PNG") and got["Content-Length"] == str(len(body))
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Disposition"] == 'attachment; filename="proof.png"'
    assert (
        got["Content-Security-Policy"] == "default-src 'none'; sandbox" and got["X-Content-Type-Options"] == "nosniff"
    )
    assert got["Cache-Control"] == "no-store"
    assert events("attachment.fetched").get().actor == f"person:{request.subject_id}"


def test_nobody_else_gets_it():
    ada, request, _ = written()
    at = f"/my/{request.pk}/file/{Attachment.objects.get().pk}/"
    mallory, other = person(MALLORY)
    assert mallory.get(at).status_code == 404
    assert mallory.get(at.replace(str(request.pk), str(other.pk))).status_code == 404
    assert mallory.post(f"/my/{request.pk}/write/", {"words": "x"}).status_code == 404
    assert ada.post(at).status_code == 405
    ada.cookies.clear()
    assert ada.get(at).status_code == 303 and not events("attachment.fetched").exists()


def test_what_was_typed_comes_back_with_a_refused_file_and_the_form_stays_one():
    ada, request = person()
    at = f"/my/{request.pk}/"
    mark = nonce(ada.get(at))
    refused = ada.post(f"{at}write/", {"words": "My long story.", "nonce": mark, "files": upload("a.exe", b"MZ\x00")})
    page = refused.content.decode()
    assert refused.status_code == 422 and "My long story." in page and "“a.exe” is none of" in page
    assert nonce(refused) == mark and not Message.objects.exists()
    for _ in "12":
        assert ada.post(f"{at}write/", {"words": "My long story.", "nonce": mark}).status_code == 303
    assert Message.objects.count() == 1


def test_too_many_files_are_refused_before_they_are_read(settings):
    settings.ATTACHMENTS_PER_MESSAGE = 1
    ada, request = person()
    two = [upload("a.txt", b"a"), upload("b.txt", b"b")]
    refused = ada.post(f"/my/{request.pk}/write/", {"words": "x", "files": two})
    assert refused.status_code == 422 and "At most 1 files" in refused.content.decode()


def test_a_form_without_a_token_is_refused():
    ada, request = person()
    ada.handler.enforce_csrf_checks = True
    assert ada.post(f"/my/{request.pk}/write/", {"words": "x"}).status_code == 403


def test_our_message_is_new_once():
    ada, request = person()
    agent = colleague("Agent")
    conversation.reply(request, words="Please look at this.", by=agent)
    first, second = (ada.get(f"/my/{request.pk}/").content.decode() for _ in "12")
    assert "We wrote to you." in first and "Please look at this." in first and "Agent" not in first
    assert "We wrote to you." not in second and "Please look at this." in second


def test_a_colleague_reads_answers_and_fetches():
    ada, request, _ = written("canary story")
    desk, case = browser(colleague("Agent")), f"/admin/requests_app/request/{request.pk}"
    hidden = desk.get(f"{case}/change/").content.decode()
    assert "canary story" not in hidden and "proof.png" not in hidden and "image/png" in hidden
    clear = desk.post(f"{case}/reveal/", {"reason": "message"}).content.decode()
    assert "canary story" in clear and "proof.png" in clear
    row = Attachment.objects.get()
    got = desk.get(f"{case}/file/{row.pk}/")
    assert b"".join(got.streaming_content).startswith(b"\x89PNG") and got["Content-Type"] == "application/octet-stream"
    assert "unsafe" not in got["Content-Security-Policy"]
    form = {"form": "write", "words": "Thank you, Ada.", "nonce": "n", "files": upload("answer.pdf", files.pdf())}
    assert desk.post(f"{case}/write/", form).status_code == 302
    assert "Thank you, Ada." in desk.get(f"{case}/change/").content.decode()
    assert "The person wrote." not in Request.objects.get(pk=request.pk).attention
    page = ada.get(f"/my/{request.pk}/").content.decode()
    assert "Thank you, Ada." in page and "answer.pdf" in page


def test_a_refused_reply_comes_back_as_it_was_typed():
    _, request = person()
    desk, case = browser(colleague("Agent")), f"/admin/requests_app/request/{request.pk}"
    form = {"form": "write", "words": "Dear Ada,", "nonce": "n", "files": upload("a.html", b"<html>")}
    refused = desk.post(f"{case}/write/", form)
    assert refused.status_code == 422 and "Dear Ada," in refused.content.decode()
    assert not Message.objects.exists()


def test_nothing_to_answer_and_who_may_not():
    _, request, _ = written()
    case = f"/admin/requests_app/request/{request.pk}"
    auditor = browser(colleague("Auditor"))
    page = auditor.get(f"{case}/change/").content.decode()
    assert "Write to the person" not in page and "Reveal (is recorded)" not in page
    assert (
        auditor.post(f"{case}/seen/").status_code == 422
        and auditor.post(f"{case}/write/", {"words": "x"}).status_code == 422
    )
    assert auditor.get(f"{case}/file/{Attachment.objects.get().pk}/").status_code == 403
    desk = browser(colleague("Agent"))
    assert "Nothing to answer" in desk.get(f"{case}/change/").content.decode()
    assert desk.post(f"{case}/seen/").status_code == 302
    assert Request.objects.get(pk=request.pk).attention == ""
