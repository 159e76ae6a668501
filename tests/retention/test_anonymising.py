"""Rows are called anonymised when they were measured to be: links cut, groups large enough; otherwise a colleague decides."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from django.contrib.auth.models import User
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused
from connectors import batches, engine
from connectors.kinds import sql_engines
from inventory.models import Collection, Field
from retention import anonymity, runs
from retention.models import AnonymityCheck, Run, Schedule
from tests.connectors import worlds
from tests.consent.builders import CLERK, colleague
from tests.retention.builders import proposed

pytestmark = pytest.mark.django_db

PATIENTS = """CREATE TABLE patients (id INTEGER PRIMARY KEY, email VARCHAR(80))"""
STAYS = """CREATE TABLE stays (id INTEGER PRIMARY KEY, patient_id INTEGER REFERENCES patients, device VARCHAR(40), born DATE,
 postcode VARCHAR(10), lat NUMERIC(8,5), age INTEGER, words VARCHAR(200), illness VARCHAR(20), ward INTEGER, left_on DATE)"""
FIELDS: dict[str, dict[str, Any]] = {
    "device": {"identity": "device"},
    "born": {"category": "contact", "mask": {"strategy": "truncate"}},
    "postcode": {"category": "contact", "mask": {"strategy": "truncate", "characters": 2}},
    "lat": {"category": "contact", "mask": {"strategy": "geo"}},
    "age": {"category": "contact", "mask": {"strategy": "band"}},
    "words": {"category": "contact"},
    "illness": {"category": "contact", "mask": {"strategy": "preserve", "sensitive": True}},
    "ward": {},
    "left_on": {},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def clinic(request: pytest.FixtureRequest, db: None, tmp_path: Path) -> Any:
    """Twelve stays of twelve people, in two regions, each left on the same day."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
    else:
        server = sa.create_engine(f"sqlite:///{tmp_path / 'clinic.sqlite3'}")
    with server.begin() as connection:
        connection.exec_driver_sql(PATIENTS)
        connection.exec_driver_sql(STAYS)
        for pk in range(1, 13):
            south = pk > 6
            connection.execute(
                sa.text("INSERT INTO patients VALUES (:pk, :mail)"), {"pk": pk, "mail": f"p{pk}@x.example"}
            )
            connection.execute(
                sa.text("INSERT INTO stays VALUES (:pk, :pk, :device, :born, :post, :lat, :age, :words, :ill, :ward, :day)"),
                {"pk": pk, "device": f"dev-{pk}", "born": f"19{70 + south}-0{pk % 9 + 1}-1{pk % 9}", "lat": 48.1 + pk / 1000,
                 "post": f"{'80' if south else '10'}{pk:03}", "age": (50 if south else 30) + pk % 9, "day": "2026-01-05",
                 "words": f"Anna {pk} fell", "ill": ("flu", "gout")[pk % 2], "ward": 7},
            )  # fmt: skip
    worlds.describe(
        "clinic", server.url.render_as_string(hide_password=False),
        {"patients": ({}, [{"name": "id", "primary_key": True}, {"name": "email", "identity": "email"}]),
         "stays": ({"dated_by": "left_on", "erase": "mask"},
                   [{"name": "id", "primary_key": True}, {"name": "patient_id"},
                    *({"name": name, **more} for name, more in FIELDS.items())])},
        links=[("stays", "patient_id", "patients", "id")],
    )  # fmt: skip
    yield server
    sql_engines.close_all()
    server.dispose()


def describe(name: str, mask: dict[str, Any] | None) -> None:
    Field.objects.filter(collection__name="stays", name=name).update(mask=mask)


@pytest.fixture
def run(clinic: Any) -> Run:
    """A run that anonymises, approved and begun."""
    nora, _ = colleague("nora", "retention.approve_run"), colleague("paul", "retention.approve_run")
    schedule = Schedule.objects.create(
        key="stays", title="Stays", collection=Collection.objects.get(name="stays"), period=6, unit="months",
        reason="Statistics.", grace_hours=0, author=nora,
    )  # fmt: skip
    return proposed(schedule)


def carried(run: Run) -> Run:
    """Authorised as the run would, done, and measured."""
    paul = User.objects.get(username="paul")
    runs.approve(run, by=paul, rows=run.rows)
    batches.authorise(
        run.batch,
        operation="anonymise",
        basis="schedule",
        proposed_by=run.schedule.author,
        approved_by=paul,
        actor=CLERK,
    )
    for pk in batches.claimable(timezone.now()).values_list("pk", flat=True):
        engine.run(pk)
    Run.objects.filter(pk=run.pk).update(state="running")
    runs.advance(run.pk)
    assert Run.objects.get(pk=run.pk).state == "running", "nothing is called done that was not measured"
    anonymity.check(run.pk)
    runs.advance(run.pk)
    return Run.objects.get(pk=run.pk)


