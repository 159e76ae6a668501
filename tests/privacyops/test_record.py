"""The record of processing: what article 30 asks for, its gaps, its files."""

import io
import json

import jsonschema
import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from disclosures.models import Recipient
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, System
from privacyops.record import document, facts, workbook
from retention.models import Schedule
from tests.desk.builders import browser, colleague

pytestmark = pytest.mark.django_db
EVIL = '=HYPERLINK("http://evil.example")'


@pytest.fixture(autouse=True)
def company(settings) -> None:
    settings.COMPANY_NAME, settings.COMPANY_OFFICER = "Hireline", "Dr. Lind"
    purpose = Purpose.objects.create(
        key="service", name="Finding you a job", description="We pass on applications.", lawful_basis="contract",
        data_subjects="Candidates", measures="Encrypted.",
    )  # fmt: skip
    system = System.objects.create(key="site", name="Site")
    dataset = Dataset.objects.create(system=system, key="site", name="Site", source="outside", source_detail="DataCo")
    health = DataCategory.objects.create(key="health.notes", name="Health notes", sensitive=True)
    people = Collection.objects.create(dataset=dataset, name="people", title="Your account")
    people.purposes.add(purpose)
    Field.objects.create(collection=people, name="id", primary_key=True)
    Field.objects.create(collection=people, name="note", category=health)
    Schedule.objects.create(
        key="people", title="People", collection=people, period=2, unit="years", reason="Claims end by then."
    )
    network = Recipient.objects.create(
        key="net", name="AdNet", role="third_party", kind="Network", contact="a@b.example", country="US",
        transfer_basis="Standard contractual clauses",
    )  # fmt: skip
    network.categories.add(DataCategory.objects.create(key="health", name="Health"))
    other = Recipient.objects.create(
        key="mill", name="Mill", role="processor", kind="", contact="m@b.example", country="DE"
    )
    other.categories.add(DataCategory.objects.create(key="contact", name="Contact"))
    System.objects.create(
        key="ats", name="Applicant desk", role="processor", client="Northwind", client_contact="n@w.example"
    )


def words(gaps: list[facts.Gap]) -> str:
    return " ".join(one.words for one in gaps)


def test_an_activity_says_what_article_30_asks_for():
    (one,) = facts.read().activities
    assert (one.name, one.lawful_basis, one.data_subjects) == ("Finding you a job", "Contract", "Candidates")
    assert [(row.key, row.sensitive) for row in one.categories] == [("health.notes", True)]
    assert one.sources == ["From outside sources (DataCo)"] and one.systems == ["Site"]
    assert [(row.name, row.third_country, row.safeguard) for row in one.recipients] == [
        ("AdNet", True, "Standard contractual clauses")
    ], "a parent category covers its children, and nobody gets what they have no category of"
    assert [row.words for row in one.limits] == ["2 years (Claims end by then.)"]
    assert one.measures == "Encrypted." and one.gaps == []


def test_a_client_has_its_own_part():
    (one,) = facts.read().mandates
    assert (one.client, one.contact, one.systems) == ("Northwind", "n@w.example", ["Applicant desk"])
    assert "is not described" in words(one.gaps)


def test_what_is_missing_is_a_gap_with_the_place_where_it_is_mended(settings):
    settings.COMPANY_OFFICER = ""
    Schedule.objects.all().delete()
    Recipient.objects.update(transfer_basis="")
    Purpose.objects.update(measures="", data_subjects="")
    Purpose.objects.create(
        key="idle", name="Idle", description="-", lawful_basis="consent", data_subjects="A", measures="B"
    )
    dataset = Dataset.objects.get()
    stray = Collection.objects.create(dataset=dataset, name="stray", title="Stray")
    Field.objects.create(collection=stray, name="note", category=DataCategory.objects.get(key="health"))
    record = facts.read()
    active = next(one for one in record.activities if one.key == "service")
    for said in (
        "No time limit for “Your account”",
        "Whose data",
        "security measures",
        "AdNet is in a third country (US)",
    ):
        assert said in words(active.gaps)
    assert "No collection serves this purpose" in words(
        next(one for one in record.activities if one.key == "idle").gaps
    )
    assert "“Stray” holds personal data and serves no purpose" in words(record.gaps)
    assert "setting:COMPANY_OFFICER" in [one.place for one in record.gaps]
    assert record.open == len(active.gaps) + 1 + len(record.gaps) + len(record.mandates[0].gaps)
    root = browser(colleague("Administrator"))
    assert all(root.get(one.link).status_code == 200 for one in active.gaps if "/recipient/" not in one.link)


