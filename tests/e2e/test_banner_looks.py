"""The banner in a real browser, on a page of another origin under a strict policy: nothing runs before it may.

Three servers: the privacy centre (live_server), the company's site, and a tracker that counts who called it.
SCREENSHOTS=folder keeps pictures.
"""

import os

import pytest

from consent.models import Choice, SeenCookie
from inventory.models import Purpose
from tests.e2e.banner_shop import chose, picture, quiet, soon

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytest.importorskip("playwright.sync_api")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def test_in_the_eu_nothing_runs_before_a_yes_and_then_it_does(shop) -> None:
    page = shop.visit(shop.at("DE"))
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    quiet(page)
    assert shop.tracker.asked == [], "nothing was loaded before consent"
    assert page.evaluate("Object.keys(localStorage).length") == 0, "and nothing stored"
    page.get_by_role("button", name="Accept all").click()
    assert soon(lambda: {"/stats.js", "/ads.js", "/pixel.png"} <= set(shop.tracker.asked))
    assert soon(lambda: chose() == {"stats": True, "ads": True})
    assert page.evaluate("[window.stats, window.ads]") == [1, 1]
    page.reload()
    quiet(page)
    assert dialog.count() == 0, "nobody is asked twice"
    assert not page.trouble
    page.context.close()


def test_refusing_is_one_click_too_and_nothing_ever_runs(shop) -> None:
    page = shop.visit(shop.at("DE"))
    page.get_by_role("button", name="Refuse all").click()
    assert soon(lambda: chose() == {"stats": False, "ads": False})
    page.reload()
    quiet(page)
    assert shop.tracker.asked == [] and page.get_by_role("dialog").count() == 0 and not page.trouble
    page.context.close()


def test_accept_and_refuse_weigh_the_same(shop) -> None:
    for width in (360, 1280):
        page = shop.visit(shop.at("DE"), viewport={"width": width, "height": 800})
        both = [page.get_by_role("button", name=name) for name in ("Refuse all", "Accept all")]
        sizes = [one.bounding_box() for one in both]
        assert abs(sizes[0]["width"] - sizes[1]["width"]) < 1.5 and sizes[0]["height"] == sizes[1]["height"]
        names = "color backgroundColor fontSize fontWeight borderColor"
        style = f"(one) => '{names}'.split(' ').map((name) => getComputedStyle(one)[name])"
        assert both[0].evaluate(style) == both[1].evaluate(style)
        page.context.close()


