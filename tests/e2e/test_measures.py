"""What is promised of every public page, measured in a real browser and on the wire."""

import re
from urllib.parse import urljoin, urlsplit
from urllib.request import Request as Ask
from urllib.request import urlopen

import pytest
from django.utils import timezone

from consent.models import NoticeVersion
from requests_app import appearance
from requests_app.models import Appearance, AppearanceText, Request
from requests_app.views import visitor
from tests.e2e.test_looks import ARGS, CHROMIUM, NOTICE, ada_with_everything, browser, company, quick
from tests.portal.builders import ADA
from tests.portal.test_look import png

__all__ = ("browser", "quick")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
HEAVIEST = 60_000
SMALLEST = 24
ATTRIBUTES = re.compile(
    r'<(?:link|img|script|iframe|source|video|audio|object|embed)\b[^>]*?\b(?:src|href|data)="([^"]+)"'
)
TARGETS = """[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(one => one.checkVisibility() && !one.closest('.away, .skip') && one.className != 'skip')
  .filter(one => !(one.tagName == 'A' && ['P', 'LI', 'DD', 'SPAN'].includes(one.parentElement.tagName)
      && one.parentElement.textContent.trim() != one.textContent.trim()))
  .map(one => [one.outerHTML.slice(0, 90),
      (one.closest('label.choice') || one.closest('h2, h3') && one.closest('.card') || one).getBoundingClientRect()])
  .filter(([html, box]) => box.width && Math.min(box.width, box.height) < %d).map(([html, box]) => [html, box.height])"""
UNSEEN_FOCUS = """() => { const one = document.activeElement;
  if (!one || one === document.body) return null;
  const boxes = [one, one.closest('.card'), one.closest('.choice')].filter(Boolean);
  return boxes.some(box => { const style = getComputedStyle(box);
    return style.outlineStyle != 'none' && parseFloat(style.outlineWidth) >= 2; }) ? '' : one.outerHTML.slice(0, 120); }"""


@pytest.fixture
def pages():
    """Every page by name, with a look of the company's own; and Ada's cookies."""
    company()
    row = Appearance.objects.create(name="Nordwind", colour="#7a1f5c", logo=png(), logo_digest="ab" * 32)
    AppearanceText.objects.create(appearance=row, language="en", footer="Words at the foot.", contact="Call us.")
    appearance.forget()
    ada, paths = ada_with_everything()
    cookies = {name: ada.cookies[name].value for name in (visitor.cookie_name(), "receipt")}
    return paths, cookies