def stays(clinic: Any) -> list[tuple[Any, ...]]:
    return worlds.table(
        clinic, "SELECT patient_id, device, born, postcode, lat, age, words, illness, ward FROM stays ORDER BY id"
    )


def test_rows_that_are_alike_are_called_anonymised_with_their_figures(clinic: Any, run: Run) -> None:
    done = carried(run)
    assert done.state == "done"
    rows = stays(clinic)
    assert {row[:2] for row in rows} == {(None, None)}, "neither the patient nor the device is left to join by"
    assert {str(row[2]) for row in rows} == {"1970-01-01", "1971-01-01"} and {row[3] for row in rows} == {"10", "80"}
    assert {float(row[4]) for row in rows} == {48.1} and {row[5] for row in rows} == {30, 50}
    assert (
        {row[6] for row in rows} == {None}
        and {row[7] for row in rows} == {"flu", "gout"}
        and {row[8] for row in rows} == {7}
    )
    paper = done.certificate["anonymity"]
    assert paper["called"] == "anonymised" and (paper["k"], paper["l"]) == (5, 2)
    one = paper["collections"]["clinic.stays"]
    assert (one["k"], one["unique"], one["l"], one["rows"]) == (6, 0, 2, 12)
    assert set(one["quasi"]) == {"born", "postcode", "lat", "age", "left_on"} and set(one["cut"]) == {
        "patient_id",
        "device",
    }
    assert Event.objects.get(name="run.looked_at").facts["anonymous"] is True


def test_what_is_too_fine_waits_for_a_colleague_and_is_called_pseudonymised(clinic: Any, run: Run) -> None:
    describe("postcode", {"strategy": "truncate", "characters": 5})
    Run.objects.filter(pk=run.pk).delete()
    run = proposed(Schedule.objects.get())
    waiting = carried(run)
    assert waiting.state == "running" and "too few rows are alike" in waiting.note
    check = AnonymityCheck.objects.get()
    assert (
        check.facts["collections"]["clinic.stays"]["k"] == 1
        and check.facts["collections"]["clinic.stays"]["unique"] == 12
    )
    with pytest.raises(Refused):
        anonymity.accept(waiting, by=colleague("ole"), reason="Fine")
    with pytest.raises(Refused, match="why"):
        anonymity.accept(waiting, by=User.objects.get(username="paul"), reason=" ")
    anonymity.accept(waiting, by=User.objects.get(username="paul"), reason="Only the clinic's statisticians see it.")
    runs.advance(run.pk)
    done = Run.objects.get(pk=run.pk)
    assert done.state == "done" and done.certificate["anonymity"]["called"] == "pseudonymised"
    assert done.certificate["anonymity"]["left_by"] == User.objects.get(username="paul").pk


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: one.execute(sa.text("UPDATE stays SET illness = 'flu'")), "l_too_small"),
        (lambda one: describe("words", {"strategy": "scrub"}), "free_text_scrubbed"),
    ],
)
def test_other_reasons_for_which_rows_are_not_anonymous(clinic: Any, run: Run, change: Any, why: str) -> None:
    with clinic.begin() as connection:
        change(connection)
    waiting = carried(run)
    assert waiting.state == "running" and AnonymityCheck.objects.get().facts["collections"]["clinic.stays"]["why"] == [
        why
    ]


def test_a_link_that_may_not_be_empty_is_told_of(clinic: Any, run: Run) -> None:
    if clinic.dialect.name == "sqlite":  # cannot alter a column: the rows move into a table that was made so
        worlds.do(
            clinic,
            "ALTER TABLE stays RENAME TO before",
            STAYS.replace("patient_id INTEGER", "patient_id INTEGER NOT NULL"),
            "INSERT INTO stays SELECT * FROM before",
            "DROP TABLE before",
        )
    else:
        worlds.do(clinic, "ALTER TABLE stays ALTER COLUMN patient_id SET NOT NULL")
    waiting = carried(run)
    one = AnonymityCheck.objects.get().facts["collections"]["clinic.stays"]
    assert waiting.state == "running" and one["why"] == ["links_left"] and one["linked"] == ["patient_id"]


def test_a_link_that_is_declared_to_stay_stays_and_is_no_reason(clinic: Any, run: Run) -> None:
    describe("patient_id", {"strategy": "preserve", "quasi": False})
    done = carried(run)
    assert done.state == "done" and all(row[0] is not None for row in stays(clinic))
