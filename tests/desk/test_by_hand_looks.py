"""Tasks by hand and referrals in a real browser, from phone to desk, by day and by night (see test_desk_looks)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from audit import actor as actors
from connectors.models import Connection, HandTask
from requests_app import referrals
from requests_app.models import Referral
from tests.connectors.worlds import describe
from tests.desk.builders import browser, case, colleague, fresh, mark, press
from tests.desk.test_by_hand import FIELDS, LIST
from tests.desk.test_desk_looks import LOOKS, chromium, look
from tests.requests_app.builders import ask, client_system, prove, pump

__all__ = ("chromium",)
SWEEPER = actors.worker("tests")


def paper_and_a_client():
    """Ada's erasure: some of her data is on paper, some we only run for Acme, who do not answer."""
    system = describe("paper", "-", {"files": ({}, FIELDS)})
    system.name = "Paper personnel files"
    system.save()
    words = "instructions:\n  find: Cabinet 3 in the people team's room.\n  erase: Shred it in the grey bin.\n"
    Connection.objects.filter(system=system).update(kind="hand", described=words)
    client_system()
    request = ask("delete")
    prove(request)
    pump()
    for _ in range(2):
        referrals.sweep(timezone.now(), actor=SWEEPER)
        pump()
    Referral.objects.update(due_on=timezone.localdate() - timedelta(days=2))
    referrals.sweep(timezone.now(), actor=SWEEPER)
    return fresh(request)


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_task_by_hand_and_a_referral_can_be_used_by_everybody(chromium, live_server, company, width, scheme):
    request = paper_and_a_client()
    maya, paula = browser(colleague("Privacy officer", "maya")), browser(colleague("Privacy officer", "paula"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page, errors = context.new_page(), []
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and "422" not in said.text else None
    )
    task = HandTask.objects.get()
    page.goto(f"{live_server.url}{LIST}{task.pk}/change/")
    look(page, "task-untaken", width, scheme)
    page.get_by_role("button", name="I take it").click()
    page.get_by_role("button", name="Show whom to look for (is recorded)").click()
    look(page, "task-revealed", width, scheme)
    page.get_by_label("What it is").fill("Employment contract of 2019, signed on every page")
    page.get_by_label("File").set_input_files({"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    page.get_by_role("button", name="Put in this item").click()
    page.get_by_text("paper-1.pdf").wait_for()
    look(page, "task-items", width, scheme)
    page.get_by_label("I looked for everything").check()
    page.get_by_role("button", name="Sign off").click()
    page.get_by_text("1 item found.").wait_for()
    look(page, "task-signed", width, scheme)
    page.goto(f"{live_server.url}{case(request)}")
    page.locator("summary", has_text="Record the client's answer").click()
    look(page, "case-referred", width, scheme)
    page.get_by_label("What they said").select_option("took_over")
    page.get_by_role("button", name="Record the client's answer").click()
    page.get_by_text("They take it over").first.wait_for()
    pump()
    shown = mark(request)
    press(maya, request, "propose", fingerprint=shown)
    press(paula, request, "approve", fingerprint=shown)
    pump()
    task = HandTask.objects.get(order__operation="erase")
    page.goto(f"{live_server.url}{LIST}{task.pk}/change/")
    page.get_by_role("button", name="I take it").click()
    page.get_by_role("button", name="Show what it is about (is recorded)").click()
    look(page, "task-erase", width, scheme)
    referral = Referral.objects.get()
    for title, path in {
        "tasks": LIST, "referrals": "/admin/requests_app/referral/",
        "referral": f"/admin/requests_app/referral/{referral.pk}/change/", "home-by-hand": "/admin/",
        "case-waiting": case(request),
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    assert not errors
    context.close()
