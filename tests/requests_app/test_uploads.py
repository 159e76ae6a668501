"""What may come in as a file, what is kept of it, and where it lies."""

import io
import os
import time
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from audit import actor as actors
from audit import failpoints
from audit.refusal import Refused
from requests_app import conversation, uploads
from requests_app.models import Attachment, Message, Request
from tests.desk.builders import events
from tests.requests_app import files
from tests.requests_app.builders import ask, colleague

SCRIPT = b"8 0 obj\n<</S/JavaScript/JS(app.alert(1))>>\nendobj\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "files"
    return settings.UPLOAD_DIR


def judged(name: str, data: bytes) -> uploads.Clean:
    return uploads.judge(uploads.Given(name, data))


def refusal(name: str, data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        judged(name, data)
    assert caught.value.field == "files" and "%(" not in caught.value.message
    return caught.value


def test_the_content_says_what_a_file_is_and_its_name_does_not():
    assert judged("scan.exe", files.pdf()) == uploads.Clean("scan.pdf", "application/pdf", files.pdf())
    assert judged("me.pdf", files.png()).name == "me.png"
    assert judged("notes", "Grüße\n".encode()) == uploads.Clean("notes.txt", "text/plain", "Grüße\n".encode())
    assert judged("x.txt", b"\xef\xbb\xbfmark").data == b"mark"


def test_of_a_photograph_only_the_picture_is_kept():
    given = files.jpeg_with_place()
    assert files.CANARY in given
    kept = judged("../../holiday.JPG", given)
    assert kept.name == "holiday.jpg" and files.CANARY not in kept.data
    with Image.open(io.BytesIO(kept.data)) as picture:
        assert not picture.getexif() and picture.size == (20, 40), "it stands upright"


def test_a_picture_with_something_behind_it_comes_out_without():
    bag = io.BytesIO()
    with zipfile.ZipFile(bag, "w") as target:
        target.writestr("evil.html", "<script>")
    kept = judged("a.png", files.png() + bag.getvalue())
    assert not zipfile.is_zipfile(io.BytesIO(kept.data)) and b"evil" not in kept.data


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.pdf", b""),
        ("page.png", b"<!doctype html><script>alert(1)</script>"),
        ("drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("gif.js", b"GIF89a=1;alert(1)//"),
        ("program.exe", b"MZ\x90\x00\x03" + bytes(60)),
        ("run.txt", b"#!/bin/sh\nrm -rf /"),
        ("bag.zip", b"PK\x03\x04" + bytes(40)),
        ("letter.docm", b"PK\x03\x04" + b"word/vbaProject.bin"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40)),
        ("photo.heic", bytes(4) + b"ftypheic" + bytes(40)),
        ("wide.txt", "hello".encode("utf-16")),
        ("bell.txt", b"ring \x07"),
        ("script.pdf", files.pdf(SCRIPT)),
        ("escaped.pdf", files.pdf(SCRIPT.replace(b"JavaScript", b"J#61vaScript"))),
        ("packed.pdf", files.pdf(files.packed(b"8 0 <</S/JavaScript/JS(1)>>"))),
        ("hidden.pdf", files.pdf(files.packed(b"8 0 <</S/JavaScript/JS(1)>>", b"/Obj#53tm"))),
        ("twice.pdf", files.pdf(files.packed(b"8 0 <<>>", extra=b"/DecodeParms<</Predictor 12>>"))),
        ("launch.pdf", files.pdf(b"8 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n")),
        ("inner.pdf", files.pdf(b"8 0 obj\n<</Type/EmbeddedFile>>\nendobj\n")),
        ("locked.pdf", files.pdf(b"8 0 obj\n<</Encrypt 9 0 R>>\nendobj\n")),
        ("bag.pdf", files.pdf(tail=b"%%EOF\nPK\x05\x06" + bytes(18))),
        ("behind.pdf", files.pdf(tail=b"%%EOF\n<script>")),
        ("flood.png", files.flood()),
        ("broken.png", files.png()[:48]),
        ("broken.jpg", b"\xff\xd8\xff\xe0" + os.urandom(200)),
    ],
)
def test_what_could_hurt_is_refused_in_words_and_soon(name, data):
    started = time.process_time()
    assert name.split(".")[0] in refusal(name, data).message
    assert time.process_time() - started < 1


