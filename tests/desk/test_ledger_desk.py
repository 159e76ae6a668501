"""The ledger on the desk: entered by hand with a reason, brought in from a file, taken out as an account, listed for laws."""

import csv
import io
import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from disclosures import accounting, ledger
from disclosures.models import Disclosure, PassingRule, StandingDisclosure
from inventory.models import Collection, Dataset, System
from tests.consent.builders import CLERK, purpose
from tests.desk.builders import browser, colleague
from tests.disclosures.builders import category, person, recipient
from tests.disclosures.test_ledger import enter

pytestmark = pytest.mark.django_db
BASE = "/admin/disclosures/disclosure/"


@pytest.fixture
def maya():
    return browser(colleague("Privacy officer"))


def form(**change) -> dict:
    given = {
        "kind": "email", "value": "ada@example.org", "categories": ["contact"], "occasion": "sent by courier",
        "disclosed_at": "2026-10-01T09:30", "reason": "paper", "nonce": "4f2a",
    }  # fmt: skip
    return {key: value for key, value in (given | change).items() if value is not ...}


def test_a_disclosure_is_entered_by_hand_once_with_its_reason(maya) -> None:
    mill = recipient("mill", "contact")
    assert "An entry is never changed" in maya.get(f"{BASE}enter/").content.decode()
    for _ in range(2):
        answer = maya.post(f"{BASE}enter/", form(recipient=mill.pk))
        assert answer.status_code == 302
    entry = Disclosure.objects.get()
    assert (entry.source, entry.reason, entry.recipient) == ("hand", "paper", mill)
    assert entry.disclosed_at == datetime(2026, 10, 1, 9, 30, tzinfo=ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    event = Event.objects.get(name="disclosure.recorded")
    assert event.facts["reason"] == "paper" and event.actor.startswith("staff:")
    assert "It went on paper" in maya.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "This field is required"), ({"categories": ...}, "This field is required"),
        ({"value": "ada"}, "Write the address as"), ({"occasion": "to ada@example.org"}, "without addresses or names"),
        ({"disclosed_at": "2200-01-01T00:00"}, "lies in the future"), ({"nonce": "a b"}, "Open this form again"),
    ],
)  # fmt: skip
def test_what_cannot_be_entered_says_why_and_keeps_what_was_typed(maya, change: dict, words: str) -> None:
    mill = recipient("mill", "contact")
    answer = maya.post(f"{BASE}enter/", form(recipient=mill.pk, **change))
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page and "ada" in page
    assert not Disclosure.objects.exists()


def test_a_file_comes_in_by_its_page(maya) -> None:
    recipient("mill", "contact")
    text = (
        "kind,identifier,recipient,categories,disclosed_at\nemail,ada@example.org,mill,contact,2026-10-01T10:00:00Z\n"
        "email,bob@example.org,nobody,contact,2026-10-01T10:00:00Z\n"
    )
    for said in ("1 recorded, 0 were recorded before, 1 rejected", "0 recorded, 1 were recorded before, 1 rejected"):
        page = maya.post(f"{BASE}import/", {"file": SimpleUploadedFile("d.csv", text.encode())}).content.decode()
        assert said in page and "There is no recipient with this key." in page
    wrong = maya.post(f"{BASE}import/", {"file": SimpleUploadedFile("d.csv", b"\xff\xfe")})
    assert wrong.status_code == 422 and "not UTF-8" in wrong.content.decode()


def test_an_account_is_taken_out_of_a_period_or_of_a_person_and_that_is_an_event(maya) -> None:
    ada, bob = person(), person("bob@example.org")
    mill = recipient("mill", "contact", name="=Mill", receives_everyone=True)
    for subject, day in ((ada, 1), (ada, 2), (bob, 2), (bob, 3)):
        enter(subject, mill, "contact", disclosed_at=datetime(2026, 10, day, 12, tzinfo=ZoneInfo("UTC")))
    answer = maya.post(f"{BASE}account/", {"first": "2026-10-02", "last": "2026-10-02", "form": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["data_subject"] for row in rows] and {row["data_subject"] for row in rows} == {str(ada.pk), str(bob.pk)}
    assert rows[0]["recipient_name"] == "'=Mill"
    answer = maya.post(f"{BASE}account/", {"person": str(ada.pk), "form": "json"})
    told = json.loads(b"".join(answer.streaming_content))
    assert [one["disclosed_at"][:10] for one in told["disclosures"]] == ["2026-10-01", "2026-10-02"]
    assert [one["recipient"] for one in told["standing"]] == ["mill"]
    period, one = Event.objects.filter(name="disclosures.exported").order_by("number")
    assert period.facts["first"] == "2026-10-02" and one.subject_id == ada.pk
    assert "example.org" not in json.dumps(told)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"form": "csv"}, "Give a period, or a person."), ({"person": "ada", "form": "csv"}, "nobody with this id"),
        ({"first": "2026-10-02", "last": "2026-10-01", "form": "csv"}, "ends before it begins"),
        ({"first": "1 May", "last": "2026-10-01", "form": "csv"}, "Write the day as"),
        ({"first": "2026-10-01", "last": "2026-10-01", "form": "xml"}, "Choose CSV or JSON"),
    ],
)  # fmt: skip
def test_an_account_of_nothing_is_refused_in_words(maya, given: dict, words: str) -> None:
    answer = maya.post(f"{BASE}account/", given)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not Event.objects.filter(name="disclosures.exported").exists()


