"""The pages of the ledger: looked at in a real browser."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from disclosures import retracting
from disclosures.models import PassingRule, StandingDisclosure
from inventory.models import System
from tests.desk.builders import browser, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look
from tests.disclosures.builders import category, person, recipient
from tests.disclosures.test_ledger import enter

__all__ = ("chromium",)
BASE = "/admin/disclosures/"


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_the_ledger_can_be_used_by_everybody(chromium, live_server, width, scheme):
    ada, now = person(), timezone.now()
    mill = recipient("mill", "contact.email", name="Mill & Sons", role="controller", kind="Employer")
    network = recipient("adnet", "usage", name="AdNet", role="third_party", kind="Advertising network")
    for days in (1, 40):
        entry = enter(ada, mill, "contact.email", "professional.application", disclosed_at=now - timedelta(days=days))
        enter(ada, network, "usage", disclosed_at=now - timedelta(days=days))
    standing = StandingDisclosure.objects.create(recipient=network, since_on="2026-01-01", occasion="Nightly export")
    standing.categories.set([category("usage"), category("contact.email")])
    system = System.objects.create(key="mail", name="Mail provider")
    rule = PassingRule.objects.create(system=system, recipient=mill)
    officer = colleague("Privacy officer", "maya")
    wrong = enter(ada, network, "usage", disclosed_at=now - timedelta(days=3))
    retracting.take_back(wrong, reason="recipient", by=officer)
    maya = browser(officer)
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    pages = {
        "ledger": "disclosure/", "ledger-entry": f"disclosure/{entry.pk}/change/", "ledger-enter": "disclosure/enter/",
        "ledger-taken-back": f"disclosure/{wrong.pk}/change/",
        "ledger-import": "disclosure/import/", "ledger-account": "disclosure/account/",
        "ledger-california": "disclosure/california/", "ledger-third-parties": f"disclosure/third-parties/?person={ada.pk}",
        "standing": "standingdisclosure/", "standing-one": f"standingdisclosure/{standing.pk}/change/",
        "standing-add": "standingdisclosure/add/", "passing": "passingrule/", "passing-one": f"passingrule/{rule.pk}/change/",
    }  # fmt: skip
    for title, path in pages.items():
        page.goto(f"{live_server.url}{BASE}{path}")
        look(page, title, width, scheme)
    page.goto(f"{live_server.url}{BASE}{pages['ledger-entry']}")
    page.get_by_text("Take it back").first.click()
    look(page, "ledger-take-back", width, scheme)
    page.goto(f"{live_server.url}{BASE}{pages['ledger-enter']}")
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("Not entered yet").wait_for()
    look(page, "ledger-enter-errors", width, scheme)
    context.close()