def test_one_by_one_by_keyboard_alone(shop) -> None:
    page = shop.visit(shop.at("DE"))
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Tab")
    for _ in range(8):
        if "Choose one by one" in page.evaluate("document.activeElement.shadowRoot?.activeElement?.textContent || ''"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_role("radio", name="No").first.is_checked(), "nothing is ticked beforehand"
    page.keyboard.press("ArrowUp")  # the first purpose: advertising, to Yes and back
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Save my choices").press("Enter")
    assert soon(lambda: chose() == {"ads": False, "stats": True})
    assert soon(lambda: "/stats.js" in shop.tracker.asked) and "/ads.js" not in shop.tracker.asked
    focus = page.evaluate("document.activeElement.shadowRoot?.activeElement?.textContent")
    assert focus == "Privacy choices", "the focus is where it opens again"
    page.context.close()


def test_reopening_and_withdrawing_is_as_easy(shop) -> None:
    page = shop.visit(shop.at("DE"))
    page.get_by_role("button", name="Accept all").click()
    assert soon(lambda: "/ads.js" in shop.tracker.asked)
    page.locator("#choices").click()
    assert page.get_by_role("dialog").get_by_role("radio", name="Yes").first.is_checked()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "choices", "the focus goes back to where one came from"
    page.locator("#choices").click()
    with page.expect_navigation():  # what runs cannot be stopped, so the page is loaded anew without it
        page.get_by_role("button", name="Refuse all").click()
    page.get_by_text("Your choices hold from now on").wait_for()
    shop.tracker.asked.clear()
    page.reload()
    quiet(page)
    assert shop.tracker.asked == [] and soon(lambda: chose() == {"stats": False, "ads": False})
    acts = set(Choice.objects.filter(granted=False).values_list("act", flat=True))
    assert acts == {"withdrawn", "objected"}
    assert not page.trouble
    page.context.close()


def test_a_no_takes_the_registers_cookies_away(shop) -> None:
    page = shop.visit(shop.at("DE"))
    page.get_by_role("button", name="Accept all").click()
    page.get_by_role("button", name="Privacy choices").first.click()
    page.evaluate("document.cookie = '_ga_AB12CD34EF=2'")
    page.route("**/page.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.get_by_role("button", name="Refuse all").click()
    assert soon(lambda: "_ga_" not in page.evaluate("document.cookie"))
    assert "sid" in page.evaluate("document.cookie"), "what is needed stays"
    page.context.close()


def test_in_california_it_runs_until_a_no(shop) -> None:
    page = shop.visit(shop.at("US-CA"))
    assert soon(lambda: {"/stats.js", "/ads.js"} <= set(shop.tracker.asked))
    with page.expect_navigation():
        page.get_by_role("button", name="Opt out of all").click()
    assert soon(lambda: chose() == {"stats": False, "ads": False})
    shop.tracker.asked.clear()
    page.reload()
    quiet(page)
    assert shop.tracker.asked == [] and page.get_by_role("dialog").count() == 0
    page.context.close()


def test_elsewhere_nobody_is_asked_and_everybody_may_choose(shop) -> None:
    page = shop.visit(shop.at("AU"))
    assert soon(lambda: {"/stats.js", "/ads.js"} <= set(shop.tracker.asked))
    assert page.get_by_role("dialog").count() == 0 and not Choice.objects.exists()
    page.get_by_role("button", name="Privacy choices").first.click()
    page.get_by_role("button", name="Opt out of all").click()
    assert soon(lambda: chose() == {"stats": False, "ads": False})
    page.context.close()


def test_an_answer_that_could_not_be_sent_goes_with_the_next_page(shop) -> None:
    page = shop.visit(shop.at("DE"))
    page.route("**/choices/", lambda route: route.abort())
    page.get_by_role("button", name="Refuse all").click()
    quiet(page)
    assert not Choice.objects.exists()
    page.unroute("**/choices/")
    page.reload()
    assert soon(lambda: chose() == {"stats": False, "ads": False})
    page.context.close()


def test_a_new_question_is_asked_and_an_old_answer_is_not_kept_for_it(shop) -> None:
    page = shop.visit(shop.at("DE"))
    page.get_by_role("button", name="Accept all").click()
    assert soon(lambda: len(chose()) == 2)
    Purpose.objects.filter(key="stats").update(description="Now we also follow you elsewhere.")
    shop.tracker.asked.clear()
    page.context.route(
        "**/shop.json*", lambda route: route.continue_(headers={**route.request.headers, "cache-control": "no-cache"})
    )
    page.reload()
    page.get_by_role("dialog").wait_for()
    quiet(page)
    assert shop.tracker.asked == []
    page.context.close()


def test_names_of_cookies_are_reported_and_never_values(shop) -> None:
    page = shop.visit(shop.at("AU"))
    assert soon(lambda: set(SeenCookie.objects.values_list("name", flat=True)) == {"mystery"})
    page.context.close()


def test_without_the_portal_nothing_runs(shop) -> None:
    url = shop.at("AU")
    context = shop.browser.new_context()
    context.route("**/consent/banner/**", lambda route: route.abort())
    page = context.new_page()
    page.goto(url)
    quiet(page)
    assert shop.tracker.asked == [] and page.get_by_role("heading", name="The shop").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_it_looks_right_and_axe_finds_nothing(shop, width, scheme) -> None:
    """One visitor for each width: the first question, one by one, reopened, from right to left."""
    look = {"viewport": {"width": width, "height": 780}, "color_scheme": scheme}
    page = shop.visit(shop.at("DE"), **look)
    page.get_by_role("dialog").wait_for()
    fine(page, f"first-{width}-{scheme}")
    page.get_by_role("button", name="Choose one by one").click()
    fine(page, f"detail-{width}-{scheme}")
    page.get_by_role("button", name="Refuse all").click()
    fine(page, f"saved-{width}-{scheme}")
    page.locator("#choices").click()
    fine(page, f"again-{width}-{scheme}")
    page.context.close()
    page = shop.visit(shop.at("US-CA", "ar"), **look)
    page.get_by_role("dialog").wait_for()
    assert page.locator("privacy-banner").get_attribute("dir") == "rtl"
    fine(page, f"arabic-{width}-{scheme}")
    page.context.close()


def fine(page, name: str) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} px"
    picture(page, name)
    found = axe(page)
    assert not found, [(name, one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]
    assert not page.trouble


def axe(page) -> list:
    """What axe finds. It is put in by the driver, which the page's policy does not bind."""
    return axe_playwright.Axe().run(page).response["violations"]