def test_an_account_is_read_page_by_page_and_leaves_nothing_out(monkeypatch) -> None:
    ada, mill, at = person(), recipient("mill"), timezone.now()
    for _ in range(7):
        enter(ada, mill, "contact", disclosed_at=at)  # at one moment: pages are cut by moment and id
    monkeypatch.setattr(accounting, "PAGE", 3)
    wanted = accounting.Wanted(None, None, ada, "csv")
    assert len({row[0] for row in accounting.rows(wanted)}) == len(list(accounting.rows(wanted))) == 7


def test_californias_lists_and_third_parties_are_pages_and_files(maya) -> None:
    ada = person()
    enter(ada, recipient("adnet", role="third_party", kind="Advertising network"), "contact")
    enter(ada, recipient("mailer", kind="Mail provider"), "contact")
    page = maya.get(f"{BASE}california/").content.decode()
    assert "Advertising network" in page and "Disclosed for a business purpose" in page
    rows = list(csv.DictReader(io.StringIO(maya.get(f"{BASE}california/?as=csv").content.decode("utf-8-sig"))))
    assert [(row["way"], row["recipient_categories"]) for row in rows] == [
        ("Sold", "Advertising network"), ("Shared", "Advertising network"),
        ("Disclosed for a business purpose", "Mail provider"),
    ]  # fmt: skip
    for query in ("", f"?person={ada.pk}"):
        page = maya.get(f"{BASE}third-parties/{query}").content.decode()
        assert "Adnet" in page and "Mailer" not in page
    assert maya.get(f"{BASE}third-parties/?person=x").status_code == 422
    text = maya.post(f"{BASE}third-parties/", {"person": str(ada.pk)}).content.decode()
    assert "Adnet,Advertising network,DE" in text
    assert Event.objects.get(name="disclosures.exported").subject_id == ada.pk


def test_a_standing_disclosure_is_entered_ended_and_never_changed(maya) -> None:
    mill, contact = recipient("mill"), category("contact")
    system = System.objects.create(key="ats", name="Applications")
    dataset = Dataset.objects.create(system=system, key="jobs", name="Jobs")
    table = Collection.objects.create(dataset=dataset, name="applications", title="Applications")
    url = "/admin/disclosures/standingdisclosure/"
    given = {"recipient": mill.pk, "categories": [contact.pk], "since_on": "2026-01-01", "group": "candidates"}
    assert "A group needs words" in maya.post(f"{url}add/", given).content.decode()
    assert maya.post(f"{url}add/", given | {"collections": [table.pk]}).status_code == 302
    row = StandingDisclosure.objects.get()
    assert maya.post(f"{url}{row.pk}/change/", given | {"since_on": "2020-01-01"}).status_code == 403
    early = maya.post(f"{url}{row.pk}/do/end/", {"on": "2025-12-31"})
    assert early.status_code == 422 and "It began later" in early.content.decode()
    assert maya.post(f"{url}{row.pk}/do/end/", {"on": "2026-06-30"}).status_code == 302
    row.refresh_from_db()
    assert row.until_on == date(2026, 6, 30) and Event.objects.get(name="standing.ended").facts["recipient"] == "mill"
    maya.post(f"{url}{row.pk}/do/end/", {"on": "2026-07-30"})
    row.refresh_from_db()
    assert row.until_on == date(2026, 6, 30)


def test_roles_without_the_permission_see_the_ledger_and_no_more() -> None:
    recipient("mill", "contact")
    agent, auditor = browser(colleague("Agent")), browser(colleague("Auditor"))
    assert agent.get(BASE).status_code == agent.get(f"{BASE}california/").status_code == 200
    for page in ("enter", "import", "account", "third-parties"):
        assert agent.get(f"{BASE}{page}/").status_code == 403, page
    assert auditor.get(f"{BASE}account/").status_code == 200 and auditor.get(f"{BASE}enter/").status_code == 403
    assert agent.get("/admin/disclosures/standingdisclosure/add/").status_code == 403


def test_the_lists_cost_the_same_with_many_rows(maya) -> None:
    system = System.objects.create(key="ats", name="Applications")

    def many(start: int, count: int) -> None:
        for n in range(start, start + count):
            to = recipient(f"r{n}", "contact")
            ledger.record(
                person(f"p{n}@example.org"), to, categories=["contact"], purpose=purpose(f"why-{n}"), occasion="",
                disclosed_at=timezone.now(), actor=CLERK,
            )  # fmt: skip
            StandingDisclosure.objects.create(recipient=to, since_on="2026-01-01").categories.set([category("contact")])
            PassingRule.objects.create(system=system, recipient=to)

    def costs() -> dict[str, int]:
        found = {}
        for name in (
            "disclosure",
            "standingdisclosure",
            "passingrule",
            "disclosure/third-parties",
            "disclosure/california",
        ):
            with CaptureQueriesContext(connection) as seen:
                assert maya.get(f"/admin/disclosures/{name}/").status_code == 200
            found[name] = len(seen)
        return found

    many(0, 2)
    costs()
    few = costs()
    many(2, 8)
    assert costs() == few
