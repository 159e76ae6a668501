"""A filing cabinet: a colleague is asked to look, hands in what they found, and signs for what they destroyed."""

import base64
import io
import zipfile
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from audit import actor as actors
from audit.models import Event
from audit.refusal import Refused
from connectors import batches, engine, handasking, handwork, reading, settling, uploads
from connectors.kinds import base
from connectors.models import Batch, Chunk, Connection, HandTask, HandTaskItem, WorkOrder
from connectors.searching import Searcher
from inventory.models import System
from tests.connectors.shop import CLERK, allow, order_of, person, run_all
from tests.connectors.worlds import ADA, PK, address, describe, refer, sqlite

PDF = b"%PDF-1.7 a scan of a contract"
TERMS = "days: 3\nassignee: petra\ninstructions:\n  find: Look in cabinet 3, second drawer.\n"
FIELDS = [
    PK | {"name": "number"},
    {"name": "personnel_number", "title": "Personnel number", "identity": "account_id", "category": "identity"},
    {"name": "title", "title": "What it is", "category": "employment"},
    {"name": "note", "title": "What it says", "category": "employment"},
    {"name": "file_name", "title": "File", "category": "employment"},
]


@pytest.fixture
def cabinet(db: None) -> System:
    """Paper files under personnel numbers; Petra looks after them."""
    clerk("petra")
    return cabinet_of(FIELDS)


def cabinet_of(fields: list[dict[str, object]], **options: object) -> System:
    system = describe("paper", "-", {"files": (options, fields)})
    Connection.objects.filter(system=system).update(kind="hand", described=TERMS)
    return system


def clerk(name: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="sign_handtask"))
    return User.objects.get(pk=user.pk)


def petra() -> User:
    return User.objects.get(username="petra")


def search(number: str = "P-77") -> Batch:
    batch = batches.open_find(
        origin="PR-TEST", subject=person(ADA), identities={"account_id": [number]}, actor=CLERK
    )  # fmt: skip
    run_all(batch)
    return batch


def the_task(operation: str = "find") -> HandTask:
    return HandTask.objects.select_related("order__system").get(order__operation=operation)


