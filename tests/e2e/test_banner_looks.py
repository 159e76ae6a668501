"""The banner in a real browser, on a page of another origin under a strict policy: nothing runs before it may.

Three servers: the privacy centre (live_server), the company's site, and a tracker that counts who called it.
SCREENSHOTS=folder keeps pictures.
"""

import os
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import OperationalError
from django.utils import timezone

from audit import actor as actors
from consent.models import Choice, Cookie, NoticeVersion, SeenCookie, Site
from inventory import phrases
from inventory.models import Purpose
from tests.consent.builders import go_live
from tests.house.tree import ROOT

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
playwright = pytest.importorskip("playwright.sync_api")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Chromium's own implementation of the signal: header, and navigator.globalPrivacyControl.
GPC = "--enable-features=GlobalPrivacyControlForce"
PAGE = (ROOT / "docs" / "samples" / "banner-page.html").read_text()
STYLE = """body{font-family:sans-serif;margin:2rem}
@media(prefers-color-scheme:dark){html{color-scheme:dark;background:#111;color:#eee}a{color:#9cf}}"""
SCRIPT = """
document.cookie = "sid=1"; document.cookie = "_ga_AB12CD34EF=2"; document.cookie = "mystery=3";
document.getElementById("choices").addEventListener("click", () => window.privacyChoices.open());
"""


class Server:
    """A little web server of a test: what it serves, and what it was asked for."""

    def __init__(self, files: dict[str, tuple[str, str]], policy: str = "") -> None:
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                kind, text = files.get(self.path.partition("?")[0], ("text/plain", ""))
                self.send_response(200)
                self.send_header("Content-Type", kind)
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Shop:
    """The company's site, the tracker, and a browser that visits."""

    def __init__(self, portal: str, tracker: Server, browser) -> None:
        self.portal, self.tracker, self.browser, self.servers = portal, tracker, browser, []

    def at(self, region: str, language: str = "en", more: str = "") -> str:
        text = PAGE.replace("PORTAL", self.portal).replace("TRACKER", self.tracker.url).replace("SITE", "shop")
        text = (
            text.replace("REGION", region)
            .replace('<html lang="en"', f'<html lang="{language}"')
            .replace("</main>", more + "</main>")
        )
        # As strict as a careful company's: no inline, no eval, the portal alone beside itself and its tracker.
        policy = (
            f"default-src 'none'; script-src 'self' {self.portal} {self.tracker.url}; connect-src {self.portal};"
            f" style-src 'self'; img-src {self.tracker.url}; base-uri 'none'"
        )
        files = {"/": ("text/html", text), "/page.css": ("text/css", STYLE), "/page.js": ("text/javascript", SCRIPT)}
        server = Server(files, policy)
        self.servers.append(server)
        Site.objects.update(origins="\n".join(one.url for one in self.servers))
        return server.url

    def visit(self, url: str, **options):
        """A new visitor on the page; what went wrong in the browser is kept."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        page = context.new_page()
        page.trouble = []
        page.on("pageerror", lambda one: page.trouble.append(str(one)))
        page.on("console", lambda one: page.trouble.append(one.text) if one.type == "error" else None)
        page.goto(url)
        page.locator("privacy-banner").wait_for(state="attached")
        return page


def launch(engine, *more: str):
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is missing; to run this test: apt-get install chromium")
    return engine.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *more])


@pytest.fixture(scope="module")
def browsers():
    with playwright.sync_playwright() as engine:
        both = {"plain": launch(engine), "gpc": launch(engine, GPC)}
        yield both
        for one in both.values():
            one.close()


@pytest.fixture(autouse=True)
def company(settings):
    """A notice, four purposes, a site that asks about them and a register of cookies."""
    settings.WHITENOISE_USE_FINDERS = True
    NoticeVersion.objects.create(number=1, title="Notice", body="Words.", digest="a" * 64, effective_on=timezone.now().date(),
                                 published_at=timezone.now())  # fmt: skip
    rows = (
        ("service", "Running the shop", "Your basket, and that you stay signed in.", "contract", True, False, ""),
        ("stats", "Statistics", "We count which pages are read, to make them better.", "consent", False, False,
         "We know less about what you need."),
        ("ads", "Advertising by partners", "We tell advertising networks what you looked at.", "legitimate_interests", False,
         True, "Advertisements fit you less."),
    )  # fmt: skip
    site = Site.objects.create(key="shop", name="www.shop.example", origins="https://www.shop.example")
    for key, name, about, basis, required, sale, consequence in rows:
        site.purposes.add(Purpose.objects.create(key=key, name=name, description=about, lawful_basis=basis, required=required,
                                                 sale_or_sharing=sale, consequence=consequence))  # fmt: skip
    stats = Purpose.objects.get(key="stats")
    Cookie.objects.create(site=site, name="_ga_*", provider="Looking Glass", purpose=stats, days=365)
    Cookie.objects.create(site=site, name="sid", provider="The shop", purpose=Purpose.objects.get(key="service"))
    go_live()
    pairs = [(text, words) for one in Purpose.objects.all()
             for text, words in ((one.name, "إحصاءات"), (one.description, "نعدّ الصفحات التي تُقرأ."))]  # fmt: skip
    phrases.save("ar", pairs, actor=actors.worker("test"))


@pytest.fixture
def tracker():
    server = Server(
        {"/stats.js": ("text/javascript", "window.stats = 1;"), "/ads.js": ("text/javascript", "window.ads = 1;")}
    )
    yield server
    server.close()


@pytest.fixture
def shop(browsers, live_server, tracker):
    assert finders.find("consent/banner.js")
    made = Shop(live_server.url, tracker, browsers["plain"])
    yield made
    for one in made.servers:
        one.close()


@pytest.fixture
def signalling(shop, browsers):
    """The same shop, visited with a browser that signals."""
    shop.browser = browsers["gpc"]
    return shop


def soon(found, seconds: float = 5.0):
    """What `found` gives once it gives something."""
    end, said = time.monotonic() + seconds, None
    while not said and time.monotonic() < end:
        with suppress(OperationalError):  # SQLite in memory: the server writes just now
            said = found()
        time.sleep(0.05)
    return said


def chose() -> dict[str, bool]:
    return {one.purpose.key: one.granted for one in Choice.objects.select_related("purpose").order_by("recorded_at")}


def picture(page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/banner-{name}.png")


def quiet(page) -> None:
    """Time for whatever would run on its own to have run."""
    page.wait_for_timeout(700)


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
