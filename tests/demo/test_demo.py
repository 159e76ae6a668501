"""The demo company is what its description says, and the engine finds in it what plain SQL counts."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.utils import timezone

from audit import actor, assurance
from audit.refusal import Refused
from connectors import batches, holds
from connectors.models import Connection, LegalHold
from consent import launching, notices
from consent.models import Drift, Told
from disclosures import listing
from disclosures.models import Disclosure, Recipient, Release, ReleaseProposal, Retraction
from inventory import descriptions, mapping
from inventory.models import Collection, Field, Purpose
from inventory.walking import walk
from privacyops import demo, roles
from privacyops.demo import counting, generator, loading, tables
from requests_app import playbooks
from requests_app.models import Absence, AssignmentRule, Pack, Playbook, Request
from retention.models import Schedule
from tests.connectors.shop import find

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]
HIRELINE = Path(loading.__file__).parent / "descriptions" / "hireline.yaml"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Hireline's files, made once."""
    before, settings.STATE_DIR = settings.STATE_DIR, tmp_path_factory.mktemp("demo")
    loading.make_databases(lambda line: None)
    yield settings.STATE_DIR / "demo"
    settings.STATE_DIR = before


@pytest.fixture
def loaded(db: None, company: Path) -> Path:
    roles.sync()
    demo.load(lambda line: None)
    return company


def test_it_is_as_big_as_promised(company: Path) -> None:
    rows = {}
    for name, meta in tables.DATABASES.items():
        with sqlite3.connect(company / f"{name}.sqlite3") as file:
            rows |= {
                one.name: file.execute(f"SELECT count(*) FROM {one.name}").fetchone()[0] for one in meta.sorted_tables
            }
            assert not file.execute("PRAGMA foreign_key_check").fetchall()
    assert rows["accounts"] >= 5000 and rows["employers"] == 10
    harriet = sum(counting.count(generator.HEAVY).values())
    assert harriet >= 100_000 and sum(rows.values()) - harriet >= 100_000


def test_the_same_seed_makes_the_same_people() -> None:
    def first(count: int) -> list[object]:
        company = generator.company_today()
        rows = company.accounts()
        return [(row["full_name"], row["email"], row["city"]) for row, _ in zip(rows, range(count), strict=False)]

    assert first(200) == first(200)


def test_every_column_is_described_and_nothing_else_is(loaded: Path) -> None:
    described = {
        (one.collection.name, one.name)
        for one in Field.objects.select_related("collection")
        if one.collection.dataset.system.connection.kind == "sql"
    }
    live = {
        (table.name, column.name)
        for meta in tables.DATABASES.values()
        for table in meta.sorted_tables
        for column in table.columns
    }
    assert described == live


def test_loading_again_changes_nothing(loaded: Path) -> None:
    def picture() -> list[object]:
        counted = (Collection, Field, Purpose, Recipient, Schedule, Connection)
        return [descriptions.export(), *[one.objects.count() for one in counted]]

    before = picture()
    demo.load(lambda line: None)
    assert picture() == before


def test_the_team_shares_its_work_once_its_colleagues_are_there(loaded: Path) -> None:
    demo.share_work()
    assert not AssignmentRule.objects.exists(), "nobody to share it with yet"
    for name, role in (("maya", "Privacy officer"), ("jonas", "Reviewer")):
        User.objects.create_user(name, is_staff=True).groups.add(Group.objects.get(name=role))
    for _ in range(2):
        demo.share_work()
    assert (AssignmentRule.objects.count(), Absence.objects.count(), Playbook.objects.count()) == (2, 1, 1)
    assert Playbook.objects.get().version == 1 and Absence.objects.get().stand_in.username == "jonas"


def test_what_was_exported_can_be_loaded_and_exported_again(loaded: Path) -> None:
    first = descriptions.export()
    descriptions.load(descriptions.read(first, "export.yaml"), actor=actor.worker("test"))
    assert descriptions.export() == first


def test_an_address_leads_to_every_collection_with_personal_data(loaded: Path) -> None:
    graph = mapping.graph()
    plan = walk(graph, {"email"})
    personal = {name for name, one in graph.collections.items() if any(field.category for field in one.fields)}
    assert personal - {step.collection for step in plan.steps} == {("personnel-files", "files")}, "staff, on paper"
    assert ("personnel-files", "files") in {step.collection for step in walk(graph, {"personnel_number"}).steps}
    order = plan.erase_order
    assert order.index(("platform", "applications")) < order.index(("platform", "candidate_profiles"))
    assert order.index(("platform", "candidate_profiles")) < order.index(("platform", "accounts"))