def fetch(url: str, cookies: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The bytes on the wire, as a browser asks for them."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    asked = Ask(url, headers={"Accept-Encoding": "gzip, br", "Cookie": cookie, "Accept-Language": "en"})
    try:
        with urlopen(asked) as answer:
            return answer.read(), dict(answer.headers)
    except OSError as error:  # 404 and 410 are pages too
        return error.read(), dict(error.headers)  # type: ignore[attr-defined]


def test_every_page_is_light_alone_and_strict(live_server, pages):
    paths, cookies = pages
    weights = {}
    for name, path in paths.items():
        body, headers = fetch(live_server.url + path, cookies)
        html = body.decode()
        urls = {
            urljoin(live_server.url + path, found)
            for found in ATTRIBUTES.findall(html)
            if not found.startswith("data:")
            and "lang=" not in found  # the page in other languages: no browser loads it
        }
        ours = [url for url in urls if 'rel="canonical"' not in html or "/notice" not in urlsplit(url).path]
        assert all(url.startswith(live_server.url) for url in ours), (name, urls)
        assert not re.findall(r"url\(|@import|<style| style=| on[a-z]+=\"", html), name
        weights[name] = len(body) + sum(len(fetch(url, cookies)[0]) for url in ours)
        assert weights[name] < HEAVIEST, (name, weights[name])
        policy = headers["Content-Security-Policy"]
        for part in (
            "default-src 'self'",
            "script-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ):
            assert part in policy, name
        assert "unsafe" not in policy and "*" not in policy, name
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert (
            headers["Referrer-Policy"] in ("same-origin", "strict-origin")
            and "camera=()" in headers["Permissions-Policy"]
        )
        assert "Sec-GPC" in headers["Vary"] and headers["X-Frame-Options"] == "DENY", name
    print(f"heaviest: {max(weights, key=weights.get)} {max(weights.values())} bytes")


def test_targets_are_large_focus_is_seen_and_right_to_left_fits(browser, live_server, pages):
    paths, cookies = pages
    context = browser.new_context(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page = context.new_page()
    for name, path in paths.items():
        page.goto(live_server.url + path)
        assert not page.evaluate(TARGETS % SMALLEST), (name, page.evaluate(TARGETS % SMALLEST))
        for _ in range(12):
            page.keyboard.press("Tab")
            assert not page.evaluate(UNSEEN_FOCUS), (name, page.evaluate(UNSEEN_FOCUS))
        moving = "[...document.querySelectorAll('*')].filter(one => parseFloat(getComputedStyle(one).transitionDuration) > 0)"
        assert page.evaluate(f"{moving}.length") == 0, f"{name} moves though less motion was asked for"
        page.evaluate("document.documentElement.dir = 'rtl'; document.documentElement.lang = 'ar'")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} from right to left scrolls sideways by {wide} px"
    context.close()


def test_the_stylesheet_knows_no_left_and_no_right():
    css = re.sub(r"/\*.*?\*/", "", (visitor.settings.BASE_DIR / "static" / "portal.css").read_text(), flags=re.DOTALL)
    physical = re.findall(
        r"[\s;{](?:margin|padding|border|inset)?-?(?:left|right)\s*:|(?:text-align|float):\s*(?:left|right)", css
    )
    assert not physical, physical
    assert not re.findall(r"url\(|@import", css), "the stylesheet fetches nothing"


def test_forced_colours_keep_shapes_and_print_leaves_the_furniture_out(browser, live_server):
    company()
    page = browser.new_context(forced_colors="active").new_page()
    page.goto(f"{live_server.url}/request/")
    assert page.evaluate("getComputedStyle(document.querySelector('main .button')).borderStyle") == "solid"
    page.goto(f"{live_server.url}/notice/")
    page.emulate_media(media="print", forced_colors="none")
    for gone in (".top", ".foot", ".toc", ".unprinted"):
        assert not page.locator(gone).first.is_visible(), f"{gone} is printed"
    assert page.locator(".prose").is_visible() and page.locator(".digest").is_visible()
    page.context.close()


def test_the_form_works_inside_another_companys_page_without_any_cookie(browser, live_server):
    company()
    host = "http://shop.example"
    Appearance.objects.create(embed_origins=host)
    appearance.forget()
    # No cookies of third parties, as browsers have it today; and a public page may frame one of this machine, for the test.
    strict = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=[*ARGS, "--test-third-party-cookie-phaseout", "--disable-features=LocalNetworkAccessChecks"],
    )
    context = strict.new_context()
    frame = (
        f'<h1>Shop</h1><iframe src="{live_server.url}/embed/request/" width="100%" height="1500" title="Ask"></iframe>'
    )
    context.route(f"{host}/*", lambda route: route.fulfill(body=frame, content_type="text/html"))
    page = context.new_page()
    page.goto(f"{host}/")
    inner = page.frame_locator("iframe")
    inner.get_by_label("E-mail address").fill(ADA)
    inner.get_by_role("button", name="Continue").click()
    inner.get_by_label("Country or state").select_option("DE")
    inner.get_by_role("button", name="Continue").click()
    inner.get_by_role("radio", name="A copy of my data").check()
    inner.get_by_role("button", name="Continue").click()
    inner.get_by_label("Anything that helps us").wait_for()
    inner.get_by_role("button", name="Continue").click()
    inner.get_by_role("button", name="Send my request").click()
    inner.locator(".reference").wait_for()
    assert inner.locator(".reference").inner_text() == Request.objects.get().reference
    assert context.cookies() == [], "not one cookie was set"
    with context.expect_page() as opened:
        inner.get_by_role("link", name="privacy centre of").click()
    assert opened.value.url.rstrip("/") == live_server.url, "links leave the frame"
    for path in ("/request/", "/signin/", "/"):
        context.route(
            f"{host}/no",
            lambda route, path=path: route.fulfill(
                body=f'<iframe src="{live_server.url}{path}"></iframe>', content_type="text/html"
            ),
        )
        page.goto(f"{host}/no")
        assert not page.frame_locator("iframe").locator("main").count(), f"{path} let itself be framed"
        context.unroute(f"{host}/no")
    strict.close()


def test_a_browsers_own_signal_is_seen_on_every_page_errors_too(browser, live_server, pages):
    paths, cookies = pages
    context = browser.new_context(extra_http_headers={"Sec-GPC": "1"})
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page = context.new_page()
    for name, path in paths.items():
        page.goto(live_server.url + path)
        assert page.get_by_text("opt-out signal is on").first.is_visible(), name
    context.close()


def test_a_long_notice_is_still_light(live_server):
    company()
    long = NOTICE + "\n\n".join(f"## Part {n}\n\n" + "Words that explain a thing in full. " * 12 for n in range(60))
    now = timezone.now()
    NoticeVersion.objects.create(
        number=9, title="Privacy notice", body=long, digest="9" * 64, effective_on=now.date(), published_at=now
    )
    body, _ = fetch(f"{live_server.url}/notice/", {})
    assert len(body) < HEAVIEST
