"""Recipients, clients and sub-processors in a real browser, from phone to desk, by day and by night (see test_desk_looks)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from disclosures import listing
from disclosures.models import Client, ClientAnswer, ExternalSite, Instruction, ListChange, Recipient
from inventory.models import DataCategory, Purpose
from tests.desk.builders import browser, colleague, everything, root
from tests.desk.test_desk_looks import LOOKS, chromium, look
from tests.disclosures.builders import recipient

__all__ = ("chromium",)
DESK = "/admin/disclosures/"


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_recipients_and_clients_can_be_looked_after_by_everybody(
    chromium, live_server, company, published, width, scheme
):
    everything(company)
    mill = recipient("mill")
    since = timezone.localdate() - timedelta(days=400)
    listing.enter_first(mill, by=root("lister"), since=since, words="Annex 3")
    cloud = Recipient.objects.get(key="cloud")
    cloud.categories.set(DataCategory.objects.all()[:3])
    cloud.grants.create(category=DataCategory.objects.first(), purpose=Purpose.objects.first())
    maya = browser(colleague("Privacy officer", "maya"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    for title, path in {
        "recipients": f"{DESK}recipient/", "recipient": f"{DESK}recipient/{cloud.pk}/change/",
        "recipient-new": f"{DESK}recipient/add/", "gets": f"{DESK}recipient/{cloud.pk}/gets/",
        "load": f"{DESK}recipient/load/", "clients": f"{DESK}client/",
        "client": f"{DESK}client/{Client.objects.get(key='northwind').pk}/change/",
        "instruction": f"{DESK}instruction/{Instruction.objects.get().pk}/change/",
        "instruction-new": f"{DESK}instruction/add/", "changes": f"{DESK}listchange/",
        "change": f"{DESK}listchange/{ListChange.objects.first().pk}/change/", "list-mails": f"{DESK}listmail/",
        "answer": f"{DESK}clientanswer/{ClientAnswer.objects.get().pk}/change/", "answer-new": f"{DESK}clientanswer/add/",
        "sites": f"{DESK}externalsite/", "site": f"{DESK}externalsite/{ExternalSite.objects.get().pk}/change/",
        "checks": "/admin/assurance/", "home-sharing": "/admin/",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    page.goto(f"{live_server.url}{DESK}recipient/{mill.pk}/change/")
    page.locator("summary", has_text="Take off the list").click()
    look(page, "recipient-open", width, scheme)
    page.goto(f"{live_server.url}/sub-processors/")
    look(page, "public-list", width, scheme)
    assert not errors
    context.close()


@pytest.fixture
def published(settings):
    settings.SUBPROCESSORS_PUBLIC = True
