"""Ada applied through Acme's applicant desk, which we only run for them. We may not answer for Acme, and we do not lose her."""

from django.utils import timezone

from audit import actor as actors
from connectors import batches
from requests_app import referrals
from requests_app.models import Referral, Request
from tests.desk.builders import browser, colleague, press
from tests.portal.builders import confirm
from tests.requests_app.builders import ask, client_system, mails_to, pump


def test_ada_is_passed_on_to_acme_and_reads_what_became_of_it(company, rita, paul, client):
    client_system()
    request = ask("access")
    confirm(client, request)
    workers()

    # Acme reads what was asked, by when they answer, and whom to look for. Nothing else of Ada.
    (letter,) = mails_to("dpo@acme.example")
    assert "Acme's applicants" in letter.body and "ada@example.org" in letter.body
    assert "Lovelace" not in letter.body and "Engineer" not in letter.body

    # Acme calls back; the colleague records it on the case.
    desk = browser(colleague("Privacy officer"))
    case = f"/admin/requests_app/request/{request.pk}/"
    page = desk.get(f"{case}change/").content.decode()
    assert "Referred to clients" in page and "Answer expected by" in page
    referral = Referral.objects.get()
    answer = desk.post(f"{case}referral/{referral.pk}/answer/", {"answer": "took_over", "note": "By phone."})
    assert answer.status_code == 302
    assert "They take it over" in desk.get(f"{case}change/").content.decode()
    again = desk.post(f"{case}referral/{referral.pk}/answer/", {"answer": "refused", "note": ""})
    assert again.status_code == 422 and "recorded already" in again.content.decode()

    # Our own part goes on: Ada gets her copy, and the letter says where the rest is answered.
    shown = batches.fingerprint(now(request).batch)
    press(desk, request, "propose", fingerprint=shown)
    workers()
    assert now(request).state == "closed"
    closing = mails_to("ada@example.org")[-1].body
    assert "Acme Ltd (dpo@acme.example): they take your request over and answer you themselves" in closing

    # Her own page says so, too.
    own = client.get(f"/my/{request.pk}/").content.decode()
    assert "Passed on to other companies" in own and "they take your request over" in own
    assert "We passed your request on" in own and "That company answered us" in own


def workers() -> None:
    """Sweeps and workers until everything has come to rest."""
    for _ in range(3):
        referrals.sweep(timezone.now(), actor=actors.worker("tests"))
        pump()


def now(request: Request) -> Request:
    return Request.objects.select_related("batch").get(pk=request.pk)
