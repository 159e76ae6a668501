"""Programs describe, test, explain, enter and read; they decide nothing."""

from uuid import UUID

import pytest

from inventory.models import System
from requests_app import bulk
from requests_app.models import Letter, Request
from tests.connectors import shop as s
from tests.connectors.shop import Shop
from tests.consent.builders import Caller

pytestmark = pytest.mark.django_db
ALL = ("inventory:read", "inventory:write", "connectors:test", "requests:write", "requests:read")
ASK = {"right": "delete", "email": "dora@people.example", "residence": "DE"}
DESCRIPTION = """
categories: [{key: contact, name: Contact}]
systems:
  - key: crm
    name: CRM
    datasets:
      - key: crm
        name: CRM
        collections:
          - name: people
            title: People
            fields: [{name: id, primary_key: true}, {name: mail, identity: email, category: contact}]
"""


@pytest.fixture
def program() -> Caller:
    return Caller(*ALL)


def test_a_description_is_brought_in_and_a_wrong_one_names_every_fault_and_writes_nothing(program: Caller) -> None:
    wrong = DESCRIPTION.replace("category: contact", "category: shoes")
    answer = program.post("/api/v1/descriptions/", {"description": wrong, "file": "crm.yaml"}, key=None)
    assert answer.status_code == 422 and "crm.yaml" in answer.json()["message"] and "shoes" in answer.json()["message"]
    assert not System.objects.exists()
    told = {"collections": 1, "notes": []}
    body = {"description": DESCRIPTION}
    checked = program.post("/api/v1/descriptions/", body | {"check": True}, key=None).json()
    assert checked == {"loaded": False, **told} and not System.objects.exists()
    assert program.post("/api/v1/descriptions/", body, key=None).json() == {"loaded": True, **told}
    assert System.objects.get().key == "crm"


def test_a_description_may_refer_to_what_the_inventory_holds_and_may_not_break_it(program: Caller) -> None:
    assert program.post("/api/v1/descriptions/", {"description": DESCRIPTION}, key=None).status_code == 200
    more = DESCRIPTION.replace("categories: [{key: contact, name: Contact}]", "").replace("crm", "shop")
    assert program.post("/api/v1/descriptions/", {"description": more}, key=None).json()["loaded"]
    System.objects.filter(key="crm").update(role="processor", client="Northwind")
    without = {"description": "systems: [{key: crm, name: CRM, client: ~}]"}
    answer = program.post("/api/v1/descriptions/", without, key=None)
    assert answer.status_code == 422 and "systems.crm.role: a processor works for somebody" in answer.json()["message"]
    ours = {"description": "systems: [{key: crm, name: CRM, role: controller}]"}
    told = program.post("/api/v1/descriptions/", ours, key=None).json()
    assert "its data was of the client Northwind and is ours from now on" in told["notes"][0]


def test_a_connection_is_tested_and_a_plan_explained(program: Caller, shop: Shop) -> None:
    tested = program.post("/api/v1/connections/test/", {"system": "shop"}, key=None).json()
    assert tested["works"] and "Connected" in tested["sentence"]
    assert program.post("/api/v1/connections/test/", {"system": "moon"}, key=None).status_code == 422
    plan = program.post("/api/v1/plans/", {"identifiers": ["email"]}, key=None).json()
    assert {one["collection"] for one in plan["steps"]} >= {"accounts", "visits"}


def test_a_request_is_entered_once_per_key_and_its_outcome_can_be_read(program: Caller, shop: Shop) -> None:
    first = program.post("/api/v1/requests/", ASK, key="k-1")
    assert first.status_code == 201 and first.json()["state"] == "received"
    assert program.post("/api/v1/requests/", ASK, key="k-1").json() == first.json()
    assert program.post("/api/v1/requests/", ASK | {"right": "access"}, key="k-1").status_code == 409
    assert Request.objects.count() == 1 and Letter.objects.filter(kind="acknowledgement").count() == 1
    told = program.get(f"/api/v1/requests/{first.json()['reference']}/")
    assert told.status_code == 200 and told.json()["collections"] == [] and ASK["email"] not in told.content.decode()
    assert shop.rows(s.accounts, id=1)


def test_a_key_without_the_scope_does_nothing(shop: Shop) -> None:
    other = Caller("consent:read")
    for path, body in (
        ("requests/", ASK),
        ("descriptions/", {"description": "x"}),
        ("plans/", {"identifiers": ["email"]}),
    ):
        assert other.post(f"/api/v1/{path}", body, key="k").status_code == 403
    assert other.get("/api/v1/requests/PR-1/").status_code == 403


def test_many_requests_come_in_one_call_and_each_line_has_its_answer(program: Caller) -> None:
    lines = [ASK | {"key": "a"}, ASK | {"key": "b", "residence": "XX"}, ASK | {"key": "a"}]
    answer = program.post("/api/v1/requests/bulk/", {"lines": lines}, key=None)
    assert answer.status_code == 202 and (answer.json()["new"], answer.json()["repeated"]) == (2, 1)
    place = f"/api/v1/requests/bulk/{answer.json()['upload']}/"
    assert program.get(place).json()["waiting"] == 2 and not Request.objects.exists(), "rows first"
    bulk.process(UUID(answer.json()["upload"]))
    first, second = program.get(place).json()["lines"]
    assert first["state"] == "done" and first["reference"] == Request.objects.get().reference
    assert second["state"] == "failed" and second["field"] == "residence" and "from the list" in second["error"]
    assert ASK["email"] not in program.get(place).content.decode()
    assert program.post("/api/v1/requests/bulk/", {"lines": lines[:1]}, key=None).json()["repeated"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"lines": []}, {"lines": [{}]}, {"lines": "x"}, {"lines": [ASK | {"key": "a"}] * 1001}, []]
)
def test_a_call_that_is_no_list_of_lines_is_refused(program: Caller, body: object) -> None:
    answer = program.post("/api/v1/requests/bulk/", body, key=None)
    assert answer.status_code == 400 and answer.json()["message"]


def test_what_became_of_an_upload_is_told_to_its_sender_only(program: Caller) -> None:
    answer = program.post("/api/v1/requests/bulk/", {"lines": [ASK | {"key": "a"}]}, key=None)
    other = Caller("requests:write", name="another")
    place = f"/api/v1/requests/bulk/{answer.json()['upload']}/"
    assert other.get(place).status_code == 422 and Caller(name="none").get(place).status_code == 403
