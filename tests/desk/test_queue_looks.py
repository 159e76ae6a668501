"""Home and queue in a real browser: shortcuts, live numbers, doing something to many; by day and night, wide and on a phone."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from audit.models import SweepRun
from requests_app import figures
from requests_app.models import Request, SavedView
from tests.desk import builders
from tests.desk.builders import QUEUE, browser, colleague
from tests.desk.test_desk_looks import chromium, look  # noqa: F401
from tests.requests_app.builders import ask

pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = [(1280, "light"), (1024, "dark"), (390, "light"), (390, "dark")]


def desk(chromium, live_server, width: int = 1280, scheme: str = "light"):  # noqa: F811
    """A privacy officer's window."""
    cache.clear()
    maya = browser(colleague("Privacy officer", "maya"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page, errors


def history() -> None:
    """A quarter with requests of three rights, some answered late, and days that were counted."""
    now = timezone.now()
    for number in range(36):
        right = ("access", "delete", "correct")[number % 3]
        one = ask("access" if right == "correct" else right, email=f"p{number}@example.org", name=f"Person {number}")
        came = now - timedelta(days=2 + number * 2.4)
        Request.objects.filter(pk=one.pk).update(received_at=came, due_at=came + timedelta(days=30))
        if number % 6:
            gone = came + timedelta(days=3 + number % 9 * 5)
            Request.objects.filter(pk=one.pk).update(
                state="closed", outcome="withdrawn", closed_at=min(gone, now), attention=""
            )
            one.clocks.update(met_at=min(gone, now), due_at=came + timedelta(days=30))
    figures.sweep(now)
    SweepRun.objects.create(job="requests.sweep", slot=1, started_at=now)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_home_queue_and_preview_can_be_used_by_everybody(chromium, live_server, company, width, scheme):  # noqa: F811
    history()
    builders.in_review("delete", email="eve@example.org", name="Eve")
    page, errors = desk(chromium, live_server, width, scheme)
    SavedView.objects.create(owner_id=colleague_id(), name="German erasures", filters={"region": "DE"})
    page.goto(f"{live_server.url}/admin/")
    assert page.locator("svg.po-draw").count() == 4
    look(page, "trends", width, scheme)
    page.locator(".po-as-table summary").first.click()
    assert page.locator(".po-as-table table").first.is_visible()
    page.goto(f"{live_server.url}{QUEUE}")
    page.wait_for_function("document.querySelector('[data-count=overdue]').textContent !== ''")
    look(page, "queue-views", width, scheme)
    page.goto(f"{live_server.url}{QUEUE}?region=DE&due=overdue")
    page.locator(".po-keep summary").click()
    look(page, "queue-keep", width, scheme)
    page.goto(f"{live_server.url}{QUEUE}?waits=open")
    for box in page.locator("input.action-select").all()[:4]:
        box.check()
    page.locator("select[name=action]").select_option("propose")
    look(page, "queue-chosen", width, scheme)
    page.locator("#changelist-actions button[type=submit]").click()
    page.get_by_role("heading", name="Propose to carry out").first.wait_for()
    look(page, "together", width, scheme)
    assert not errors


def colleague_id() -> int:
    return User.objects.get(username="maya").pk


def test_the_queue_is_worked_by_keyboard(chromium, live_server, company):  # noqa: F811
    rows = [ask("access", email=f"p{number}@example.org") for number in range(3)]
    page, errors = desk(chromium, live_server)
    page.goto(f"{live_server.url}{QUEUE}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.textContent")
    assert second in {one.reference for one in rows}
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") != second
    page.keyboard.press("x")
    assert page.locator("input.action-select:checked").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    page.goto(f"{live_server.url}{QUEUE}")
    page.keyboard.press("?")
    page.locator("#po-keys").wait_for(state="visible")
    look(page, "keys", 1280, "light")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**due=overdue")
    assert not errors


def test_letters_in_a_field_are_letters(chromium, live_server, company):  # noqa: F811
    ask("access")
    page, errors = desk(chromium, live_server)
    page.goto(f"{live_server.url}{QUEUE}")
    page.keyboard.press("/")
    page.keyboard.type("g o ? x j n")
    assert page.locator("#searchbar").input_value() == "g o ? x j n"
    assert not page.locator("#po-keys").is_visible() and page.url.endswith(QUEUE)
    assert not errors


def test_shortcuts_can_be_switched_off(chromium, live_server, company):  # noqa: F811
    ask("access")
    page, _ = desk(chromium, live_server)
    page.goto(f"{live_server.url}{QUEUE}")
    page.locator("[data-keys-help]").click()
    page.locator("#po-keys [name=off]").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('a.po-ref')") is False
    page.reload()
    page.keyboard.press("?")
    assert page.locator("#po-keys [name=off]").is_checked()


def test_numbers_change_by_themselves_while_the_page_is_seen(chromium, live_server, company):  # noqa: F811
    one = ask("access")
    page, errors = desk(chromium, live_server)
    page.clock.install()
    asked = []
    page.on("request", lambda sent: asked.append(sent.url) if "/counts/" in sent.url else None)
    page.goto(f"{live_server.url}/admin/")
    number = page.locator("[data-count=overdue]")
    assert number.text_content() == "0" and not asked
    Request.objects.filter(pk=one.pk).update(due_at=builders.yesterday())
    page.clock.fast_forward(31_000)
    page.wait_for_function("document.querySelector('[data-count=overdue]').textContent === '1'")
    assert "po-late" in page.locator("a.po-card", has=number).get_attribute("class")
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    before = len(asked)
    page.clock.fast_forward(120_000)
    assert len(asked) == before, "a page that nobody sees asks nothing"
    assert not errors
