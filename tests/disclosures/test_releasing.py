"""A release from its proposal to the ledger: two people, a gate between them, and nothing personal left behind."""

import csv
import hashlib
import io
import threading
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from audit import assurance, failpoints
from audit.models import Event
from audit.refusal import Refused
from disclosures import budgets, portions, proposing, releasing
from disclosures.models import BudgetCharge, PrivacyBudget, Release, ReleasePortion, ReleaseProposal
from inventory.models import Field
from tests.consent.builders import Caller
from tests.desk.builders import browser, colleague, posted, root
from tests.disclosures.release_builders import (
    KINDS,
    dataset,
    fresh,
    judged,
    people,
    propose,
    purpose_once,
    recipient_once,
    team,
    text,
)  # fmt: skip

pytestmark = pytest.mark.django_db
LIST = "/admin/disclosures/releaseproposal/"
API = "/api/v1/disclosures/releases/"


def budget(epsilon: str = "1", delta: str = "0", key: str = "clinic") -> PrivacyBudget:
    today = timezone.localdate()
    return budgets.add(
        dataset(key), starts_on=today, ends_on=today + timedelta(days=30), epsilon=Fraction(epsilon), delta=Fraction(delta),
        by=root("treasurer"),
    )  # fmt: skip


def left(**more: Any) -> Release:
    """A table that left."""
    rita, paul = team()
    release = releasing.approve(judged(propose(rita, **more)), by=paul)
    assert release is not None
    return release


def test_a_table_goes_through_the_desk_to_the_ledger() -> None:
    """A file, its columns, the worker's verdict, another's approval, the fetched file: every step in a browser."""
    rita, paul = team()
    mine, his = browser(rita), browser(paul)
    form = {"title": "Illnesses by town", "kind": "table", "dataset": dataset().pk, "purpose": purpose_once().pk,
            "recipients": [recipient_once("adnet").pk]}  # fmt: skip
    file = io.BytesIO(text(people()))
    file.name = "people.csv"
    answer = mine.post(f"{LIST}propose/", form | {"file": file})
    proposal = ReleaseProposal.objects.get()
    assert answer.status_code == 302 and answer.url == f"{LIST}{proposal.pk}/columns/" and proposal.state == "draft"
    page = mine.get(answer.url)
    assert [one["name"] for one in page.context["columns"]] == ["town", "age", "illness"]
    chosen = {
        "role-0": "dimension",
        "how-0": "plain",
        "role-2": "dimension",
        "how-2": "plain",
        "least": "5",
        "margin": "5",
    }
    assert mine.post(answer.url, chosen | {"least": "3"}).status_code == 422
    assert mine.post(answer.url, chosen).status_code == 302
    releasing.judge(proposal.pk)
    page = his.get(f"{LIST}{proposal.pk}/change/").content.decode()
    assert "Passed, to be decided" in page and "&lt;5" in page and "not shown" in page
    assert mine.post(f"{LIST}{proposal.pk}/do/approve/").status_code == 403
    assert his.post(f"{LIST}{proposal.pk}/do/approve/").status_code == 302
    release = Release.objects.get()
    data = his.post(f"/admin/disclosures/release/{release.pk}/fetch/csv/")
    body = b"".join(data.streaming_content)
    assert hashlib.sha256(body).hexdigest() == release.digest == proposal_digest(release)
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    rare = [one for one in rows if one["illness"] == "rare"]
    assert rare and all(not one["count"] and one["note"] == "not shown" for one in rare)
    told = his.post(f"/admin/disclosures/release/{release.pk}/fetch/json/")
    assert release.digest in b"".join(told.streaming_content).decode()
    assert his.get(f"/admin/disclosures/release/{release.pk}/fetch/csv/").status_code == 405
    assert (release.proposed_by, release.approved_by, release.recipients) == (rita, paul, ["adnet"])
    assert Event.objects.filter(name="release.fetched").count() == 2


def proposal_digest(release: Release) -> str:
    return release.proposal.digest


