"""New request, many at once, agents and who asks: looked at in a real browser."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from requests_app import bulk
from requests_app.askers import Given
from requests_app.models import Agent
from tests.desk.builders import QUEUE, browser, case, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look
from tests.requests_app import builders

__all__ = ("chromium",)


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_what_comes_in_by_hand_can_be_entered_by_everybody(chromium, live_server, company, width, scheme):
    Agent.objects.create(name="Eve", organisation="Agents Ltd", contact="eve@agents.example")
    parent = Given("parent", "Eve", "eve@agents.example", basis="parent")
    agent = Given("agent", "Eve", "eve@agents.example", "Agents Ltd", "permission")
    first, _, request = [builders.ask("access", residence="US-CA", asker=one) for one in (parent, agent, agent)]
    maya = browser(colleague("Privacy officer", "maya"))
    raw = bulk.SAMPLE + "3,access,nonsense,,DE,,,,,,,,,\n"
    upload = maya.post(f"{QUEUE}bulk/", {"file": SimpleUploadedFile("march.csv", raw.encode())}).url
    bulk.process(bulk.unfinished()[0])
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    pages = {
        "new": f"{QUEUE}new/", "bulk": f"{QUEUE}bulk/", "upload": upload, "agents": "/admin/requests_app/agent/",
        "case-parent": case(first), "case-agent": case(request),
    }  # fmt: skip
    for title, path in pages.items():
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    page.goto(live_server.url + pages["new"])
    page.get_by_text("Somebody else asks for the person").click()
    page.get_by_role("button", name="Enter and open the case").click()
    page.get_by_text("Not entered yet").wait_for()
    look(page, "new-errors", width, scheme)
    context.close()
