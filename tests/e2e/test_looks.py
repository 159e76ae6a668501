"""The public pages in a real browser: no JavaScript needed, nothing for axe, from phone to desk, by day and night.

SCREENSHOTS=folder keeps a picture of each page.
"""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from consent.models import Cookie, NoticeVersion, Site
from disclosures import answering, listing, subscriptions
from disclosures.models import Client as Controller
from disclosures.models import Disclosure, ExternalSite, ListMail, Recipient, StandingDisclosure, Subscriber
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, System
from requests_app import forms, steady, urls
from requests_app.models import Attachment, Message, Request
from requests_app.views import visitor
from tests.consent.builders import go_live
from tests.portal.builders import ADA, ask, package, person, token

# Playwright runs an event loop in this thread; the ORM is used between its calls, never within.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

playwright = pytest.importorskip("playwright.sync_api")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
LOOKS = [(width, scheme) for width in (1280, 768, 360) for scheme in ("light", "dark")]
# Addresses of the portal that are no page to look at: they answer a POST, or they are for programs and browsers.
NO_PAGES = {
    "gpc", "package_schema", "brand_css", "logo", "signout", "answer", "appeal", "complain", "fresh", "download",
    "write", "file", "code", "phone", "paper", "received_code", "received_phone", "received_facts", "signin_code", "host",
    "openid", "openid_back", "stop", "notice_short_json", "notice_seen",
    "openid", "openid_back", "stop", "choices_withdraw", "receipt", "receipts", "receipt_keys", "receipt_shapes", "banner",
    "banner_choices", "banner_standing", "banner_person", "banner_cookies", "cookies",
}  # fmt: skip

NOTICE = """# Privacy notice

We hold **identity**, contact and usage data. Ask us at [our form](/request/).

## How long we keep it

| Category | Kept for |
|---|---|
| Applications | 24 months |
| Server logs | 90 days |

- Orders are kept ten years, for a law says so.

## What you can do

Ask us, or complain to [the authority](https://dpa.example/complain).

## Changes

Older versions stay available.
"""


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is missing; to run this test: apt-get install chromium")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def quick(settings, monkeypatch, tmp_path):
    settings.MAILBOX_DIR, settings.PARCEL_DIR = tmp_path / "mailbox", tmp_path / "parcels"
    settings.DEMO, settings.EMAIL_URL, settings.SUBPROCESSORS_PUBLIC = True, "", True
    monkeypatch.setattr(forms.OptOutForm, "quickest", 0)
    monkeypatch.setattr(steady, "ANSWER_SECONDS", 0)


def company() -> None:
    """Two versions of a notice, a site that it links to, purposes and something that can be corrected."""
    now = timezone.now()
    before = NOTICE.replace("90 days", "180 days").replace("Orders are", "Bills are")
    for number, body in ((2, before), (3, NOTICE)):
        NoticeVersion.objects.create(
            number=number, title="Privacy notice", body=body, digest=f"a{number}" * 32, effective_on=now.date(),
            published_at=now, short="We use this to **answer you**." if number == 3 else "", summary="Logs: 90 days.",
        )  # fmt: skip
    ExternalSite.objects.create(
        name="Data protection authority", address="https://dpa.example/complain", about="Where you can complain about us.",
        policy_address="https://dpa.example/privacy", reviewed_on=now.date(), review_due=now.date(),
    )  # fmt: skip
    Purpose.objects.create(
        key="service", name="Providing the service", description="To run your account and send your applications.",
        lawful_basis="contract", required=True, consequence="We cannot offer you an account.",
    )  # fmt: skip
    Purpose.objects.create(
        key="news", name="Job newsletter", description="We send you new jobs by e-mail each week.", lawful_basis="consent",
        consequence="You look for jobs yourself.",
    )  # fmt: skip
    Purpose.objects.create(
        key="ads", name="Advertising by partners", description="We share your profile with advertising networks.",
        lawful_basis="legitimate_interests", sale_or_sharing=True, consequence="Advertisements fit you less.",
    )  # fmt: skip
    go_live()
    shop = Site.objects.create(key="shop", name="www.shop.example", origins="https://www.shop.example")
    for name, purpose, days, party in (("sid", "service", 0, "first"), ("_ads_*", "ads", 365, "third")):
        used = Purpose.objects.get(key=purpose)
        Cookie.objects.create(site=shop, name=name, provider="Shop & Sons", purpose=used, days=days, party=party)
    dataset = Dataset.objects.create(system=System.objects.create(key="site", name="Site"), key="site", name="Site")
    people = Collection.objects.create(dataset=dataset, name="people", title="Your account")
    for attribute in ("full_name", "phone"):
        Field.objects.create(collection=people, name=attribute, attribute=attribute)


