"""The page of a task by hand: whoever has it does everything there, and nobody else sees whom it is about."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from audit.models import Event
from connectors.models import Connection, HandTask, HandTaskItem, WorkOrder
from inventory.models import System
from requests_app import assignment
from requests_app.models import Absence, Request
from tests.connectors.worlds import PK, describe
from tests.desk.builders import ADA, browser, case, colleague, fresh, mark, press
from tests.requests_app.builders import ask, prove, pump

LIST = "/admin/connectors/handtask/"
FIELDS = [
    PK | {"name": "number"},
    {"name": "email", "title": "E-mail address", "identity": "email", "category": "contact"},
    {"name": "title", "title": "What it is", "category": "contact"},
    {"name": "file_name", "title": "File", "category": "contact"},
]


@pytest.fixture
def request_by_hand(company) -> Request:
    """Ada asks for her data, of which some is on paper."""
    system = describe("paper", "-", {"files": ({}, FIELDS)})
    Connection.objects.filter(system=system).update(kind="hand", described="instructions:\n  find: Cabinet 3.\n")
    request = ask("delete")
    prove(request)
    pump()
    return fresh(request)


def task(operation: str = "find") -> HandTask:
    return HandTask.objects.get(order__operation=operation)


def do(client, name: str, operation: str = "find", **given):
    return client.post(f"{LIST}{task(operation).pk}/by-hand/{name}/", given)


def page(client, operation: str = "find") -> str:
    return client.get(f"{LIST}{task(operation).pk}/change/").content.decode()


def test_a_colleague_takes_it_looks_hands_in_and_signs(request_by_hand) -> None:
    owner = browser(colleague("System owner"))
    assert "A colleague still has to look in Paper" in fresh(request_by_hand).attention
    assert "Cabinet 3." in page(owner) and ADA not in page(owner)
    assert do(owner, "reveal").status_code == 422, "nobody has it yet"
    do(owner, "take")
    assert ADA not in page(owner), "only when asked for"
    shown = do(owner, "reveal").content.decode()
    assert ADA in shown and Event.objects.filter(name="task.viewed").count() == 1
    refused = do(
        owner, "item", **{"collection": "paper.files", "f-title": "Contract", "file": SimpleUploadedFile("a", b"\0")}
    )
    assert refused.status_code == 422 and "Contract" in refused.content.decode(), "what was typed is still there"
    good = SimpleUploadedFile("ada.pdf", b"%PDF-1.7")
    do(owner, "item", **{"collection": "paper.files", "f-title": "Contract", "file": good})
    do(owner, "item", **{"collection": "paper.files", "f-title": "Wrong one"})
    do(owner, "drop", number="2")
    assert "paper-1.pdf" in page(owner) and "Wrong one" not in page(owner)
    refused = do(owner, "sign", note="All of it")
    assert refused.status_code == 422 and "All of it" in refused.content.decode()
    assert do(owner, "sign", note="All of it", confirmed="on").status_code == 302
    pump()
    assert fresh(request_by_hand).state == "in_review" and fresh(request_by_hand).attention == ""
    assert "1 item found." in page(owner)


def test_an_erasure_is_answered_item_by_item_and_the_rest_stays_in_sight(request_by_hand) -> None:
    officer, boss = colleague("Privacy officer"), colleague("Privacy officer", "second")
    desk, second = browser(officer), browser(boss)
    do(desk, "take")
    for title in ("Contract", "Warning"):
        do(desk, "item", **{"collection": "paper.files", "f-title": title})
    do(desk, "sign", confirmed="on")
    pump()
    shown = mark(request_by_hand)
    press(desk, request_by_hand, "propose", fingerprint=shown)
    press(second, request_by_hand, "approve", fingerprint=shown)
    pump()
    assert "Only " not in page(desk, "erase") and "I take it" in page(desk, "erase")
    do(desk, "take", "erase")
    assert "Contract" in do(desk, "reveal", "erase").content.decode()
    answers = {"paper.files:1": "done", "paper.files:2": "inseparable"}
    assert do(desk, "sign", "erase", confirmed="on", **{"paper.files:1": "done"}).status_code == 422
    do(desk, "sign", "erase", confirmed="on", **answers)
    pump()
    assert "parked" in fresh(request_by_hand).attention
    assert "1 of 2 items could not be done by hand" in desk.get(case(request_by_hand)).content.decode()
    assert "1 done, 1 not possible" in page(desk, "erase")
    do(desk, "again", "erase")
    do(desk, "sign", "erase", confirmed="on", **answers | {"paper.files:2": "done"})
    pump()
    assert fresh(request_by_hand).state == "closed"


def test_who_has_it_may_give_it_away_and_others_see_no_person(request_by_hand) -> None:
    petra, otto = colleague("System owner", "petra"), colleague("System owner", "otto")
    do(browser(petra), "take")
    do(browser(petra), "item", **{"collection": "paper.files", "f-title": "Contract"})
    assert do(browser(otto), "reveal").status_code == 404, "another system owner does not even see it"
    agent = browser(colleague("Agent", "agatha"))
    assert do(agent, "reveal").status_code == 422
    assert "Contract" not in page(agent) and ADA not in page(agent)
    assert do(browser(colleague("Agent")), "take").status_code == 422, "may look, may not sign"
    assert do(browser(colleague("Legal")), "sign", confirmed="on").status_code == 422
    given_away = do(browser(petra), "assign", to=str(otto.pk))
    assert (given_away.status_code, given_away.url) == (302, LIST), "it is not hers to see any more"
    assert ADA in do(browser(otto), "reveal").content.decode()


def test_the_list_and_the_home_page_show_what_is_mine_and_what_is_late(request_by_hand) -> None:
    petra = colleague("System owner", "petra")
    desk = browser(petra)
    do(desk, "take")
    assert "Look in Paper" in desk.get(f"{LIST}?waits=me").content.decode()
    assert "Look in Paper" not in desk.get(f"{LIST}?waits=overdue").content.decode()
    HandTask.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    assert "overdue since" in desk.get(f"{LIST}?waits=overdue").content.decode()
    cards = {card.label: card.count for card in desk.get("/admin/").context["cards"]}
    assert (cards["Work by hand"], cards["Overdue by hand"]) == (1, 1)
    assert "has not signed off" in " ".join(sentence for sentence in attention_of(request_by_hand))


def attention_of(request: Request) -> list[str]:
    from_order = WorkOrder.objects.filter(batch=request.batch, state="parked").values_list("park_reason", flat=True)
    pump()
    return [*from_order, fresh(request).attention]


def test_a_role_without_the_permission_sees_no_tasks(request_by_hand) -> None:
    assert browser(colleague("Administrator")).get(LIST).status_code == 403
    assert browser(colleague("Administrator", "b")).get(f"{LIST}{task().pk}/change/").status_code == 403
    assert System.objects.count() == 2 and not HandTaskItem.objects.exists()


def test_work_by_hand_is_connected_without_an_address(company) -> None:
    system = System.objects.create(key="safe", name="Safe")
    page = browser(colleague("Administrator")).post(
        "/admin/connectors/connection/add/",
        {"system": system.pk, "kind": "hand", "described": "instructions:\n  find: The safe.\n", "active": "on"},
    )
    assert page.status_code == 302, page.content.decode()
    assert Connection.objects.get(system=system).kind == "hand"


def test_a_system_owner_sees_their_own_tasks_and_what_nobody_has_and_no_case(request_by_hand) -> None:
    sam, tom = colleague("System owner", "sam"), colleague("System owner", "tom")
    url = f"{LIST}{task().pk}/"
    for owner in (sam, tom):
        assert browser(owner).get(f"{url}change/").status_code == 200
        assert browser(owner).get(case(request_by_hand)).status_code == 403
    do(browser(sam), "take")
    assert browser(sam).get(f"{url}change/").status_code == 200
    assert request_by_hand.reference in browser(sam).get(LIST).content.decode()
    for answer in (browser(tom).get(f"{url}change/"), do(browser(tom), "reveal"), do(browser(tom), "take")):
        assert answer.status_code == 404
    assert request_by_hand.reference not in browser(tom).get(LIST).content.decode()
    assert browser(colleague("Privacy officer")).get(f"{url}change/").status_code == 200


def test_a_task_that_comes_while_its_colleague_is_away_goes_to_who_stands_in(request_by_hand) -> None:
    sam, tom = colleague("System owner", "sam"), colleague("System owner", "tom")
    do(browser(sam), "take")
    today = timezone.localdate()
    absence = Absence.objects.create(person=sam, starts_on=today + timedelta(days=1), ends_on=today + timedelta(days=9))
    Absence.objects.update(stand_in=tom)
    assert assignment.sweep(today) == assignment.sweep(today + timedelta(days=1)) == 0, "what they have stays theirs"
    Absence.objects.filter(pk=absence.pk).update(starts_on=today)
    assert assignment.sweep(today) == 1 and assignment.sweep(today) == 0
    assert task().assignee == tom
    assert Event.objects.filter(name="task.assigned").last().facts["stands_in_for"] == sam.pk
