"""What holds can be rebuilt from the ledger, and choices come in from a file."""

import csv
import io

import pytest
from django.core.management import call_command

from audit.assurance import checks
from audit.importing.lines import Done
from audit.models import Event
from audit.refusal import Refused
from consent import choices, devices, importing, rebuilding
from consent.models import Choice, Standing
from subjects.models import DataSubject
from tests.consent.builders import CLERK, ada, purpose

pytestmark = pytest.mark.django_db
HEAD = "kind,identifier,purpose,granted,chosen_at\n"
YES = "email,ada@example.org,news,yes,2026-05-01T12:00:00Z\n"


@pytest.fixture
def ledger() -> None:
    news, ads = purpose(), purpose("ads")
    for granted in (True, False, True):
        choices.record(ada(), news, granted, source="portal", actor=CLERK)
    choices.record(None, ads, False, source="banner", actor=CLERK, device=devices.find_or_make("browser-0123456789"))


def test_ledger_and_what_holds_agree_and_the_check_says_so(ledger, capsys) -> None:
    call_command("consent_standing", "--check")
    assert "agree" in capsys.readouterr().out
    assert {one.key: one.run().ok for one in checks()}["consent.standing"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda: Standing.objects.all().delete(),
        lambda: Standing.objects.update(granted=False, act="refused"),
        lambda: Standing.objects.filter(granted=True).update(choice=Choice.objects.filter(granted=False).first()),
        lambda: Standing.objects.filter(granted=True).update(expires_at=None),
        lambda: Standing.objects.filter(granted=True).update(holder=DataSubject.objects.create().pk),
    ],
)
def test_whatever_the_view_says_is_found_and_mended_from_the_ledger(ledger, harm, capsys) -> None:
    sound = list(Standing.objects.order_by("holder").values_list("holder", "choice", "granted", "expires_at"))
    harm()
    with pytest.raises(SystemExit):
        call_command("consent_standing", "--check")
    assert not {one.key: one.run().ok for one in checks()}["consent.standing"]
    call_command("consent_standing", "--rebuild")
    assert rebuilding.compare().agrees
    assert list(Standing.objects.order_by("holder").values_list("holder", "choice", "granted", "expires_at")) == sound
    assert Event.objects.filter(name="standing.rebuilt").count() == 1


def load(text: str) -> tuple[Done, list[list[str]]]:
    report = io.StringIO()
    done = importing.load(io.StringIO(text), actor=CLERK, report=report)
    return done, list(csv.reader(io.StringIO(report.getvalue())))[1:]


def test_a_file_is_imported_and_a_second_import_changes_nothing() -> None:
    purpose()
    text = HEAD + YES + "email,b@example.org,news,NO,2026-05-02T12:00:00+02:00\n" + YES
    done, rejected = load(text)
    assert (done.recorded, done.repeated, done.rejected, rejected) == (2, 1, 0, [])
    again, _ = load(text)
    assert (again.recorded, again.repeated) == (0, 3) and Choice.objects.count() == 2
    assert choices.current(ada())["news"].source == "import" and rebuilding.compare().agrees


def test_each_rejected_line_is_reported_by_its_number_field_and_words() -> None:
    purpose()
    lines = [
        YES, "email,ada@example.org,nothing,yes,2026-05-01T12:00:00Z\n", "name,Ada,news,yes,2026-05-01T12:00:00Z\n",
        "email,ada@example.org,news,perhaps,2026-05-01T12:00:00Z\n", "email,ada@example.org,news,yes,\n", "\n",
        "email,ada@example.org,news,yes,1 May\n", "email,,news,yes,2026-05-01T12:00:00Z\n", "email,ada\n",
        "email,not an address,news,yes,2026-05-01T12:00:00Z\n",
    ]  # fmt: skip
    done, rejected = load(HEAD + "".join(lines))
    assert [(int(row[0]), row[1]) for row in rejected] == [
        (3, "purpose"), (4, "kind"), (5, "granted"), (6, "chosen_at"), (8, "chosen_at"), (9, "identifier"), (10, ""),
        (11, "identifier"),
    ]  # fmt: skip
    assert all(row[3].strip() for row in rejected) and "not an address" not in str(rejected)
    assert (done.recorded, done.rejected, len(done.shown)) == (1, 8, 8)


def test_a_rejected_row_of_several_lines_has_the_number_of_its_first() -> None:
    purpose()
    many = 'email,x,news,yes,2026-05-01T12:00:00Z,"one\ntwo\nthree"\n'
    done, rejected = load(HEAD.replace("\n", ",words\n") + many + YES.replace("\n", ",Yes.\n"))
    assert (done.recorded, [row[0] for row in rejected]) == (1, ["2"])


def test_a_file_of_a_spreadsheet_with_semicolons_is_the_same_file() -> None:
    purpose()
    load(HEAD + YES)
    assert load((HEAD + YES).replace(",", ";"))[0].repeated == 1


@pytest.mark.parametrize("head", ["kind,identifier\n", HEAD.replace("kind", "colour"), "", HEAD.strip() + ",kind\n"])
def test_a_file_without_its_columns_is_refused_as_a_whole(head: str) -> None:
    with pytest.raises(Refused, match="first line"):
        load(head + YES)


def test_the_command_writes_its_report_beside_the_file(tmp_path, capsys) -> None:
    purpose()
    file = tmp_path / "choices.csv"
    file.write_text("\ufeff" + HEAD + YES + "email,x,news,yes,2026-05-01T12:00:00Z\n")
    with pytest.raises(SystemExit):
        call_command("consent_import", str(file))
    assert "1 recorded" in capsys.readouterr().out
    assert "3,identifier,email_shape" in (tmp_path / "choices.csv.rejected.csv").read_text()
