"""A document is the last resort: asked for with a reason, seen once, gone with the decision."""

import io
import struct
import zlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from audit.refusal import Refused
from requests_app import delivery, policy, workflow
from requests_app.models import Letter, Paper, Request
from requests_app.proving import papers
from requests_app.uploads import judging
from tests.portal.builders import ADA, ask, marks
from tests.portal.test_codes import code_of
from tests.requests_app.builders import approver, colleague, reviewer


def picture(kind: str = "PNG") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (2, 2), "white").save(target, kind)
    return target.getvalue()


def huge() -> bytes:
    """A PNG whose header claims more dots than anybody's scanner has."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return picture()[:12] + b"IHDR" + head + zlib.crc32(b"IHDR" + head).to_bytes(4, "big") + picture()[33:]


PNG, JPEG = picture(), picture("JPEG")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
def rita(db):
    return reviewer()


@pytest.fixture
def waiting(rita) -> tuple[Client, Request]:
    """Ada is signed in, her request is not proved, and Rita asked for a document."""
    client = Client()
    request = ask(client)
    client.post("/signin/", marks(client.get("/signin/").content) | {"email": ADA})
    client.post("/signin/code/", {"code": code_of(request, "sign_in")})
    workflow.advance(request.pk)
    papers.ask(request, by=rita, reason="Two people share your name and your address.", now=timezone.now())
    request.refresh_from_db()
    return client, request


def upload(client: Client, request: Request, data: bytes):
    return client.post(f"/my/{request.pk}/paper/", {"file": SimpleUploadedFile("passport of ada.png", data)})


def stored(settings) -> list[str]:
    return [one.name for one in settings.PARCEL_DIR.glob("*paper*")]


def test_the_person_reads_why_and_sends_it_and_it_is_sealed(waiting, settings):
    client, request = waiting
    assert b"Two people share your name" in client.get(f"/my/{request.pk}/").content
    assert upload(client, request, PNG).status_code == 303
    row = Paper.objects.get()
    assert row.state == "here" and row.kind == "png" and "passport" not in str(list(Paper.objects.values()))
    (name,) = stored(settings)
    assert PNG not in (settings.PARCEL_DIR / name).read_bytes()
    request.refresh_from_db()
    assert request.proved_at is None and "document arrived" in request.attention


@pytest.mark.parametrize("accepted", [True, False])
def test_the_decision_destroys_it_and_keeps_the_result(
    waiting, rita, settings, accepted, django_capture_on_commit_callbacks
):
    client, request = waiting
    upload(client, request, JPEG)
    row = Paper.objects.get()
    assert papers.look(row, by=rita, now=timezone.now())[:3] == JPEG[:3]
    with django_capture_on_commit_callbacks(execute=True):
        papers.decide(row, by=rita, accepted=accepted, now=timezone.now())
    row.refresh_from_db()
    assert (row.state, row.key, row.file_name) == ("accepted" if accepted else "refused", "", "")
    assert stored(settings) == []
    request.refresh_from_db()
    assert (request.proved_at is not None) == accepted


def test_it_is_seen_once_and_decided_only_after(waiting, rita):
    client, request = waiting
    upload(client, request, PDF)
    row = Paper.objects.get()
    with pytest.raises(Refused) as refused:
        papers.decide(row, by=rita, accepted=True, now=timezone.now())
    assert refused.value.code == "not_seen"
    papers.look(row, by=rita, now=timezone.now())
    with pytest.raises(Refused) as refused:
        papers.look(row, by=approver(), now=timezone.now())
    assert refused.value.code == "seen"


def test_what_nobody_decides_goes_by_itself(waiting, settings, django_capture_on_commit_callbacks):
    client, request = waiting
    upload(client, request, PNG)
    assert papers.expire(timezone.now() + timedelta(days=policy.PAPER_DAYS) - timedelta(minutes=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert papers.expire(timezone.now() + timedelta(days=policy.PAPER_DAYS, seconds=1)) == 1
    assert Paper.objects.get().state == "expired" and Paper.objects.get().key == "" and stored(settings) == []


def test_it_goes_when_the_request_needs_it_no_more(waiting, rita):
    client, request = waiting
    upload(client, request, PNG)
    client.post(f"/my/{request.pk}/withdraw/")
    assert papers.expire(timezone.now()) == 1
    assert Paper.objects.get().key == ""


def test_the_tidying_of_the_folder_leaves_it_alone(waiting, settings):
    client, request = waiting
    upload(client, request, PNG)
    assert delivery.tidy_folder(timezone.now() + timedelta(hours=2)) == 0 and len(stored(settings)) == 1


def test_only_for_rights_that_allow_it_and_only_with_a_reason(client, rita):
    free, need = ask(client, right="opt_out_sale"), ask(Client())
    with pytest.raises(Refused):
        papers.ask(free, by=rita, reason="because", now=timezone.now())
    with pytest.raises(Refused) as refused:
        papers.ask(need, by=rita, reason=" ", now=timezone.now())
    assert refused.value.field == "reason"
    with pytest.raises(Refused) as refused:
        papers.ask(need, by=colleague("nobody"), reason="because", now=timezone.now())
    assert refused.value.code == "not_allowed"
    assert not Letter.objects.filter(kind="paper_wanted").exists()


def test_nobody_sends_what_nobody_asked_for(client):
    request = ask(client)
    client.post("/request/received/code/", {"code": code_of(request)})
    assert upload(client, request, PNG).status_code == 409


ODD = {
    "nothing": b"",
    "text": b"hello",
    "a page": b"<html><script>alert(1)</script>",
    "a drawing that runs": b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
    "a page before a pdf": b"<script>" + PDF,
    "a pdf that runs": PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>"),
    "a pdf that carries files": PDF.replace(b"/Catalog", b"/Catalog/EmbeddedFile 3 0 R"),
    "a locked pdf": PDF.replace(b"trailer<<", b"trailer<</Encrypt 2 0 R"),
    "a pdf that runs, its name in escapes": PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/J#61vaScript/JS(x)>>"),
    "a pdf that hides its objects": PDF.replace(b"/Catalog", b"/ObjStm"),
    "a picture of a billion dots": huge(),
    "a broken picture": PNG.replace(b"IDAT", b"IDAX"),
    "half a photo": JPEG[:200],
    "a program": b"MZ\x90\x00",
    "too large": PDF[:9] + b"%" * 10 * 1024 * 1024 + PDF[9:],
}


@pytest.mark.parametrize("what", ODD)
def test_whatever_is_no_whole_document_is_refused_by_its_content(what):
    with pytest.raises(Refused) as refused:
        papers.document(judging.Given("passport", ODD[what]))
    assert refused.value.field == "file"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_of_a_picture_nothing_but_the_picture_is_kept(kind):
    found, kept = papers.document(judging.Given("passport", picture(kind) + b"<script>alert(1)</script>PK\x03\x04"))
    assert found == kind.lower() and b"script" not in kept and b"PK\x03\x04" not in kept
    with Image.open(io.BytesIO(kept)) as shown:
        assert shown.size == (2, 2)


def test_a_refused_file_is_told_beside_the_field_and_kept_nowhere(waiting, settings):
    client, request = waiting
    response = upload(client, request, b"hello")
    assert response.status_code == 422 and b"as JPEG, PNG or PDF" in response.content
    assert Paper.objects.get().state == "asked" and stored(settings) == []


def test_the_desk_hands_it_out_once_as_a_file_and_not_as_a_page(waiting, client):
    browser, request = waiting
    upload(browser, request, PNG)
    client.force_login(colleague("mia", "view_request", "decide_request"))
    page = client.get(f"/admin/requests_app/request/{request.pk}/change/")
    assert b"Look at the document (once)" in page.content
    given = client.post(f"/admin/requests_app/request/{request.pk}/paper/")
    assert given.content == PNG and given["Content-Disposition"].startswith("attachment")
    assert "no-store" in given["Cache-Control"] and given["X-Content-Type-Options"] == "nosniff"
    assert client.post(f"/admin/requests_app/request/{request.pk}/paper/").status_code == 409
    done = client.post(f"/admin/requests_app/request/{request.pk}/do/accept_paper/", follow=True)
    assert b"Accepted, and destroyed" in done.content
    request.refresh_from_db()
    assert request.proved_at is not None
