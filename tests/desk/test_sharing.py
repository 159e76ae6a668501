"""Recipients, clients and sub-processors on the desk: the lists, the matrix of purposes, CSV, and the buttons."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from disclosures import recipients
from disclosures.models import (
    Client,
    ClientAnswer,
    ExternalSite,
    Instruction,
    ListChange,
    ListMail,
    PolicyWatch,
    Recipient,
)
from inventory.models import DataCategory, Purpose, System
from tests.desk.builders import browser, colleague, events, everything
from tests.disclosures.builders import recipient

pytestmark = pytest.mark.django_db
DESK = "/admin/disclosures/"


@pytest.fixture
def officer() -> Browser:
    return browser(colleague("Privacy officer"))


def press(desk: Browser, noun: str, pk: Any, verb: str, **given: str) -> Any:
    return desk.post(f"{DESK}{noun}/{pk}/do/{verb}/", given)


def test_the_lists_cost_the_same_however_long_they_are(officer: Browser, django_assert_max_num_queries: Any) -> None:
    for turn in range(30):
        recipient(f"r{turn}", country="US" if turn % 2 else "DE")
        one = Client.objects.create(key=f"c{turn}", name=f"C{turn}")
        Instruction.objects.create(
            client=one, kind="once", given_on=timezone.localdate(), given_by="x", way="x", processing="x"
        )
        site = ExternalSite.objects.create(
            name=f"s{turn}", address=f"https://s{turn}.example/", about="x", review_due=timezone.localdate()
        )
        PolicyWatch.objects.create(site=site, address="https://x.example/")
    for noun in ("recipient", "client", "instruction", "externalsite", "listchange", "listmail", "clientanswer"):
        officer.get(f"{DESK}{noun}/")
        with django_assert_max_num_queries(20):
            assert officer.get(f"{DESK}{noun}/").status_code == 200
    assert "gap" in officer.get(f"{DESK}recipient/").content.decode()


@pytest.mark.parametrize(
    ("noun", "query", "many"),
    [("recipient", "review=overdue", 1), ("recipient", "review=ending", 1), ("recipient", "review=ended", 0),
     ("recipient", "gap=transfer", 1), ("recipient", "gap=unlisted", 1), ("recipient", "gap=sale", 0),
     ("instruction", "waits=us", 1), ("clientanswer", "waits=us", 1), ("externalsite", "policy=trouble", 1),
     ("externalsite", "policy=broken", 0), ("listmail", "state__exact=parked", 1)],
)  # fmt: skip
def test_each_queue_holds_what_its_card_counts(
    company: Any, officer: Browser, noun: str, query: str, many: int
) -> None:
    everything(company)
    Recipient.objects.exclude(key="cloud").update(country="DE")
    page = officer.get(f"{DESK}{noun}/?{query}")
    assert page.context["cl"].result_count == many
    if many:
        wanted = f"{DESK}{noun}/?{query}"
        assert "gap=" in query or wanted in [card.url for card in officer.get("/admin/").context["cards"]]


def test_a_colleague_ticks_what_a_recipient_gets_for_what(officer: Browser) -> None:
    mill = recipient("mill", "contact")
    contact, ads = DataCategory.objects.get(), Purpose.objects.create(key="ads", name="Ads", lawful_basis="consent")
    url = f"{DESK}recipient/{mill.pk}/gets/"
    page = officer.get(url).content.decode()
    assert f'value="{contact.pk}-{ads.pk}"' in page and "gets it" in page
    assert officer.post(url, {"pair": [f"{contact.pk}-{ads.pk}"]}).status_code == 302
    assert mill.grants.count() == 1 and events("recipient.granted").count() == 1
    officer.post(url, {"pair": ["1-x"]})
    assert mill.grants.count() == 1
    agent = browser(colleague("Agent"))
    assert "disabled" in agent.get(url).content.decode()
    agent.post(url, {"pair": []})
    assert mill.grants.count() == 1, "who may only look changes nothing"


def test_the_register_goes_out_and_in_by_who_may(officer: Browser) -> None:
    recipient("mill")
    out = officer.get(f"{DESK}recipient/csv/")
    assert out["Content-Disposition"] == 'attachment; filename="recipients.csv"'
    assert events("recipient.exported").count() == 1

    def send(text: bytes, do: str, desk: Browser = officer) -> Any:
        return desk.post(f"{DESK}recipient/load/", {"file": SimpleUploadedFile("r.csv", text), "do": do})

    same = send(out.content, "load")
    assert same.status_code == 200 and "0 new, 0 changed, 1 as they were" in same.content.decode()
    wrong = send(b"key,role\nmill,boss\n", "load")
    assert wrong.status_code == 422 and "Line 2, role" in wrong.content.decode()
    assert "Save it as CSV in UTF-8" in send(b"\xff\xfe", "load").content.decode()
    assert "nothing was written" in send(b"key,name\nmill,Mill Ltd\n", "check").content.decode()
    assert Recipient.objects.get().name == "Mill"
    send(b"key,name\nmill,Mill Ltd\n", "load")
    assert Recipient.objects.get().name == "Mill Ltd"
    agent = browser(colleague("Agent"))
    assert agent.get(f"{DESK}recipient/load/").status_code == send(b"key\nmill\n", "load", agent).status_code == 403


def test_a_sub_processor_is_announced_from_its_page_and_withdrawn_from_the_list(officer: Browser) -> None:
    cloud = recipient("cloud", role="sub_processor")
    Client.objects.create(key="north", name="North", contact="dpo@north.example")
    soon = (timezone.localdate() + timedelta(days=3)).isoformat()
    refused = press(officer, "recipient", cloud.pk, "announce", starts_on=soon, words="")
    assert refused.status_code == 422 and "30 days to object" in refused.content.decode()
    later = (timezone.localdate() + timedelta(days=31)).isoformat()
    assert press(officer, "recipient", cloud.pk, "announce", starts_on=later, words="").status_code == 302
    change = ListChange.objects.get()
    assert ListMail.objects.filter(change=change).count() == 1
    page = officer.get(f"{DESK}recipient/{cloud.pk}/change/").content.decode()
    assert "Take off the list" not in page and "Announce as new" not in page, "a change to come is withdrawn"
    assert press(officer, "listchange", change.pk, "withdraw").status_code == 302
    change.refresh_from_db()
    assert change.state == "withdrawn"
    assert press(browser(colleague("Agent")), "recipient", cloud.pk, "announce", starts_on=later).status_code == 403


def test_a_clients_word_and_instruction_are_recorded_on_forms_and_settled_by_buttons(
    company: Any, officer: Browser
) -> None:
    everything(company)
    answer = ClientAnswer.objects.get()
    assert press(officer, "clientanswer", answer.pk, "settle", outcome="not_used").status_code == 302
    answer.refresh_from_db()
    assert answer.outcome == "not_used"
    north = Client.objects.get(key="northwind")
    desk = System.objects.create(key="desk", name="Desk", role="processor", client="Northwind")
    given = {"client": north.pk, "kind": "process", "given_on": timezone.localdate().isoformat(), "given_by": "Board",
             "way": "Contract", "processing": "Host files.", "systems": [desk.pk], "due_on": ""}  # fmt: skip
    bad = officer.post(f"{DESK}instruction/add/", {**given, "given_by": "ann@north.example"})
    assert bad.status_code == 200 and "by their function" in bad.content.decode()
    assert officer.post(f"{DESK}instruction/add/", given).status_code == 302
    made = Instruction.objects.latest("pk")
    assert list(made.systems.all()) == [desk] and events("instruction.recorded").count() == 1
    page = officer.get(f"{DESK}client/{north.pk}/change/").content.decode()
    assert "order__system__client=Northwind" in page and "Desk" in page
    assert officer.get("/admin/requests_app/referral/?order__system__client=Northwind").status_code == 200
    assert officer.post(f"{DESK}client/fill/").status_code == 302
    assert officer.get(f"{DESK}client/fill/").status_code == 405
    assert browser(colleague("Agent")).post(f"{DESK}client/fill/").status_code == 403


def test_a_review_is_noted_with_a_button(officer: Browser) -> None:
    mill = recipient("mill", review_due=timezone.localdate() - timedelta(days=1))
    assert press(officer, "recipient", mill.pk, "reviewed").status_code == 302
    assert not recipients.overdue(timezone.localdate()).exists()
