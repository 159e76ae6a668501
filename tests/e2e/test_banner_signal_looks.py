"""The banner where the browser itself signals: the sale is off without a question, and the visitor may still say yes."""

import os

import pytest

from consent.models import Choice
from tests.e2e.banner_shop import chose, picture, quiet, soon

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytest.importorskip("playwright.sync_api")
pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def test_chromium_sends_the_signal_itself(signalling) -> None:
    page = signalling.visit(signalling.at("US-CA"))
    assert page.evaluate("navigator.globalPrivacyControl") is True, "this Chromium knows no GlobalPrivacyControlForce"
    page.context.close()


@pytest.mark.parametrize("region", ["US-CA", "AU"])
def test_the_signal_switches_the_sale_off_without_asking_and_says_so(signalling, region) -> None:
    page = signalling.visit(signalling.at(region))
    page.get_by_text("Opt-out request honored").wait_for()
    assert soon(lambda: chose() == {"ads": False})
    quiet(page)
    assert "/ads.js" not in signalling.tracker.asked and "/pixel.png" not in signalling.tracker.asked
    assert "/stats.js" in signalling.tracker.asked, "the signal speaks of sale and sharing alone"
    assert Choice.objects.get().act == "signal"
    page.reload()
    quiet(page)
    assert Choice.objects.count() == 1, "once for each browser"
    picture(page, f"signal-{region}")
    page.context.close()


def test_in_the_eu_the_signal_answers_for_the_sale_and_the_rest_is_asked(signalling) -> None:
    page = signalling.visit(signalling.at("DE"))
    page.get_by_role("dialog").get_by_text("Opt-out request honored").wait_for()
    quiet(page)
    assert signalling.tracker.asked == [] and soon(lambda: chose() == {"ads": False})
    page.context.close()


def test_a_yes_in_the_face_of_the_signal_is_the_visitors_to_give(signalling) -> None:
    page = signalling.visit(signalling.at("US-CA"))
    page.get_by_role("button", name="Leave all on").click()
    assert soon(lambda: chose() == {"ads": False, "stats": True}), "a button for all does not undo the signal"
    page.locator("#choices").click()
    page.locator("fieldset[data-purpose=ads]").get_by_label("Yes").check()
    page.get_by_role("button", name="Save my choices").click()
    assert soon(lambda: chose() == {"ads": True, "stats": True})
    page.reload()
    assert soon(lambda: "/ads.js" in signalling.tracker.asked)
    assert Choice.objects.filter(act="signal").count() == 1
    page.context.close()
