"""Legal demands and transactions in a real browser, on the desk and for people: nothing for axe, no sideways scrolling."""

import os
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from disclosures import persons
from disclosures.models import PersonNotice, RoomItem, Transaction
from tests.desk.builders import browser, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look  # noqa: F401
from tests.disclosures import legal

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
LONG = "Oberlandesgericht der Freien Hansestadt mit einem sehr langen Namen"


def told(kind: str) -> str:
    return f"/told/{persons.token(PersonNotice.objects.filter(kind=kind).first())}/"


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_about_the_law_can_be_used_by_everybody(chromium, live_server, tmp_path, width, scheme):  # noqa: F811
    settings.DEMAND_DIR, settings.TRANSPARENCY_PAGE = tmp_path / "demands", True
    officer, counsel = colleague("Privacy officer", "olga"), colleague("Legal", "lena")
    check = legal.checked(officer, jurisdiction=LONG)
    left = legal.disclosed(officer, counsel, "emergency", notify="after", mail="bob@example.org")
    before = legal.approved(officer, counsel, mail="cleo@example.org")
    legal.sealed(before, officer)
    deal = legal.told(legal.transaction(officer), officer)
    early = legal.transaction(officer, name="Project Crane")
    RoomItem.objects.create(transaction=early, level="personal", what="Contracts", shown_to="Ms Falk", reason="Board",
                            reasoned=True, asked_by=officer)  # fmt: skip
    old = legal.registered(officer, mail="dan@example.org")
    type(old).objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=400))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    name, lena = settings.SESSION_COOKIE_NAME, browser(counsel)
    context.add_cookies([{"name": name, "value": lena.cookies[name].value, "url": live_server.url}])
    own, deals = "/admin/disclosures/legaldemand/", "/admin/disclosures/transaction/"
    for title, path in {
        "demands": own, "demand-add": f"{own}add/", "demand-check": f"{own}{check.pk}/change/",
        "demand-approved": f"{own}{before.pk}/change/", "demand-left": f"{own}{left.pk}/change/",
        "demand-verify": f"{own}verify/", "demand-report": f"{own}transparency/", "deals": deals,
        "deal-add": f"{deals}add/", "deal-early": f"{deals}{early.pk}/change/", "deal-told": f"{deals}{deal.pk}/change/",
        "room": f"/admin/disclosures/roomitem/{RoomItem.objects.get().pk}/change/",
        "people-told": "/admin/disclosures/personnotice/", "told-deal": told("transaction"),
        "told-closed": told("demand_before"), "transparency": "/transparency/",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    for title, kind in {"told-before": "demand_before", "told-after": "demand_after"}.items():
        page.goto(live_server.url + told(kind))
        page.get_by_role("button", name="Show the message").click()
        look(page, title, width, scheme)
    assert Transaction.objects.count() == 2
    assert not errors
    context.close()