def letter() -> None:
    EmailMessage(
        "Please confirm your request",
        "Hello,\n\nopen http://127.0.0.1:8000/proof/abc/ and press the button.\n",
        to=[ADA],
        connection=get_connection("privacyops.mailbox.MailboxBackend"),
    ).send()


def ada_with_everything() -> tuple[Client, dict[str, str]]:
    """Ada's browser, and every page by name."""
    ada, first = person()
    package(first)
    talk(first)
    DataCategory.objects.create(key="contact.email", name="E-mail address")
    mill = Recipient.objects.create(
        key="mill", name="Mill & Sons", role="controller", kind="Employer", contact="hr@mill.example", country="GB"
    )
    network = Recipient.objects.create(
        key="adnet", name="AdNet", role="third_party", kind="Advertising network", contact="p@adnet.example",
        country="US", receives_everyone=True,
    )  # fmt: skip
    network.categories.add(DataCategory.objects.get())
    StandingDisclosure.objects.create(
        recipient=mill, since_on="2025-03-01", until_on="2026-02-28", purpose=Purpose.objects.get(key="service")
    ).categories.add(DataCategory.objects.get())
    Disclosure.objects.create(
        subject=first.subject, recipient=mill, categories=["contact.email"], occasion="Application sent",
        purpose=Purpose.objects.get(key="service"), disclosed_at=timezone.now(),
    )  # fmt: skip
    correction = ask(ada, right="correct", change_full_name="Ada Marie Lovelace", details="I married.\nThank you.")
    link = token(correction)
    ada.post("/choices/", {"news": "yes", "ads": "no"})
    letter()
    reader = sub_processors()
    return ada, {
        "home": "/", "notice": "/notice/", "rights": "/rights/?place=US-CA",
        "ask": "/request/?right=access", "ask-correct": "/request/?right=correct",
        "do-not-sell": "/do-not-sell/", "signin": "/signin/", "sent": "/signin/sent/", "received": "/request/received/",
        "proof": f"/proof/{link}/", "proof-gone": "/proof/nothing/", "mine": "/my/", "one-package": f"/my/{first.pk}/",
        "one-waiting": f"/my/{correction.pk}/", "withdraw": f"/my/{first.pk}/withdraw/", "recipients": "/my/recipients/",
        "package": f"/my/{first.pk}/package/", "choices": "/choices/", "privacy-choices": "/privacy-choices/",
        "limit": "/limit/", "notice-short": "/notice/short/", "notice-versions": "/notice/versions/",
        "notice-old": "/notice/2/",
        "notice-compared": "/notice/2..3/", "leaving": f"/leaving/{ExternalSite.objects.get().pk}/",
        "choices-history": "/choices/history/", "embed-choices": "/embed/choices/", "cookies-of": "/cookies/shop/",
        "embed": "/embed/request/", "subprocessors": "/sub-processors/", "subprocessors-asked": "/sub-processors/asked/",
        "subprocessors-confirm": f"/sub-processors/confirm/{subscriptions.token(reader, 'confirm')}/",
        "subprocessors-stop": f"/sub-processors/stop/{subscriptions.token(reader, 'stop')}/",
        "subprocessors-answer": f"/sub-processors/answer/{answering.token(ListMail.objects.get(client__key='north'))}/",
        "missing": "/nothing-here/", "mailbox": "/mailbox/",
    }  # fmt: skip


def sub_processors() -> Subscriber:
    """One on the list, one announced, and somebody who asked to hear of them."""
    today, boss = timezone.localdate(), User.objects.create_superuser("lister")
    for key, role, country in (("mail", "processor", "IE"), ("cloud", "sub_processor", "US")):
        Recipient.objects.create(
            key=key, name=f"The {key} company", role=role, kind="Hosting", contact="p@x.example", country=country
        )
    Controller.objects.create(key="north", name="North & Sons", contact="dpo@north.example")
    since = today - timedelta(days=400)
    listing.enter_first(Recipient.objects.get(key="mail"), by=boss, since=since, words="Annex 3")
    listing.announce(
        Recipient.objects.get(key="cloud"), by=boss, starts_on=today + timedelta(days=40), words="Backups."
    )
    subscriptions.subscribe("reader@press.example", language="en", now=timezone.now())
    return Subscriber.objects.get()