def test_what_was_handed_in_is_encrypted_and_gone_after_the_decision() -> None:
    rita, paul = team()
    proposal = judged(propose(rita, rows=people(illness="plague")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM disclosures_releaseportion")
        assert not any("plague" in row[0] or "UEsD" in row[0][:8] for row in cursor.fetchall())
    assert {one.part for one in ReleasePortion.objects.all()} == {"source", "output", "facts"}
    releasing.approve(proposal, by=paul)
    assert {one.part for one in ReleasePortion.objects.all()} == {"output", "facts"}
    other = judged(propose(rita, key="shop"))
    releasing.decline(other, by=paul, note="Not needed")
    assert not other.portions.exists() and fresh(other).preview is None


def test_who_proposed_cannot_decide_and_a_role_that_may_not_neither() -> None:
    officer, agent = colleague("Privacy officer", "petra"), colleague("Agent", "arno")
    proposal = judged(propose(officer))
    for by in (officer, agent):
        with pytest.raises(Refused):
            releasing.approve(proposal, by=by)
    with pytest.raises(Refused):
        propose(agent)
    with pytest.raises(DatabaseError), transaction.atomic():
        ReleaseProposal.objects.filter(pk=proposal.pk).update(state="approved", decided_by=officer)
    assert not Release.objects.exists() and browser(agent).get(f"{LIST}propose/").status_code == 403


def test_what_the_gate_refuses_cannot_be_approved_and_says_what_fails_without_telling_it() -> None:
    rita, paul = team()
    proposal = judged(propose(rita, "microdata", people(40), asked={"k": 30, "most_suppressed": 0}))
    assert proposal.state == "passed"  # town and age at "*"
    few = judged(propose(rita, rows=people(4), key="small"))
    assert few.state == "refused" and [one["code"] for one in few.reasons] == ["few"]
    with pytest.raises(Refused):
        releasing.approve(few, by=paul)
    assert not few.portions.filter(part="output").exists() and few.portions.filter(part="source").exists()
    page = browser(rita).get(f"{LIST}{few.pk}/change/").content.decode()
    assert "fewer than 5 people" in page and few.figures["people"] == few.figures["rows"] == "<5"
    proposing.choose(few, KINDS["table"], by=rita)
    assert judged(few).state == "refused"


def test_identifiers_are_refused_whether_the_inventory_or_their_looks_say_so() -> None:
    rita, _ = team()
    rows = [one | {"reach": f"p{number}@example.org"} for number, one in enumerate(people())]
    columns = [*KINDS["microdata"]["columns"], {"name": "reach", "role": "quasi"}]
    proposal = judged(propose(rita, "microdata", rows, asked={"columns": columns}))
    assert [one["code"] for one in proposal.reasons] == ["direct_identifier"] and "example.org" not in str(
        proposal.reasons
    )
    collection = dataset("shop").collections.create(name="people", title="People")
    Field.objects.create(collection=collection, name="town", identity="account_id")
    assert [one["code"] for one in judged(propose(rita, key="shop")).reasons] == ["direct_identifier"]


def test_two_verdicts_of_one_dataset_cannot_both_leave_without_being_compared() -> None:
    """Both pass alone; the second is approved after the first left, so it goes to the gate again, which refuses it."""
    rita, paul = team()
    rows = people(200)
    first = judged(propose(rita, rows=rows))
    second = judged(propose(rita, rows=rows[:-2]))
    assert (first.state, second.state) == ("passed", "passed")
    assert releasing.approve(first, by=paul) is not None
    assert releasing.approve(second, by=paul) is None
    again = judged(fresh(second))
    assert again.figures["differencing"]["compared"] == 1
    hidden = {tuple(row[:-2]) for row in [*again.preview] if row[-1]} if again.state == "passed" else None
    assert hidden is None or len(hidden) > len({tuple(row[:-2]) for row in fresh(first).preview if row[-1]})
    assert Release.objects.count() == 1
    # Another dataset has nothing to do with it.
    assert judged(propose(rita, rows=rows[:-2], key="shop")).figures["differencing"]["compared"] == 0


def test_a_release_is_never_changed_or_deleted() -> None:
    release = left()
    for change in (lambda: Release.objects.update(title="x"), lambda: Release.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Release.objects.get().title == release.title


def test_a_noisy_table_is_charged_once_before_it_is_drawn_and_refused_when_nothing_is_left() -> None:
    rita, paul = team()
    assert [one["code"] for one in judged(propose(rita, "private")).reasons] == ["no_budget"]
    row = budget("1")
    first, second, third = (propose(rita, "private") for _ in range(3))
    assert [judged(one).state for one in (first, second)] == ["passed", "passed"]
    refused = judged(third)
    assert [one["code"] for one in refused.reasons] == ["budget_spent"]
    row.refresh_from_db()
    assert row.spent_epsilon_micro == 1_000_000 and BudgetCharge.objects.count() == 2
    # A worker that was killed after the charge: judged again, it is not charged again.
    budgets.charge(first, Fraction(1, 2), Fraction(0), now=timezone.now(), actor=releasing.GATE)
    with pytest.raises(Refused):
        budgets.charge(first, Fraction(1, 4), Fraction(0), now=timezone.now(), actor=releasing.GATE)
    with pytest.raises(DatabaseError), transaction.atomic():
        PrivacyBudget.objects.update(spent_epsilon_micro=1_000_001)
    assert (
        releasing.approve(fresh(first), by=paul) is not None and releasing.approve(fresh(second), by=paul) is not None
    )


def test_a_worker_that_dies_between_the_charge_and_the_noise_is_charged_once() -> None:
    rita, _ = team()
    row, proposal = budget("0.5"), propose(rita, "private")
    failpoints.arm("release.after_charge=raise")
    try:
        with pytest.raises(failpoints.Injected):
            releasing.judge(proposal.pk)
    finally:
        failpoints.arm("")
    assert fresh(proposal).state == "open" and BudgetCharge.objects.count() == 1
    ReleaseProposal.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert judged(proposal).state == "passed"
    row.refresh_from_db()
    assert row.spent_epsilon_micro == row.epsilon_micro and BudgetCharge.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_tables_at_once_cannot_both_take_the_last_of_a_budget() -> None:
    rita, _ = team()
    row = budget("0.5")
    proposals = [propose(rita, "private") for _ in range(6)]
    ready = threading.Barrier(len(proposals))

    def work(pk: Any) -> None:
        ready.wait()
        try:
            releasing.judge(pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(one.pk,)) for one in proposals]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    states = sorted(fresh(one).state for one in proposals)
    row.refresh_from_db()
    assert states == ["passed", *["refused"] * 5] and row.spent_epsilon_micro == row.epsilon_micro
    assert BudgetCharge.objects.count() == 1


def test_budgets_do_not_overlap_and_are_set_on_the_desk() -> None:
    desk = browser(colleague("Privacy officer", "paula"))
    form = {"of_dataset": dataset().pk, "starts_on": "2026-01-01", "ends_on": "2026-12-31", "epsilon": "2", "delta": "0",
            "_save": "Save"}  # fmt: skip
    answer = desk.post("/admin/disclosures/privacybudget/add/", form)
    assert answer.url == "/admin/disclosures/privacybudget/"
    assert PrivacyBudget.objects.get().epsilon_micro == 2_000_000
    again = desk.post("/admin/disclosures/privacybudget/add/", form | {"starts_on": "2026-06-01"})
    assert again.status_code == 200 and "Periods do not overlap" in again.content.decode()
    assert PrivacyBudget.objects.count() == 1 and Event.objects.filter(name="budget.added").count() == 1


def test_nobody_decides_for_a_fortnight_and_all_of_it_is_destroyed() -> None:
    rita, _ = team()
    proposal = judged(propose(rita))
    assert not releasing.lapse_old(timezone.now())
    assert releasing.lapse_old(timezone.now() + timedelta(days=releasing.KEEP_DAYS + 1)) == 1
    assert fresh(proposal).state == "lapsed" and not proposal.portions.exists()


def test_a_program_proposes_and_reads_the_verdict_and_a_colleague_answers_for_it() -> None:
    rita, paul = team()
    dataset(), purpose_once(), recipient_once("adnet")
    program = Caller("releases:write", name="warehouse")
    body = {"title": "Illnesses by town", "kind": "table", "dataset": "clinic", "purpose": "insight", "recipients": ["adnet"],
            "rows": text(people()).decode(), "parameters": KINDS["table"]}  # fmt: skip
    answer = program.post(API, body, key="one")
    assert answer.status_code == 201 and answer.json()["state"] == "open"
    assert program.post(API, body, key="one").json()["id"] == answer.json()["id"]
    assert program.post(API, body | {"title": "Another"}, key="one").status_code == 409
    proposal = ReleaseProposal.objects.get()
    releasing.judge(proposal.pk)
    where = f"{API}{proposal.pk}/"
    verdict = program.browser.get(where, headers={"Authorization": f"Bearer {program.key}"})
    assert verdict.json()["state"] == "passed" and verdict.json()["digest"] == fresh(proposal).digest
    stranger = Caller("releases:write", name="stranger")
    assert stranger.browser.get(where, headers={"Authorization": f"Bearer {stranger.key}"}).status_code == 422
    assert Caller("disclosures:write", name="other").post(API, body).status_code == 403
    with pytest.raises(Refused):
        releasing.approve(proposal, by=paul)
    proposing.adopt(proposal, by=rita)
    assert releasing.approve(proposal, by=paul) is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [({"dataset": "nothing"}, "dataset"), ({"recipients": ["nobody"]}, "recipients"), ({"recipients": []}, "recipients"),
     ({"rows": ""}, "file"), ({"rows": "a,b\n1\n"}, "file"), ({"rows": "\xff\n"}, "file"),
     ({"parameters": KINDS["table"] | {"least": 2}}, "least"), ({"title": "mail to a@b.example"}, "title"),
     ({"parameters": {"columns": [{"name": "shoe", "role": "dimension"}]}}, "columns"),
     ({"parameters": KINDS["table"] | {"filters": 5}}, "filters"), ({"parameters": KINDS["table"] | {"x": "\0"}}, "parameters"),
     ({"parameters": {"columns": [None]}}, "columns"), ({"parameters": {"columns": [{"name": "town", "role": {}}]}}, "columns"),
     ({"kind": "private", "parameters": KINDS["private"] | {"epsilon": "1e999999999"}}, "epsilon")],
)  # fmt: skip
def test_what_a_program_asks_for_wrongly_is_refused_in_words(change, field) -> None:
    dataset(), purpose_once(), recipient_once("adnet")
    body = {"title": "Illnesses by town", "kind": "table", "dataset": "clinic", "purpose": "insight", "recipients": ["adnet"],
            "rows": text(people()).decode(), "parameters": KINDS["table"]}  # fmt: skip
    answer = Caller("releases:write", name="warehouse").post(API, body | change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not ReleaseProposal.objects.exists() and not ReleasePortion.objects.exists()


def test_the_lists_ask_as_often_for_many_as_for_few(django_assert_max_num_queries) -> None:
    rita, paul = team()
    desk, counts = browser(paul), []
    desk.get(LIST)
    for number in range(2):
        for _ in range(1 + 3 * number):
            releasing.approve(judged(propose(rita, key=f"d{ReleaseProposal.objects.count()}")), by=paul)
        seen = []
        for url in (LIST, "/admin/disclosures/release/"):
            with django_assert_max_num_queries(40) as asked:
                assert desk.get(url).status_code == 200
            seen.append(len(asked))
        counts.append(seen)
    assert counts[0] == counts[1]


def test_the_checks_of_the_promise_see_a_release_that_nobody_approved() -> None:
    found = {one.key: one for one in assurance.checks() if one.key.startswith("disclosures.releases")}
    release = left()
    assert all(one.run().ok for one in found.values()) and found
    ReleaseProposal.objects.filter(pk=release.proposal_id).update(figures=release.figures | {"k": 1}, state="declined")
    assert not found["disclosures.releases_approved"].run().ok


def test_rows_of_a_collection_are_read_through_its_connection(tmp_path) -> None:
    from tests.requests_app import builders  # noqa: PLC0415

    builders.inventory(builders.company_database(tmp_path))
    from inventory.models import Collection, Dataset  # noqa: PLC0415

    rita, _ = team()
    applications = Collection.objects.get(name="applications")
    applications.dated_by = "sent_on"
    applications.save(update_fields=["dated_by"])
    proposal = proposing.propose(
        title="Jobs applied for", kind="table", dataset=Dataset.objects.get(key="site"), purpose=purpose_once(),
        recipients=[], public=True, content=None, collection=applications, by=rita,
        asked={"least": 5, "columns": [{"name": "job", "role": "dimension"}]},
    )  # fmt: skip
    few = judged(proposal)
    assert few.state == "refused" and few.reasons[0]["code"] == "few", few.reasons


def test_portions_give_back_what_was_kept() -> None:
    rita, _ = team()
    proposal = propose(rita)
    content = [bytes([one % 251]) * 70_000 for one in range(12)]
    with transaction.atomic():
        assert portions.keep(proposal, portions.Part.OUTPUT, content) == 840_000
    assert b"".join(portions.stream(proposal, portions.Part.OUTPUT)) == b"".join(content)
    assert proposal.portions.filter(part="output").count() == 4
    assert posted is not None
