"""A flood in a real browser: with JavaScript the page works its number out by itself, without it waiting is enough."""

import os
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command

from requests_app import forms, limits
from requests_app.models import Request

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.wide, pytest.mark.timeout(180)]
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PICTURES = os.environ.get("SCREENSHOTS", "")


@pytest.fixture(autouse=True)
def flooded(settings, monkeypatch, transactional_db):
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is missing; to run this test: apt-get install chromium")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setattr(forms.OptOutForm, "quickest", 0)
    settings.ALLOWED_HOSTS = ["*"]
    settings.FLOOD_WAIT_SECONDS = 3600
    call_command("collectstatic", interactive=False, verbosity=0)
    cache.set(limits.FLOOD, 500, timeout=600)


def visit(browser, base: str, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    page.asked, page.trouble = [], []
    page.on("request", lambda one: page.asked.append(one.url))
    page.on("pageerror", lambda one: page.trouble.append(str(one)))
    page.on(
        "console", lambda one: page.trouble.append(one.text) if one.type == "error" and "429" not in one.text else None
    )
    page.goto(base + "/request/")
    page.fill('input[name="email"]', "ada@example.org")
    onward(page)
    page.select_option('select[name="residence"]', "DE")
    onward(page)
    page.check('input[name="right"][value="access"]')
    onward(page)
    onward(page)
    return page


def onward(page) -> None:
    """To the next step of the form."""
    page.click('button[value="next"]')
    page.wait_for_load_state()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_browser_works_it_out_and_the_form_goes_by_itself(live_server, settings, width, scheme):
    settings.FLOOD_BITS = 19  # so hard that the button is pressed before it is done
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = visit(browser, live_server.url, viewport={"width": width, "height": 900}, color_scheme=scheme)
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/flood-{width}-{scheme}.png", full_page=True)
        page.click('button[value="send"]')
        page.wait_for_url("**/request/received/", timeout=60_000)
        assert not page.trouble
        assert {url.split("/")[2] for url in page.asked} == {live_server.url.split("/")[2]}, "nobody else is asked"
        browser.close()
    assert Request.objects.count() == 1


def test_without_javascript_the_form_comes_back_whole_and_passes_after_the_wait(live_server, settings):
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = visit(browser, live_server.url, java_script_enabled=False, viewport={"width": 1280, "height": 900})
        page.click('button[value="send"]')
        assert "Very many forms" in page.inner_text("#summary")
        assert page.get_attribute('input[name="email"]', "value") == "ada@example.org"
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/flood-held.png", full_page=True)
        settings.FLOOD_WAIT_SECONDS = 0
        page.click('button[value="send"]')
        assert page.url.endswith("/request/received/")
        browser.close()
    assert Request.objects.count() == 1
