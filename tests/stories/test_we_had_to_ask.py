"""Ada's request was not clear. We asked, the British clock stood still, she answered on her page, and the new day was told."""

from datetime import UTC, datetime

import time_machine
from django.test import Client

from requests_app import proof
from requests_app.models import Request
from requests_app.views import visitor
from tests.desk.builders import browser, case, colleague, press
from tests.requests_app.builders import ask, link_in, mails_to, prove, pump


def test_ada_is_asked_answers_on_her_page_and_hears_the_new_day(company):
    officer = colleague("Privacy officer", "maya")
    maya = browser(officer)
    with time_machine.travel(datetime(2026, 9, 1, 10, tzinfo=UTC), tick=True) as clock:
        request, ada = ask(residence="GB"), Client()
        ada.cookies[visitor.cookie_name()] = prove(request).cookie
        pump()
        page = ada.get(f"/my/{request.pk}/").content.decode()
        assert "1 October 2026" in page and "Your answer" not in page

        clock.move_to(datetime(2026, 9, 4, 10, tzinfo=UTC))
        press(maya, request, "ask", reason="clarification", question="Which years do you mean?")
        pump()
        assert "Which years do you mean?" in mails_to("ada@example.org")[-1].body
        assert "stands still" in maya.get(case(request)).content.decode()

        clock.move_to(datetime(2026, 9, 10, 10, tzinfo=UTC))
        sign_in(ada)
        page = ada.get(f"/my/{request.pk}/").content.decode()
        assert "Which years do you mean?" in page and "Your answer" in page
        empty = ada.post(f"/my/{request.pk}/answer/", {"words": " "})
        assert empty.status_code == 422 and b"Write your answer." in empty.content
        assert ada.post(f"/my/{request.pk}/answer/", {"words": "All of them, please."}).status_code == 303
        pump()
        page = ada.get(f"/my/{request.pk}/").content.decode()
        assert "8 October 2026" in page and "Your answer" not in page
        assert "8 October 2026" in mails_to("ada@example.org")[-1].body

        # A stranger's browser, and Ada's own when nothing is asked, change nothing.
        assert Client().post(f"/my/{request.pk}/answer/", {"words": "Me too."}).status_code in (302, 303)
        assert ada.post(f"/my/{request.pk}/answer/", {"words": "And one more."}).status_code == 422
        desk = browser(officer).get(case(request)).content.decode()  # another day, another session
        assert "All of them" not in desk, "her words are shown to who reveals them"
        assert "8 October 2026" in desk and "7 days of waiting" in desk
    assert Request.objects.get(pk=request.pk).waiting_since is None


def sign_in(ada: Client) -> None:
    """Her session of last week is over; she has a new link mailed and presses its button."""
    proof.sign_in("ada@example.org", now=datetime.now(UTC))
    pump()
    assert ada.post(f"/proof/{link_in(mails_to('ada@example.org')[-1].body)}/").status_code == 303
