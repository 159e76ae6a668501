"""Somebody without e-mail: entered with a postal address, answered on paper, their package on a locked data carrier."""

import io
from pathlib import Path

import pytest
import pyzipper
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused
from requests_app import letters, reminding, workflow
from requests_app.models import Letter, Proof, Request
from subjects.models import DataSubject, Identifier
from tests.desk.builders import browser, case, colleague, press
from tests.desk.test_entering import NEW, entry
from tests.portal.builders import package

POST = "Ada Lovelace\n12 St James's Square\nLondon"


@pytest.fixture
def agnes(db):
    return browser(colleague("Agent"))


def entered(client, **given: str) -> Request:
    typed = {"email": "", "post": POST, "name": "Ada Lovelace", "residence": "GB", "account_id": "C-77"} | given
    response = client.post(NEW, entry(client, **typed))
    assert response.status_code == 302, response.content.decode()
    return Request.objects.latest("received_at")


def test_the_letter_waits_to_be_posted_and_bears_no_link(agnes):
    request = entered(agnes)
    letter = request.letters.get()
    assert (letter.state, letter.identifier.kind) == ("to_post", "post")
    assert "/proof/" not in letter.body and "A colleague gets in touch" in letter.body and "mailbox" not in letter.body
    assert letters.waiting(timezone.now()) == [], "no mail server gets it"
    request.refresh_from_db()
    assert "waits for the post" in request.attention


def test_what_was_posted_is_said_once_and_confirms_the_receipt(agnes):
    request = entered(agnes, residence="US-CA")
    letter = request.letters.get()
    path = f"{case(request)}".replace("change/", f"letter/{letter.pk}/posted/")
    assert agnes.post(path).status_code == 302
    letter.refresh_from_db()
    request.refresh_from_db()
    assert letter.state == "sent" and letter.sent_at is not None and request.attention == ""
    assert request.clocks.filter(kind="acknowledge").exclude(met_at=None).exists()
    assert agnes.post(path).status_code == 422
    assert Event.objects.filter(name="letter.posted").count() == 1


def test_the_address_stands_in_the_window_of_the_envelope(agnes, monkeypatch):
    request, seen = entered(agnes), []
    monkeypatch.setattr("requests_app.pdf._printed", lambda data, own_fonts: seen.append(data) or b"%PDF-1.7")
    agnes.get(f"{case(request)}".replace("change/", f"letter/{request.letters.get().pk}/pdf/"))
    assert seen[0]["recipient"] == POST.splitlines()


def test_two_of_one_household_are_two_people_and_nobody_is_found_by_the_address(agnes):
    first, second = entered(agnes), entered(agnes, name="George Lovelace", account_id="")
    assert first.subject_id != second.subject_id and DataSubject.objects.count() == 2


def test_the_search_goes_by_what_a_colleague_checked_and_by_nothing_else(agnes):
    checked, unchecked = entered(agnes), entered(agnes, account_id="C-78")
    desk = browser(colleague("Reviewer"))
    assert "The customer number is theirs, too" in desk.get(case(checked)).content.decode()
    press(desk, checked, "vouch", method="in_person", checked_account_id="1")
    press(desk, unchecked, "vouch", method="in_person")
    for one, found in ((checked, {"account_id": ["C-77"]}), (unchecked, {})):
        workflow.advance(one.pk)
        one.refresh_from_db()
        assert one.proved_at is not None and one.batch.identities == found


def test_the_package_leaves_only_locked_and_only_by_who_may(agnes):
    request = entered(agnes)
    package(request)
    path = f"{case(request)}".replace("change/", "parcel/take/")
    given = {"password": "correct horse battery", "again": "correct horse battery"}
    assert agnes.post(path, given).status_code == 422
    desk = browser(colleague("Privacy officer"))
    assert desk.post(path).status_code == 422 and desk.post(path, given | {"again": "other"}).status_code == 422
    response = desk.post(path, given)
    assert response.status_code == 200 and "no-store" in response["Cache-Control"]
    pyzipper.AESZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert Event.objects.filter(name="parcel.taken_over", noun_id=str(request.pk)).exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"post": ""}, "an e-mail address or a postal address"),
        ({"post": "London"}, "as on an envelope"),
        ({"channel": "email"}, "name@example.org"),
        (
            {"asked_by": "agent", "asker_name": "Eve", "asker_email": "eve@a.example", "basis": "permission"},
            "own e-mail",
        ),
    ],
)
def test_what_is_missing_is_said(agnes, given, words):
    response = agnes.post(NEW, entry(agnes, **({"email": "", "post": POST, "residence": "GB"} | given)))
    assert response.status_code == 422 and words in response.content.decode()
    assert not Request.objects.exists() and not Identifier.objects.exists()


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "pt-br", "zh-hans", "ar"])
def test_no_letter_on_paper_tells_somebody_to_click(agnes, language):
    request = entered(agnes)
    Request.objects.filter(pk=request.pk).update(language=language)
    request.refresh_from_db()
    for kind in ("acknowledgement", "package_ready"):
        body = letters.preview(request, kind, {"link": ""}).body
        assert "/signin/" not in body.split("\n--")[0] and "/my/" not in body, body


def test_no_link_is_printed_on_paper(agnes):
    request = entered(agnes)
    workflow.advance(request.pk)
    with pytest.raises(Refused, match="no e-mail address"):
        reminding.remind(request, by=colleague("Reviewer"))
    assert request.letters.count() == 1 and not Proof.objects.exists()


def test_a_mistake_in_a_template_would_be_seen():
    for one in Path("templates/letters").rglob("package_ready.txt"):
        assert "by_post" in one.read_text()
    assert Letter.State.TO_POST
