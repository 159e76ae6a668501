"""Each journey with the keyboard alone, in a real browser without JavaScript. Nothing is clicked, and every stop is seen."""

import pytest

from requests_app.models import Request
from requests_app.views import visitor
from tests.e2e.test_looks import browser, company, quick
from tests.portal.builders import ADA, ask, confirm, package, person, token

__all__ = ("browser", "quick")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
MOST_STOPS = 60


class Keys:
    """A person with a keyboard."""

    def __init__(self, browser, root: str, cookies: dict[str, str] | None = None) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
        if cookies:
            self.context.add_cookies([{"name": name, "value": value, "url": root} for name, value in cookies.items()])
        self.page, self.root = self.context.new_page(), root

    def open(self, path: str) -> None:
        self.page.goto(self.root + path)

    def to(self, words: str) -> None:
        """Tab until the thing with these words has the focus; each stop on the way can be seen and is on the page."""
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            name, seen = self.page.evaluate(
                """() => { const one = document.activeElement;
                const name = (one.labels && one.labels.length ? one.labels[0].textContent : one.textContent).trim();
                const boxes = [one, one.closest('.card')].filter(Boolean);
                const box = one.getBoundingClientRect();
                const shown = one === document.body || box.top < innerHeight && box.bottom > 0;
                return [name, one === document.body
                  || shown && boxes.some(other => getComputedStyle(other).outlineStyle != 'none')]; }"""
            )
            assert seen, f"the focus on {name!r} cannot be seen at {self.page.url}"
            if words in name:
                return
        raise AssertionError(f"{words!r} is not reached within {MOST_STOPS} stops at {self.page.url}")

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def press(self, key: str = "Enter") -> None:
        self.page.keyboard.press(key)

    def lands(self, path: str) -> None:
        self.page.wait_for_url(self.root + path)

    def step(self, words: str) -> None:
        """On to the step of the form that shows these words."""
        self.to("Continue")
        self.press()
        self.sees(words)

    def sees(self, words: str) -> None:
        self.page.get_by_text(words).first.wait_for()


@pytest.fixture
def keys(browser, live_server):
    company()
    one = Keys(browser, live_server.url)
    yield one
    one.context.close()


@pytest.fixture
def signed(browser, live_server):
    """Ada's keyboard, signed in, with her first request."""
    company()
    ada, request = person()
    one = Keys(browser, live_server.url, {visitor.cookie_name(): ada.cookies[visitor.cookie_name()].value})
    yield one, ada, request
    one.context.close()


def test_asking_from_the_first_page_to_the_reference_and_the_proof(keys):
    keys.open("/")
    keys.to("Skip to the content")
    keys.press()
    keys.to("Get a copy of my data")
    keys.press()
    keys.lands("/request/?right=access")
    keys.to("E-mail address")
    keys.type(ADA)
    keys.step("Country or state")
    keys.to("Country or state")
    keys.type("Germ")
    keys.step("What would you like?")
    keys.step("Anything that helps us")
    keys.step("Send my request")
    keys.to("Send my request")
    keys.press()
    keys.lands("/request/received/")
    request = Request.objects.get()
    keys.sees(request.reference)
    keys.open(f"/proof/{token(request)}/")
    keys.to("Confirm that it is me")
    keys.press()
    keys.lands(f"/my/{request.pk}/")


def test_a_mistake_leads_to_its_field_and_nothing_typed_is_lost(keys):
    keys.open("/request/?right=delete")
    keys.to("E-mail address")
    keys.type(ADA)
    keys.step("Country or state")
    keys.to("Continue")
    keys.press()
    keys.page.locator("#summary:focus").wait_for()
    keys.to("Country or state")
    keys.press()
    assert keys.page.evaluate("location.hash") == "#id_residence"
    assert keys.page.locator('[name="email"]').get_attribute("value") == ADA
    assert keys.page.evaluate("document.activeElement.id") == "id_residence", "the link leads into the field"
    keys.type("Germ")
    keys.step("What would you like?")
    keys.step("Anything that helps us")
    keys.step("Send my request")
    keys.to("Send my request")
    keys.press()
    keys.lands("/request/received/")


def test_opting_out_from_the_foot_of_the_page(keys):
    keys.open("/notice/")
    keys.to("Do Not Sell or Share My Personal Information")
    keys.press()
    keys.lands("/do-not-sell/")
    keys.to("E-mail address")
    keys.type(ADA)
    keys.to("Country or state")
    keys.type("Calif")
    keys.to("Do not sell or share my data")
    keys.press()
    keys.lands("/request/received/")
    keys.sees("You need not do anything")


def test_signing_in_and_out(keys):
    _, request = person()
    keys.open("/")
    keys.to("My requests")
    keys.press()
    keys.lands("/signin/")
    keys.to("E-mail address")
    keys.type(ADA)
    keys.press()
    keys.lands("/signin/sent/")
    keys.open(f"/proof/{token(request, 'sign_in')}/")
    keys.to("Confirm that it is me")
    keys.press()
    keys.lands("/my/")
    keys.to("Sign out")
    keys.press()
    keys.lands("/")
    keys.sees("You are signed out")


def test_following_a_request_and_withdrawing_it(signed):
    keys, _, request = signed
    keys.open("/my/")
    keys.to("A copy of my data")
    keys.press()
    keys.lands(f"/my/{request.pk}/")
    keys.to("How this day was counted")
    keys.press()
    keys.to("Withdraw this request")
    keys.press()
    keys.lands(f"/my/{request.pk}/withdraw/")
    keys.to("Yes, withdraw it")
    keys.press()
    keys.lands(f"/my/{request.pk}/")
    keys.sees("Your request is withdrawn")
    request.refresh_from_db()
    assert request.outcome == "withdrawn"


def test_fetching_the_package(signed):
    keys, _, request = signed
    package(request)
    keys.open(f"/my/{request.pk}/")
    keys.to("Go to the download")
    keys.press()
    keys.lands(f"/my/{request.pk}/package/")
    keys.to("Get a fresh link")
    keys.press()
    keys.sees("a link is on its way")
    keys.open(f"/proof/{token(request, 'fresh')}/")
    keys.to("Confirm that it is me")
    keys.press()
    keys.lands(f"/my/{request.pk}/package/")
    keys.to("Download my data")
    with keys.page.expect_download() as got:
        keys.press()
    assert got.value.suggested_filename == f"my-data-{request.reference}.zip"


def test_choosing_purpose_by_purpose(signed):
    keys, ada, _ = signed
    confirm(ada, ask(ada, right="delete"))
    keys.open("/my/")
    keys.to("Change what my data may be used for")
    keys.press()
    keys.lands("/choices/")
    keys.to("No")
    keys.press("ArrowUp")
    keys.to("Save my choices")
    keys.press()
    keys.sees("Saved: 1 choice")


def test_reading_what_changed_in_the_notice_and_leaving_for_another_site(keys):
    keys.open("/notice/")
    keys.to("What changed since version 2")
    keys.press()
    keys.lands("/notice/2..3/")
    keys.to("passage")
    keys.press()
    keys.open("/notice/")
    keys.to("the authority")
    keys.press()
    keys.page.wait_for_url("**/leaving/*/")
    keys.to("Stay here")
    keys.press()
    keys.lands("/notice/")
