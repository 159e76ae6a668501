"""The steps of the form in a real browser: without script, for axe, from phone to desk, by day and night, by keyboard alone."""

import pytest

from requests_app.models import Asker, Request
from tests.e2e.test_looks import ADA, LOOKS, browser, company, look, playwright, quick

__all__ = ("browser", "quick")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
assert playwright


def fill(page, step: str) -> None:
    """What an agent answers on one page."""
    if step == "who":
        page.get_by_label("For somebody who authorised me").check()
        page.get_by_label("E-mail address").fill(ADA)
    elif step == "place":
        page.get_by_label("Country or state").select_option("US-CA")
        page.get_by_label("How do you know us?").select_option("candidate")
    elif step == "want":
        page.get_by_text("More rights").click()
        page.get_by_label("Correct my data").check()
    else:
        page.get_by_label("Full name").fill("Ada Marie Lovelace")
        page.get_by_label("Name of the person").fill("Ada Lovelace")
        page.get_by_label("Your own name").fill("Eve Agent")
        page.get_by_label("Your own e-mail address").fill("eve@agents.example")
        page.get_by_label("What shows that you may ask?").select_option("permission")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_step_looks_right_and_passes_axe(browser, live_server, width, scheme):
    company()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{live_server.url}/request/")
    for step in ("who", "place", "want", "details"):
        page.get_by_role("button", name="Continue").click()
        look(page, f"ask-{step}-errors", width, scheme)
        fill(page, step)
        look(page, f"ask-{step}", width, scheme)
        page.get_by_role("button", name="Continue").click()
    look(page, "ask-review", width, scheme)
    page.get_by_role("button", name="Send my request").click()
    look(page, "ask-received", width, scheme)
    assert page.locator(".reference").inner_text() == Request.objects.get().reference
    context.close()


def test_an_agent_gets_through_by_keyboard_alone_and_without_script(browser, live_server):
    company()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/request/?right=delete")
    page.locator("[name=asked_by]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type(ADA)
    page.keyboard.press("Enter")
    page.get_by_label("Country or state").focus()
    page.keyboard.type("Germ")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_label("Delete my data").is_checked()
    page.locator("[name=right]:checked").focus()
    page.keyboard.press("Enter")
    for label, words in (("Your own name", "Eve"), ("Your own e-mail address", "eve@agents.example")):
        page.get_by_label(label).focus()
        page.keyboard.type(words)
    page.get_by_label("What shows that you may ask?").focus()
    page.keyboard.type("Signed")
    page.get_by_label("Your own name").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send my request").focus()
    page.keyboard.press("Enter")
    page.locator(".reference").wait_for(timeout=20_000)
    assert Request.objects.get().right == "delete" and Asker.objects.get().basis == "permission"
    context.close()