def upload(content: bytes = PDF, name: str = "scan of ada lovelace.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def found(*titles: str) -> Batch:
    """A search that Petra answered with these papers."""
    batch = search()
    for title in titles:
        handwork.add_item(the_task(), values={"title": title, "note": "signed"}, file=upload(), by=petra())
    handwork.sign_off(the_task(), by=petra(), confirmed=True)
    run_all(batch)
    return batch


def test_a_search_waits_for_a_colleague_and_says_until_when(cabinet: System) -> None:
    batch = search()
    order = order_of(batch, "find")
    assert (order.state, order.park_code) == ("parked", "waiting")
    assert order.park_reason.startswith("A colleague still has to look in Paper; due on ")
    task = the_task()
    assert (task.state, task.assignee, task.ask["instructions"]) == (
        "open",
        petra(),
        "Look in cabinet 3, second drawer.",
    )
    assert 3 <= (task.due_on - timezone.localdate()).days <= 9, "working days"
    assert handwork.reveal(task, by=petra())["look_for"][0]["by"] == [{"title": "Personnel number", "values": ["P-77"]}]
    assert Event.objects.filter(name="task.viewed", noun_id=str(task.pk)).count() == 1
    assert "P-77" not in str(list(Event.objects.values_list("facts"))) + str(task.ask) + order.park_reason


def test_asking_twice_is_asking_once(cabinet: System) -> None:
    batch = search()
    settling.retry(order_of(batch, "find"), by=petra())
    run_all(batch)
    assert HandTask.objects.count() == 1 and order_of(batch, "find").park_code == "waiting"


def test_what_was_handed_in_becomes_rows_and_files_of_the_package(cabinet: System) -> None:
    batch = found("Contract of 2019", "Warning letter")
    assert order_of(batch, "find").state == "done"
    finding = batch.findings.get()
    assert (finding.rows, finding.via, finding.shared) == (2, "personnel_number", False)
    rows = list(reading.rows(finding))
    assert [(one["title"], one["note"], one["file_name"]) for one in rows] == [
        ("Contract of 2019", "signed", "paper-1.pdf"),
        ("Warning letter", "signed", "paper-2.pdf"),
    ]
    kind = base.open_kind(Connection.objects.get(), batch)
    spec = Searcher(batch).spec(("paper", "files"))
    assert dict(kind.files(spec, [(1,), (2,)])) == {"paper-1.pdf": PDF, "paper-2.pdf": PDF}
    with connection.cursor() as cursor:
        cursor.execute("SELECT content, file, file_name FROM connectors_handtaskitem ORDER BY number")
        content, file, name = cursor.fetchone()
    assert name == "paper-1.pdf" and "Contract of 2019" not in content and len(file) > len(PDF)
    assert base64.b64encode(PDF).decode() not in file, "encrypted as it lies there"


def test_nothing_found_is_an_answer_too(cabinet: System) -> None:
    batch = found()
    assert order_of(batch, "find").state == "done" and not batch.findings.exists()


def test_erasing_asks_again_and_ends_with_the_sign_off(cabinet: System) -> None:
    batch = found("Contract", "Warning letter")
    allow(batch)
    run_all(batch)
    order, task = order_of(batch), the_task("erase")
    assert order.park_code == "waiting" and "erase something in Paper" in order.park_reason
    items = handwork.reveal(task, by=petra())["items"]
    assert [(one["number"], one["label"]) for one in items] == [(1, "Contract"), (2, "Warning letter")]
    assert task.ask["places"][0]["do"] == ["Destroy it, copies included."]
    done = {"paper.files:1": "done", "paper.files:2": "gone"}
    handwork.sign_off(task, by=petra(), confirmed=True, answers=done)
    run_all(batch)
    order.refresh_from_db()
    assert (order.state, order.rows_done, order.receipts.count()) == ("done", 2, 2)
    outcome = batch.findings.get().outcome
    assert (outcome["rows"], outcome["fields"]["title"], outcome["left"]) == (2, "deleted", {})
    # What they destroyed is gone here as well.
    assert not any(one.file or one.content for one in HandTaskItem.objects.all())


def test_what_was_not_possible_is_left_and_never_counted_as_done(cabinet: System) -> None:
    batch = found("Contract", "Bound into another's file", "Warning letter")
    allow(batch)
    run_all(batch)
    answers = {"paper.files:1": "done", "paper.files:2": "inseparable", "paper.files:3": "done"}
    handwork.sign_off(the_task("erase"), by=petra(), confirmed=True, answers=answers)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "left")
    assert order.park_reason.startswith("1 of 3 items could not be done by hand.")
    assert sum(one.rows for one in order.receipts.all()) == 2, "what she did has its receipts"
    assert [bool(one.content) for one in HandTaskItem.objects.order_by("number")] == [False, True, False]
    # Asked once more, she finds a way.
    handwork.ask_again(the_task("erase"), by=petra())
    order.refresh_from_db()
    assert order.park_code == "waiting"
    handwork.sign_off(the_task("erase"), by=petra(), confirmed=True, answers=answers | {"paper.files:2": "done"})
    run_all(batch)
    order.refresh_from_db()
    assert (order.state, order.rows_done) == ("done", 3)


def test_a_correction_tells_what_to_write_and_blackening_what_to_remove(cabinet: System) -> None:
    System.objects.get().datasets.get().collections.update(erase="mask")
    batch = found("Contract")
    allow(batch)
    run_all(batch)
    assert "What it says: remove it." in the_task("erase").ask["places"][0]["do"]
    handwork.sign_off(the_task("erase"), by=petra(), confirmed=True, answers={"paper.files:1": "done"})
    run_all(batch)
    item = HandTaskItem.objects.get()
    assert order_of(batch).state == "done" and item.content["note"] is None and not item.file