def talk(request: Request) -> None:
    """A conversation: words of both sides, a file, and a mail whose file was not taken."""
    now, by = timezone.now(), User.objects.create_user("mia", first_name="Mia")
    asked = Message.objects.create(
        request=request, author="person", text="I moved in May. See the scan.", written_at=now
    )
    Attachment.objects.create(message=asked, name="scan-of-my-letter.png", media="image/png", size=48_213, key="none")
    Message.objects.create(
        request=request, author="person", channel="email", text="Re: your letter\n\nThis is my bill.", written_at=now,
        left_out=["“bill.exe” is none of: PDF, PNG, JPEG, plain text (UTF-8)."],
    )  # fmt: skip
    Message.objects.create(
        request=request, author="staff", by=by, text="Thank you, Ada.\nWe look into both accounts.", written_at=now,
        read_at=now,
    )  # fmt: skip


def look(page, name: str, width: int, scheme: str) -> None:
    """No sideways scrolling, nothing for axe, and a picture if one is wanted.

    Axe is a script, so it cannot run where scripts are switched off. No page of ours has one, which is checked here: what axe
    sees is what a browser without JavaScript shows.
    """
    assert page.locator("script").count() == 0, f"{name} has a script"
    page.wait_for_load_state()  # a click ends when the next page begins: it may be empty yet
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} at {width} px scrolls sideways by {wide} px"
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    found = axe_playwright.Axe().run(page).response["violations"]
    assert not found, [(name, width, scheme, one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]


def test_every_page_of_the_portal_is_looked_at(client):
    company()
    _, pages = ada_with_everything()
    seen = {resolve(path.partition("?")[0]).url_name for name, path in pages.items() if name != "missing"}
    assert {one.name for one in urls.urlpatterns} - NO_PAGES <= seen, "a new page: add it to ada_with_everything"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_can_be_used_by_everybody(browser, live_server, width, scheme):
    company()
    ada, pages = ada_with_everything()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.route("**/*.js", lambda route: route.abort())
    context.add_cookies(
        [
            {"name": name, "value": ada.cookies[name].value, "url": live_server.url}
            for name in (visitor.cookie_name(), "receipt")
        ]
    )
    page = context.new_page()
    outside, errors = [], []
    page.on("request", lambda sent: outside.append(sent.url) if not sent.url.startswith(live_server.url) else None)
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and "404" not in said.text else None
    )
    for name, path in pages.items():
        page.goto(live_server.url + path)
        look(page, name, width, scheme)
    for name in ("ask", "do-not-sell", "signin", "subprocessors-answer"):
        page.goto(live_server.url + pages[name])
        page.click("main form button.button")
        page.locator("#summary:focus").wait_for(timeout=5000)  # the list of errors has the focus
        look(page, f"{name}-errors", width, scheme)
    assert not outside, "a page asked somebody else"
    assert not [error for error in errors if "410" not in error and "422" not in error]
    context.close()


def test_ada_asks_confirms_and_follows_her_request_without_javascript(browser, live_server):
    company()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_role("link", name="Get a copy of my data").click()
    page.get_by_label("E-mail address").fill(ADA)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Country or state").select_option("DE")
    page.get_by_role("button", name="Continue").click()
    assert page.get_by_role("radio", name="A copy of my data").is_checked()
    page.get_by_role("button", name="Continue").click()
    assert page.get_by_label("Full name").count() == 0, "what only a correction needs is not shown"
    page.get_by_role("button", name="Continue").click()
    assert ADA in page.locator(".answers").inner_text()
    page.get_by_role("button", name="Send my request").click()
    reference = page.locator(".reference").inner_text()
    request = Request.objects.get(reference=reference)
    page.goto(f"{live_server.url}/proof/{token(request)}/")
    page.get_by_role("button", name="Confirm that it is me").click()
    assert page.url == f"{live_server.url}/my/{request.pk}/"
    assert reference in page.content() and "We will answer by" in page.content()
    page.get_by_role("link", name="My requests", exact=True).click()
    assert page.get_by_role("heading", name="A copy of my data").is_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{live_server.url}/my/{request.pk}/")
    assert page.url == f"{live_server.url}/signin/"
    context.close()


def test_the_form_can_be_sent_by_keyboard_alone(browser, live_server):
    company()
    page = browser.new_context().new_page()
    page.goto(f"{live_server.url}/do-not-sell/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "id_email":
            break
    page.keyboard.type(ADA)
    page.keyboard.press("Tab")
    page.keyboard.type("Calif")
    assert page.evaluate("document.activeElement.value") == "US-CA"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/request/received/")
    assert "You need not do anything" in page.content()
    page.context.close()


def test_a_right_to_left_page_mirrors_and_does_not_overflow(browser, live_server):
    company()
    page = browser.new_context(viewport={"width": 390, "height": 900}).new_page()
    page.goto(f"{live_server.url}/request/?right=correct")
    page.evaluate("document.documentElement.dir = 'rtl'")
    look(page, "ask-rtl", 390, "light")
    box = page.locator(".brand svg").bounding_box()
    assert box["x"] > 195, "the mark stands on the right"
    page.context.close()
