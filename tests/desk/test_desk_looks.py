"""The desk in a real browser: nothing for axe, no sideways scrolling, no error in the console, by day and by night.

SCREENSHOTS=folder keeps a picture of each page.
"""

import hashlib
import os
import re
from pathlib import Path

import pytest
import unfold
from django.conf import settings

from audit.models import SweepRun
from connectors.models import LegalHold, Proposal, Survey
from requests_app.models import InboundMail
from tests.desk import builders
from tests.desk.builders import QUEUE, browser, case, colleague

# Playwright runs an event loop in this thread; the ORM is used between its calls, never within.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

playwright = pytest.importorskip("playwright.sync_api")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
# The theme's own scroll box on lists bears a name that its neighbour bears too.
THEIRS = {"landmark-unique"}
# What we replaced, by the digest of what we looked at when we did: a new version of the theme wants a new look.
REPLACED = {
    "admin/base.html": "2ce9250b3c649e3a",
    "unfold/layouts/unauthenticated.html": "768501529f1a8dae",
    "admin/search_form.html": "32c57965802858bd",
    "admin/index.html": "9fdb849b7da18ccd",
}


@pytest.fixture(scope="module")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is missing; to run this test: apt-get install chromium")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()


def test_the_theme_still_has_the_templates_that_we_replaced():
    folder = Path(unfold.__file__).parent / "templates"
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16] for name in REPLACED}
    assert digests == REPLACED


def test_our_templates_run_no_inline_script():
    for path in (settings.BASE_DIR / "templates" / "admin").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bon[a-z]+=\"|javascript:", text), path


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_of_the_desk_can_be_used_by_everybody(chromium, live_server, company, width, scheme):
    request = builders.everything(company)
    SweepRun.objects.all().delete()
    parked = builders.park(request)
    maya = browser(colleague("Privacy officer", "maya"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors, outside = context.new_page(), [], []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda sent: outside.append(sent.url) if not sent.url.startswith(live_server.url) else None)
    page.goto(f"{live_server.url}/admin/login/")
    look(page, "login", width, scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    copy = builders.in_review("access", email="bob@example.org", name="Bob")
    sent = copy.batch.findings.get(collection="applications")
    table, survey = Proposal.objects.filter(kind="new_table").first(), Survey.objects.first()
    finding, letter = request.batch.findings.first(), request.letters.first()
    for title, path in {
        "home": "/admin/", "queue": QUEUE, "case": case(request),
        "mails": "/admin/requests_app/inboundmail/",
        "mail": f"/admin/requests_app/inboundmail/{InboundMail.objects.get().pk}/change/",
        "rows": f"{QUEUE}{request.pk}/finding/{finding.pk}/rows/",
        "items": f"{QUEUE}{copy.pk}/finding/{sent.pk}/rows/",
        "letter": f"{QUEUE}{request.pk}/letter/{letter.pk}/",
        "order": f"/admin/connectors/workorder/{parked.pk}/change/", "hold": "/admin/connectors/legalhold/add/",
        "proposals": "/admin/connectors/proposal/", "proposal": f"/admin/connectors/proposal/{table.pk}/change/",
        "sure": "/admin/connectors/proposal/sure/", "survey": f"/admin/connectors/survey/{survey.pk}/change/",
        "packs": "/admin/packs/", "reports": "/admin/reports/", "schedule": "/admin/requests_app/reportschedule/add/",
        "hold-one": f"/admin/connectors/legalhold/{LegalHold.objects.get().pk}/change/",
        "holds": "/admin/connectors/legalhold/", "assurance": "/admin/assurance/", "events": "/admin/audit/event/",
        "map": "/admin/data-map/", "map-system": "/admin/data-map/?system=site",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    page.goto(live_server.url + case(request))
    page.locator("summary", has_text="Deny").click()
    page.locator("summary", has_text="Write to the person").click()
    page.locator("summary", has_text="change").first.click()
    page.locator("summary", has_text="Make a pack").click()
    look(page, "case-open", width, scheme)
    page.get_by_label("Why you need to see who this is").select_option("answer")
    page.get_by_role("button", name="Reveal (is recorded)").click()
    page.get_by_text(builders.ADA).wait_for()
    look(page, "case-revealed", width, scheme)
    assert not errors and not outside
    context.close()


def look(page, name: str, width: int, scheme: str) -> None:
    """No sideways scrolling, nothing for axe, and a picture if one is wanted."""
    page.locator("html:not([x-cloak])").wait_for(state="attached")
    page.wait_for_load_state()  # a click ends when the next page begins: it may be empty yet
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} at {width} px scrolls sideways by {wide} px"
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/desk-{name}-{width}-{scheme}.png", full_page=True)
    found = [one for one in axe_playwright.Axe().run(page).response["violations"] if one["id"] not in THEIRS]
    assert not found, [(name, width, scheme, one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]