def test_a_cancelled_request_needs_nobody_any_more(cabinet: System) -> None:
    batch = search()
    handwork.add_item(the_task(), values={"title": "Contract"}, by=petra())
    settling.cancel(batch, actor=CLERK)
    with pytest.raises(Refused, match="not needed any more"):
        handwork.sign_off(the_task(), by=petra(), confirmed=True)
    assert handwork.sweep(timezone.localdate()) == 1
    assert (the_task().state, the_task().details, HandTaskItem.objects.count()) == ("cancelled", {}, 0)
    assert handwork.sweep(timezone.localdate()) == 0


def test_only_the_assignee_sees_and_signs(cabinet: System) -> None:
    search()
    other, visitor = clerk("otto"), User.objects.create_user("vera", is_staff=True)
    for verb in (
        lambda by: handwork.reveal(the_task(), by=by),
        lambda by: handwork.add_item(the_task(), values={"title": "x"}, by=by),
        lambda by: handwork.sign_off(the_task(), by=by, confirmed=True),
    ):
        with pytest.raises(Refused) as refused:
            verb(other)
        assert refused.value.code == "not_yours"
        with pytest.raises(Refused) as refused:
            verb(visitor)
        assert refused.value.code == "not_allowed"
    with pytest.raises(Refused, match="may not sign"):
        handwork.assign(the_task(), to=visitor, by=petra())
    handwork.assign(the_task(), to=other, by=petra())
    assert handwork.reveal(the_task(), by=other)["look_for"]
    with pytest.raises(Refused, match="somebody else's"):
        handwork.reveal(the_task(), by=petra())


def test_a_task_is_signed_once_and_only_when_it_is_said_to_be_true(cabinet: System) -> None:
    batch = search()
    with pytest.raises(Refused) as refused:
        handwork.sign_off(the_task(), by=petra(), confirmed=False)
    assert refused.value.code == "not_confirmed"
    handwork.sign_off(the_task(), by=petra(), confirmed=True)
    with pytest.raises(Refused) as refused:
        handwork.sign_off(the_task(), by=petra(), confirmed=True)
    assert refused.value.code == "signed_conflict"
    run_all(batch)
    assert order_of(batch, "find").state == "done"


def test_every_item_needs_an_answer_and_some_answers_need_words(cabinet: System) -> None:
    batch = found("Contract")
    allow(batch)
    run_all(batch)
    for answers, code in (({}, "answer_missing"), ({"paper.files:1": "burnt"}, "answer_missing"),
                          ({"paper.files:1": "other"}, "note_missing")):  # fmt: skip
        with pytest.raises(Refused) as refused:
            handwork.sign_off(the_task("erase"), by=petra(), confirmed=True, answers=answers)
        assert refused.value.code == code


def test_a_task_signed_while_its_order_was_being_parked_is_not_forgotten(cabinet: System) -> None:
    batch = search()
    # The worker had written the task, and parks the order only after Petra signed.
    WorkOrder.objects.update(state="running", park_code="", park_reason="")
    handwork.sign_off(the_task(), by=petra(), confirmed=True)
    WorkOrder.objects.update(state="parked", park_code="waiting", park_reason="Late.")
    assert handwork.sweep(timezone.localdate()) == 1
    run_all(batch)
    assert order_of(batch, "find").state == "done"


def test_overdue_tasks_are_told_apart(cabinet: System) -> None:
    search()
    today = timezone.localdate()
    assert not HandTask.objects.overdue(today) and HandTask.objects.of(petra()).count() == 1
    HandTask.objects.update(due_on=today - timedelta(days=1))
    assert HandTask.objects.overdue(today).count() == 1
    task = the_task()
    assert "has not signed off" in handasking.sentence(task, task.order)


def test_nobody_is_asked_for_a_person_whom_no_label_can_name(cabinet: System) -> None:
    batch = batches.open_find(origin="PR-X", subject=person(ADA), identities={"email": [ADA]}, actor=CLERK)
    run_all(batch)
    assert not HandTask.objects.exists() and not batch.orders.filter(state="parked").exists()