def test_the_json_is_as_its_schema_says():
    schema = json.loads(document.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert list(checker.iter_errors(document.document(facts.read()))) == []
    assert document.SCHEMA.name == f"record-{document.FORMAT}.schema.json"


def test_the_workbook_holds_the_same_and_runs_nothing():
    Purpose.objects.update(name=EVIL, description="a\x01b")
    book = openpyxl.load_workbook(io.BytesIO(workbook.workbook(facts.read())))
    assert book.sheetnames == ["As controller", "As processor", "Gaps", "Company"]
    sheet = book["As controller"]
    assert sheet["A1"].value == "Purpose" and sheet.freeze_panes == "B2" and sheet.print_title_rows == "$1:$1"
    assert sheet["A2"].value == EVIL and sheet["A2"].data_type == "s" and sheet["B2"].value == "ab"
    assert "Health notes (special category)" in sheet["E2"].value
    assert "AdNet, US: Standard contractual clauses" in sheet["I2"].value
    assert book["As processor"]["A2"].value == "Northwind"
    lines = max(str(cell.value).count("\n") + 1 for row in sheet.iter_rows(min_row=2) for cell in row)
    heights = [sheet.row_dimensions[row].height for row in range(2, sheet.max_row + 1)]
    assert min(heights) >= 12 and max(heights) >= 12 * lines, "no row lies over the next one"


def test_the_page_shows_it_all_escapes_names_and_offers_the_files():
    Purpose.objects.update(name="<script>alert(1)</script>")
    page = browser(colleague("Privacy officer"))
    html = page.get("/admin/record/").content.decode()
    assert "&lt;script&gt;alert(1)" in html and "<script>alert(1)" not in html
    for said in (
        "Candidates",
        "Health notes",
        "special category",
        "third country: Standard contractual clauses",
        "Northwind",
    ):
        assert said in html
    assert json.loads(page.get("/admin/record/?as=json").content)["format"] == 1
    answer = page.get("/admin/record/?as=xlsx")
    assert answer["Content-Disposition"].endswith('.xlsx"') and answer.content[:2] == b"PK"
    assert page.get("/admin/record/?as=exe").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("Auditor", 200), ("Agent", 200), ("System owner", 403)])
def test_who_may_see_it(role, status):
    assert browser(colleague(role)).get("/admin/record/").status_code == status
    assert Client().get("/admin/record/").status_code == 302


def test_its_queries_do_not_grow_with_the_inventory(django_assert_max_num_queries):
    for number in range(30):
        purpose = Purpose.objects.create(key=f"p{number}", name=f"P{number}", description="-", lawful_basis="consent")
        row = Collection.objects.create(dataset=Dataset.objects.get(), name=f"c{number}", title=f"C{number}")
        row.purposes.add(purpose)
        Field.objects.create(collection=row, name="note", category=DataCategory.objects.get(key="health"))
    with django_assert_max_num_queries(12):
        assert len(facts.read().activities) == 31


def test_the_command_writes_it_and_says_how_many_gaps_there_are(tmp_path, capsys):
    call_command("record")
    told = capsys.readouterr()
    assert json.loads(told.out)["controller"]["name"] == "Hireline" and "1 gaps" in told.err
    target = tmp_path / "record.xlsx"
    call_command("record", "--format", "xlsx", "--output", str(target))
    assert target.read_bytes()[:2] == b"PK"
    with pytest.raises(CommandError, match="was not written"):
        call_command("record", "--format", "xlsx", "--output", str(target))
    with pytest.raises(CommandError, match="needs a file"):
        call_command("record", "--format", "xlsx")
    with pytest.raises(SystemExit) as ended:
        call_command("record", "--strict")
    assert ended.value.code == 3
