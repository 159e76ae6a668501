"""Ada from Virginia was refused, appealed on her page, and somebody else found that she was right (Va. Code 59.1-577(C))."""

import re

from django.test import Client

from requests_app import laws
from requests_app.models import Request
from requests_app.views import visitor
from tests.desk.builders import browser, case, colleague, press
from tests.requests_app.builders import ask, mails_to, prove, pump


def test_ada_appeals_somebody_else_decides_and_her_case_opens_again(company):
    maya, olga = (browser(colleague("Privacy officer", name)) for name in ("maya", "olga"))
    request, ada = ask(residence="US-VA"), Client()
    ada.cookies[visitor.cookie_name()] = prove(request).cookie
    pump()
    assert "You do not agree?" not in ada.get(f"/my/{request.pk}/").content.decode()
    request.refresh_from_db()
    press(maya, request, "deny", ground=laws.grounds(request)[0].code, note="We do not think so.")
    pump()
    assert "You can appeal to us" in mails_to("ada@example.org")[-1].body

    assert "You do not agree?" in ada.get(f"/my/{request.pk}/").content.decode()
    assert ada.post(f"/my/{request.pk}/appeal/", {"words": ""}).status_code == 422
    assert ada.post(f"/my/{request.pk}/appeal/", {"words": "You forgot my second account."}).status_code == 303
    pump()
    appeal = Request.objects.get(follows=request)
    page = ada.get(f"/my/{request.pk}/").content.decode()
    assert appeal.reference in page and "You do not agree?" not in page
    about = ada.get(f"/my/{appeal.pk}/").content.decode()
    assert request.reference in about and "You forgot my second account." in about

    # Maya refused it, so it is not hers to decide, with the button or without.
    assert buttons(maya, appeal).isdisjoint({"grant", "refuse", "deny", "propose"})
    assert press(maya, appeal, "grant", note="I was right after all.").status_code == 422
    for name in ("deny", "propose", "approve", "collect_again"):
        assert press(maya, appeal, name, ground="other", note="By the back door.").status_code == 422, name
    assert {"grant", "refuse"} <= buttons(olga, appeal)
    assert press(olga, appeal, "grant", note="There is a second account.").status_code == 302
    pump()
    appeal.refresh_from_db()
    request.refresh_from_db()
    assert (appeal.state, appeal.outcome) == ("closed", "fulfilled")
    assert (request.state, request.outcome) == ("in_review", "")
    assert any("There is a second account." in one.body for one in mails_to("ada@example.org"))
    assert "We will answer by" in ada.get(f"/my/{request.pk}/").content.decode()


def test_a_british_complaint_is_made_on_her_page_and_answered_by_a_colleague(company):
    maya = browser(colleague("Privacy officer", "maya"))
    request, ada = ask(residence="GB"), Client()
    ada.cookies[visitor.cookie_name()] = prove(request).cookie
    pump()
    assert "Complain to us" in ada.get(f"/my/{request.pk}/").content.decode()
    assert ada.post(f"/my/{request.pk}/complain/", {"words": "Nobody called me back."}).status_code == 303
    pump()
    complaint = Request.objects.get(follows=request)
    assert complaint.clocks.get(kind="acknowledge").met_at is not None
    assert {"reply"} <= buttons(maya, complaint)
    assert press(maya, complaint, "reply", note="We are sorry, and have called.").status_code == 302
    pump()
    assert "We are sorry, and have called." in mails_to("ada@example.org")[-1].body
    assert "Nothing is searched" in maya.get(case(complaint)).content.decode()


def test_nobody_appeals_for_somebody_else(company):
    ada, mallory = Client(), Client()
    request = ask(residence="US-VA")
    ada.cookies[visitor.cookie_name()] = prove(request).cookie
    other = ask(residence="US-VA", email="mallory@example.net")
    mallory.cookies[visitor.cookie_name()] = prove(other).cookie
    for verb in ("answer", "appeal", "complain"):
        assert mallory.post(f"/my/{request.pk}/{verb}/", {"words": "Mine."}).status_code == 404
        assert ada.get(f"/my/{request.pk}/{verb}/").status_code == 405


def buttons(client: Client, request: Request) -> set[str]:
    """The buttons of the case page."""
    return set(re.findall(r"/do/([a-z_]+)/", client.get(case(request)).content.decode()))