def test_a_document_that_unpacks_without_end_is_refused_soon():
    bombs = files.pdf(*[files.packed(b"A" * 20_000_000) for _ in range(8)])
    started = time.process_time()
    assert refusal("bomb.pdf", bombs).code == "file_active"
    assert time.process_time() - started < 2


def test_sizes_and_counts_are_limited(settings):
    settings.ATTACHMENT_MB, settings.ATTACHMENTS_PER_MESSAGE = 1, 2
    assert refusal("big.txt", b"x" * (1024 * 1024 + 1)).code == "file_large"
    assert judged("fits.txt", b"x" * 1024 * 1024)
    three = [uploads.Given(f"{n}.txt", b"x") for n in range(3)]
    with pytest.raises(Refused, match="At most 2 files"):
        uploads.judge_all(three)
    assert len(uploads.judge_all(three[:2])) == 2


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.txt"),
        ("C:\\Users\\ada\\cv.docx", "cv.txt"),
        ("CON", "file.txt"),
        ("a\x00b\r\nc.txt", "abc.txt"),
        ("evil\u202egpj.exe", "evilgpj.txt"),
        ('"><script>.txt', "script.txt"),
        ("..", "file.txt"),
        ("", "file.txt"),
        ("x" * 300 + ".pdf", "x" * 60 + ".txt"),
        ("Lebenslauf für Ärzte.pdf", "Lebenslauf für Ärzte.txt"),
        ("\ud800half.txt", "half.txt"),
    ],
)
def test_names_are_made_safe(name, kept):
    assert judged(name, b"words").name.replace("_", "").replace("?", "") == kept


@pytest.mark.django_db
def test_files_lie_sealed_and_go_with_their_case(company, folder):
    request = ask()
    ada = actors.person(request.subject_id)
    given = [uploads.Given("secret.txt", b"canary-4711")]
    conversation.write(request, words="See the file.", files=given, actor=ada)
    row = Attachment.objects.get()
    on_disk = list(folder.iterdir())
    assert [one.name for one in on_disk] == [row.file_name]
    assert b"canary-4711" not in on_disk[0].read_bytes() and oct(on_disk[0].stat().st_mode)[-3:] == "600"
    assert b"".join(uploads.fetch(row, actor=ada)) == b"canary-4711"
    assert events("attachment.fetched").get().facts["attachment"] == str(row.pk)
    assert uploads.tidy(timezone.now() + timedelta(hours=2)) == 0, "a known file stays"

    now = timezone.now()
    Request.objects.filter(pk=request.pk).update(state="closed", outcome="withdrawn", closed_at=now)
    assert uploads.destroy_old(now + timedelta(days=89)) == 0
    assert uploads.destroy_old(now + timedelta(days=91)) == 1
    row.refresh_from_db()
    assert row.key == "" and row.destroyed_at and not list(folder.iterdir())
    with pytest.raises(Refused, match="destroyed"):
        uploads.fetch(row, actor=ada)
    assert uploads.destroy_old(now + timedelta(days=91)) == 0


@pytest.mark.django_db
def test_what_a_crash_leaves_sealed_without_a_row_is_tidied_away(company, folder):
    request = ask()
    for name in ("upload.after_sealed", "message.before_rows"):
        failpoints.arm(name)
        with pytest.raises(failpoints.Injected):
            conversation.write(
                request, words="x", files=[uploads.Given("a.txt", b"a")], actor=actors.person(request.subject_id)
            )
    failpoints.arm("")
    assert len(list(folder.iterdir())) == 2 and not Attachment.objects.exists()
    assert uploads.tidy(timezone.now()) == 0, "it might still be at work"
    assert uploads.tidy(timezone.now() + timedelta(hours=2)) == 2 and not list(folder.iterdir())


@pytest.mark.django_db
def test_messages_and_files_go_with_their_case(company, folder):
    request = ask()
    given = [uploads.Given("secret.txt", b"canary-4711")]
    conversation.write(request, words="See the file.", files=given, actor=actors.person(request.subject_id))
    conversation.reply(request, words="Thank you.", by=colleague("agnes", "change_request"))
    Request.objects.get(pk=request.pk).delete()
    assert not Message.objects.exists() and not Attachment.objects.exists()
    assert uploads.tidy(timezone.now() + timedelta(hours=2)) == 1 and not list(folder.iterdir())