def test_labels_that_another_system_knows_are_looked_up_there_first(db: None, tmp_path) -> None:
    clerk("petra")
    rows = (
        "CREATE TABLE staff (id INTEGER PRIMARY KEY, email TEXT)",
        f"INSERT INTO staff VALUES (41, '{ADA}'), (42, 'b@x.example')",
    )
    with sqlite(tmp_path, *rows) as database:
        staff = {"staff": ({}, [PK, {"name": "email", "identity": "email", "category": "contact"}])}
        describe("hr", address(database), staff)
        cabinet_of([PK, {"name": "staff_id"}, {"name": "title", "category": "employment"}])
        refer("paper", "files", "staff_id", "hr.staff", "id")
        batch = batches.open_find(origin="PR-TEST", subject=person(ADA), identities={"email": [ADA]}, actor=CLERK)
        run_all(batch)
        assert the_task().details["look_for"][0]["values"] == ["41"]
        handwork.add_item(the_task(), values={"title": "Contract"}, by=petra())
        handwork.sign_off(the_task(), by=petra(), confirmed=True)
        run_all(batch)
        assert {one.collection: one.rows for one in batch.findings.all()} == {"staff": 1, "files": 1}


def test_a_retention_run_does_not_reach_paper_and_says_so(cabinet: System) -> None:
    System.objects.get().datasets.get().collections.update(dated_by="note")
    batch = batches.open_retention(
        origin="R-1", collection=("paper", "files"), before=date(2024, 1, 1), actor=actors.worker("tests")
    )
    engine.run(order_of(batch, "find").pk)
    order = order_of(batch, "find")
    assert (order.state, order.park_code) == ("parked", "by_hand") and "no retention run" in order.park_reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("days: soon", "line 1: days is a number of working days"),
        ("assignee: petra\ndayz: 3", "line 2: 'dayz' is not a known key"),
        ("instructions:\n  burn: it", "line 2: 'burn' is not an operation"),
        ("days: [", "is not YAML"),
    ],
)
def test_a_wrong_description_parks_the_order_with_its_line(cabinet: System, text: str, words: str) -> None:
    Connection.objects.update(described=text)
    assert words in order_of(search(), "find").park_reason
    assert not HandTask.objects.exists()


def test_what_is_not_asked_for_any_more_is_forgotten(cabinet: System) -> None:
    batch = found("Contract")
    assert handwork.forget([batch.pk]) == 1
    task = the_task()
    assert (task.details, task.answer) == ({}, {"items": 1, "forgotten": True})
    assert not any(one.file or one.content for one in HandTaskItem.objects.all())
    assert Chunk.objects.exists()


def docx(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PDF, "a.txt", "pdf"),
        (b"\xff\xd8\xff\xe0rest", "a", "jpg"),
        (b"\x89PNG\r\n\x1a\nrest", "a", "png"),
        ("Grüße".encode(), "a.txt", "txt"),
        (b"a,b\n1,2\n", "A.CSV", "csv"),
        (docx("[Content_Types].xml", "word/document.xml"), "a", "docx"),
    ],
)
def test_a_file_is_told_by_what_is_in_it(content: bytes, name: str, kind: str) -> None:
    assert uploads.extension(content, name) == kind


@pytest.mark.parametrize(
    "content",
    [b"MZ\x90\x00 a program", b"\x00\x01", "Grüße".encode("latin-1"), b"PK\x03\x04 no archive", docx("a.txt"),
     docx("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")],
)  # fmt: skip
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(Refused) as refused:
        uploads.extension(content, "contract.pdf")
    assert refused.value.code == "file_kind"


def test_a_file_over_ten_megabytes_or_without_content_is_refused(cabinet: System) -> None:
    search()
    for content, code in ((PDF + b"x" * uploads.MOST_BYTES, "file_size"), (b"", "file_empty")):
        with pytest.raises(Refused) as refused:
            handwork.add_item(the_task(), values={"title": "Contract"}, file=upload(content), by=petra())
        assert refused.value.code == code
    assert not HandTaskItem.objects.exists()
