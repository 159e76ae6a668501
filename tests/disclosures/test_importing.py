"""A file of disclosures comes in line by line, with a word on each line that does not; twice is once."""

import csv
import io

import pytest
from django.core.management import CommandError, call_command

from audit.importing.lines import Done
from audit.models import Event
from audit.refusal import Refused
from disclosures import importing, recording
from disclosures.models import Disclosure
from tests.consent.builders import CLERK, purpose
from tests.disclosures.builders import recipient

pytestmark = pytest.mark.django_db
HEAD = "kind,identifier,recipient,categories,disclosed_at,purpose,occasion\n"
GOOD = "email,ada@example.org,mill,professional; contact,2026-10-01T10:00:00Z,service,application sent\n"


@pytest.fixture(autouse=True)
def _known() -> None:
    recipient("mill", "professional", "contact")
    purpose("service", lawful_basis="contract")


def load(text: str, report: io.StringIO | None = None) -> Done:
    return importing.load(io.StringIO(text, newline=""), actor=CLERK, report=report)


def test_a_file_is_recorded_and_a_second_import_changes_nothing() -> None:
    done = load(HEAD + GOOD + GOOD + "\n" + GOOD.replace("ada@", "bob@"))
    assert (done.recorded, done.repeated, done.rejected) == (2, 1, 0)
    entry = Disclosure.objects.order_by("pk")[0]
    assert entry.source == "import" and entry.categories == ["contact", "professional"]
    assert Event.objects.filter(name="disclosures.imported").exists()
    again = load("\ufeff" + HEAD + GOOD)
    assert (again.recorded, again.repeated) == (0, 1) and Disclosure.objects.count() == 2


def test_each_line_that_is_not_taken_stands_in_the_report_without_its_values() -> None:
    wrong = [
        ("email,ada,mill,contact,2026-10-01T10:00:00Z,,\n", "identifier"),
        ("name,Ada,mill,contact,2026-10-01T10:00:00Z,,\n", "kind"),
        ("email,ada@example.org,nobody,contact,2026-10-01T10:00:00Z,,\n", "recipient"),
        ("email,ada@example.org,mill,,2026-10-01T10:00:00Z,,\n", "categories"),
        ("email,ada@example.org,mill,shoe.size,2026-10-01T10:00:00Z,,\n", "categories"),
        ("email,ada@example.org,mill,contact,,,\n", "disclosed_at"),
        ("email,ada@example.org,mill,contact,2026-10-01,,\n", "disclosed_at"),
        ("email,ada@example.org,mill,contact,2026-10-01T10:00:00Z,nothing,\n", "purpose"),
        ("email,ada@example.org,mill,contact,2026-10-01T10:00:00Z,,to ada@example.org\n", "occasion"),
        ("email,ada@example.org,mill\n", ""),
    ]
    report = io.StringIO()
    done = load(HEAD + GOOD + "".join(line for line, _ in wrong), report)
    assert (done.recorded, done.rejected) == (1, len(wrong))
    rows = list(csv.DictReader(io.StringIO(report.getvalue())))
    assert [(int(row["line"]), row["field"]) for row in rows] == [(n, field) for n, (_, field) in enumerate(wrong, 3)]
    assert all(row["words"] for row in rows) and "ada@" not in report.getvalue().lower()
    assert [one.line for one in done.shown] == [int(row["line"]) for row in rows]


def test_a_spreadsheets_semicolons_and_odd_line_breaks_are_read_and_a_rejected_row_has_its_first_line() -> None:
    odd = GOOD.replace("application sent", "applied\u2028and sent")
    wrong = 'email,ada,mill,contact,2026-10-01T10:00:00Z,,"two\nlines"\n'
    done = importing.load(HEAD + odd + wrong + GOOD, actor=CLERK)
    assert (done.recorded, [one.line for one in done.shown]) == (2, [3])
    semicolons = (HEAD + GOOD).replace("professional; contact", "professional! contact").replace(",", ";")
    file = semicolons.replace("professional! contact", '"professional; contact"')
    assert importing.load(file, actor=CLERK).repeated == 1


@pytest.mark.parametrize(
    "head", ["", "kind,identifier\n", HEAD.replace("occasion", "colour"), HEAD.replace("purpose", "kind")]
)
def test_a_file_with_another_head_is_refused_as_a_whole(head: str) -> None:
    with pytest.raises(Refused):
        load(head + GOOD)
    assert not Disclosure.objects.exists()


def test_more_lines_than_one_transaction_takes_come_in_all_the_same(monkeypatch) -> None:
    monkeypatch.setattr(recording, "MOST", 7)
    done = load(HEAD + "".join(GOOD.replace("ada@", f"p{n}@") for n in range(20)))
    assert done.recorded == Disclosure.objects.count() == 20
    assert Event.objects.filter(name="disclosures.imported").count() == 3


def test_the_command_writes_its_report_beside_the_file(tmp_path, capsys) -> None:
    file = tmp_path / "disclosures.csv"
    file.write_text(HEAD + GOOD + GOOD.replace("mill", "nobody"))
    with pytest.raises(SystemExit):
        call_command("disclosures_import", str(file))
    assert "1 recorded, 0 were recorded before, 1 rejected" in capsys.readouterr().out
    assert "unknown_recipient" in (tmp_path / "disclosures.csv.rejected.csv").read_text()
    with pytest.raises(CommandError):
        call_command("disclosures_import", str(tmp_path / "none.csv"))
