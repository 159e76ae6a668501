"""The register of recipients comes out as CSV and goes in again: the same, or not at all."""

import csv
import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from audit.refusal import Refused
from disclosures import register
from disclosures.models import Grant, Recipient, Transfer
from tests.consent.builders import CLERK, colleague, purpose
from tests.disclosures.builders import category, recipient

pytestmark = pytest.mark.django_db
HEAD = "key,name,role,kind,contact,country\n"
CLOUD = "cloud,Cloud,processor,Hosting,privacy@cloud.example,US\n"


def bring(text: str, *, check: bool = False) -> register.Brought:
    return register.bring(text, actor=CLERK, check=check)


def faults(text: str) -> list[str]:
    before = list(Recipient.objects.order_by("pk").values())
    with pytest.raises(Refused) as refused:
        bring(text)
    assert list(Recipient.objects.order_by("pk").values()) == before, "nothing half taken"
    return refused.value.message.split("\n")


def full() -> Recipient:
    one = recipient("net", "contact", "contact.email", role="advertiser", country="US", sold=True, ccpa="third_party")
    one.name, one.contract_from, one.owner = '=cmd|"x"; Söhne', date(2026, 1, 1), colleague("maya")
    one.contract = "-1+1"
    one.save()
    Grant.objects.create(recipient=one, category=category("contact"), purpose=purpose("ads"))
    Transfer.objects.create(
        recipient=one, country="US", basis="clauses", assessed_on=date(2026, 2, 1), assessment="TIA 7: v2; final"
    )
    Transfer.objects.create(recipient=one, country="IN", basis="derogation", derogation="claims")
    return one


def test_what_was_taken_out_comes_back_as_it_was() -> None:
    full()
    recipient("mill")
    text = register.export()
    done = bring(text)
    assert (done.new, done.changed, done.same) == ([], [], 2) and not Event.objects.filter(name="recipient.imported")
    held = list(Recipient.objects.order_by("key").values()), list(Transfer.objects.values_list("country", "assessment"))
    Transfer.objects.all().delete()
    Recipient.objects.all().delete()
    done = bring("\ufeff" + text)
    assert done.new == ["mill", "net"] and register.export() == text
    again = (
        list(Recipient.objects.order_by("key").values()),
        list(Transfer.objects.values_list("country", "assessment")),
    )
    for row in held[0] + again[0]:
        row.pop("id")
    assert again == held and Grant.objects.count() == 1
    assert Event.objects.filter(name="recipient.imported").count() == 2


def test_no_cell_is_a_formula_for_a_spreadsheet() -> None:
    full()
    rows = list(csv.reader(io.StringIO(register.export())))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_a_file_is_checked_without_being_written() -> None:
    done = bring(HEAD + CLOUD, check=True)
    assert done.new == ["cloud"] and not done.written and not Recipient.objects.exists()
    assert bring(HEAD + CLOUD).written and Recipient.objects.get().country == "US"


def test_every_faulty_line_is_named_and_none_is_taken() -> None:
    recipient("mill")
    text = (
        "key,name,role,kind,contact,country,ccpa,sold,contract_from,contract_until,categories,grants,transfers,owner\n"
        "cloud,Cloud,processor,Hosting,privacy@cloud.example,US,,no,,,,,,\n"
        "mill,Mill,boss,Mail,nobody,Germany,,perhaps,2026-13-01,,nothing,contact,U:x,eve\n"
        "cloud,Cloud,processor,Hosting,privacy@cloud.example,US,,no,,,,,,\n"
        ",Cloud,processor,Hosting,privacy@cloud.example,US,,no,,,,,,\n"
        "net,Net,advertiser,Ads,p@net.example,US,service_provider,yes,2026-02-01,2026-01-01,,,US:magic,\n"
    )
    found = faults(text)
    places = [one.split(":")[0] for one in found]
    assert places == [
        "Line 3, country", "Line 3, contract_from", "Line 3, sold", "Line 3, owner", "Line 3, categories", "Line 3, grants",
        "Line 3, transfers", "Line 3, role", "Line 3, contact", "Line 4, key", "Line 5, key", "Line 6, transfers",
        "Line 6, the line",
    ], found  # fmt: skip
    assert "stands in line 2 already" in found[9] and "service provider" in found[12]
    assert not Recipient.objects.filter(key="cloud").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Each column once"), ("key\n", "no recipient"), ("key,colour\nx,y\n", "no column colour"),
        ("key,key\nx,y\n", "Each column once"), ("name\nx\n", "Each column once"),
        ("key\na,b\n", "more cells"), ('key\n"' + "x" * 30_000 + '"\n', "not CSV"),
        ("key\nfresh\n", "needs this column"), ("key\n" + "\n".join(f"k{n}" for n in range(5001)), "At most"),
    ],
)  # fmt: skip
def test_what_is_no_register_is_refused(text: str, said: str) -> None:
    if "At most" in said:
        Recipient.objects.bulk_create(
            Recipient(key=f"k{n}", name="N", role="processor", kind="x", contact="a@b.example", country="DE")
            for n in range(3)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("disclosures.register.taking.MOST_LINES", 2)
            assert said in faults(text)[0]
        return
    assert any(said in one for one in faults(text))


def test_a_column_that_is_not_there_leaves_what_there_is_and_an_empty_cell_empties() -> None:
    one = full()
    done = bring("key;contract;transfers\nnet;;US:clauses:2026-03-01\n")
    assert done.changed == ["net"]
    one.refresh_from_db()
    assert one.contract == "" and one.sold and one.grants.count() == 1 and one.categories.count() == 2
    gone = one.transfers.get(country="IN")
    assert gone.ended_on is not None, "where data was stays on file"
    assert one.transfers.get(country="US").assessed_on == date(2026, 3, 1)
    assert Event.objects.get(name="recipient.imported").facts["fields"] == ["contract", "transfers"]


def test_what_is_granted_is_what_they_get() -> None:
    recipient("mill", "usage")
    category("contact")
    purpose("ads")
    bring("key,grants\nmill,contact=ads\n")
    mill = Recipient.objects.get()
    assert {one.key for one in mill.categories.all()} == {"usage", "contact"}
    assert bring("key,grants\nmill,contact=ads\n").same == 1


def test_many_recipients_are_read_in_as_many_queries_as_few() -> None:
    def count(many: int) -> int:
        Recipient.objects.all().delete()
        Recipient.objects.bulk_create(
            Recipient(key=f"k{n}", name="N", role="processor", kind="x", contact="a@b.example", country="DE")
            for n in range(many)
        )
        with CaptureQueriesContext(connection) as seen:
            register.export()
        return len(seen)

    assert count(3) == count(60)