@pytest.mark.parametrize("email", ["anna.schmidt@example.com", generator.HEAVY])
def test_the_engine_finds_what_plain_sql_counts(loaded: Path, email: str) -> None:
    batch = find(email)
    assert batches.settled(batch, "find")
    found: dict[str, int] = {}
    for one in batch.findings.select_related("system"):
        found[f"{one.system.key}.{one.collection}"] = found.get(f"{one.system.key}.{one.collection}", 0) + one.rows
    assert found == {table: rows for table, rows in counting.count(email).items() if rows}


def test_a_notice_is_in_force_and_an_older_one_is_kept(loaded: Path) -> None:
    now = notices.current()
    assert now and now.number == 2 and "Server logs: 90 days" in now.body
    assert "aggregated or anonymised data" in now.body and "no longer personal data" in now.body, "promise P4"
    assert now.approved_by != now.written_by and Told.objects.filter(version=now).count() == 2


def test_the_notice_names_all_but_one_thing_and_every_purpose_is_live(loaded: Path) -> None:
    assert [(one.kind, one.key, one.what) for one in Drift.objects.all()] == [("categories", "marketing", "unnamed")]
    assert all(launching.live(one) for one in Purpose.objects.all())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("category: contact.email, identity: email, attribute", "category: contakt, identity: email, attribute",
         "hireline.yaml: line LINE: platform.accounts.email.category: there is no category 'contakt'"),
        ("references: [platform.accounts.id]", "references: [platform.acounts.id]", "'platform.acounts.id' is not described"),
        ("person: sender_account_id, mask", "person: sender, mask", "'sender' is not a field of the collection"),
        ("{name: id, data_type: integer, primary_key: true}", "{name: id, data_type: integer}", "no field has primary_key"),
        ("erase: mask", "eraze: mask", "'eraze' is not a known key"),
        ("systems:", "systems: [", "is not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    text = HIRELINE.read_text(encoding="utf-8")
    assert old in text
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(Refused) as caught:
        descriptions.read(text.replace(old, new, 1), "hireline.yaml")
    assert words.replace("LINE", str(line)) in caught.value.message


def test_of_an_entry_that_came_twice_one_is_taken_back(loaded: Path) -> None:
    wrong = Retraction.objects.get()
    same = {"subject": wrong.entry.subject_id, "recipient": wrong.entry.recipient_id, "occasion": wrong.entry.occasion}
    assert wrong.reason == "twice" and Disclosure.objects.sound().filter(**same).count() == 1


def test_sharing_stands_on_something_and_a_sub_processor_is_announced(loaded: Path) -> None:
    failing = [
        one.key for one in assurance.checks()
        if one.promise in ("P6", "P9", "P12", "P17") and one.key.startswith("disclosures.") and not one.run().ok
    ]  # fmt: skip
    assert failing == []
    today = timezone.localdate()
    assert len(listing.on(today)) == 3 and [one.name for one in listing.coming(today)] == ["Northstore"]
    assert not Recipient.objects.get(key="northstore").active, "it does not work before it starts"


def test_the_address_of_a_schema_of_its_own_is_a_url(settings) -> None:
    settings.DEMO_DATABASE_URL = "postgres://root@127.0.0.1:5432/demo"
    url = sa.make_url(loading.address("archive"))
    assert url.drivername == "postgresql+psycopg" and url.query["options"] == "-csearch_path=hireline_archive"


def test_the_desk_has_something_to_show_and_a_second_load_adds_nothing(loaded: Path) -> None:
    hold = LegalHold.objects.get()
    assert holds.covers(hold) == "Payments and salary"
    raised, pack = Request.objects.exclude(raised_at=None).get(), Pack.objects.get()
    assert raised.raisings.get().lowered_at is None and pack.state == "ready" and pack.request == raised
    for name in ("maya", "jonas"):
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name="Privacy officer"))
    demo.share_work()
    assert playbooks.blocking(Playbook.objects.get().steps) == [1]
    demo.load(lambda line: None)
    assert LegalHold.objects.count() == 1 == Pack.objects.count() and raised.raisings.count() == 1


def test_a_table_left_and_another_waits_for_a_decision(loaded: Path) -> None:
    maya = User.objects.create_user("maya", is_staff=True)
    maya.groups.add(Group.objects.get(name="Privacy officer"))
    demo.share_work()
    demo.share_work()
    release = Release.objects.get()
    assert release.approved_by == maya and release.rows > 5 and release.recipients == ["adstream"]
    waiting = ReleaseProposal.objects.exclude(pk=release.proposal_id).get()
    assert waiting.state == "passed", waiting.reasons
