"""The headless door: explain, run, tell; a program decides nothing, and the JSON says what became of each field."""

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from audit.bells import Bell
from connectors.models import Batch, WorkOrder
from inventory.models import Field
from privacyops import headless, roles
from requests_app import playing
from requests_app.models import Playbook, Request
from tests.connectors import shop as s
from tests.connectors.shop import Shop

pytestmark = pytest.mark.django_db(transaction=False)


@pytest.fixture
def colleagues(db: None) -> None:
    roles.sync()
    for name, role in (("jonas", "Reviewer"), ("maya", "Privacy officer"), ("otto", "Auditor")):
        user = User.objects.create(username=name, is_staff=True)
        user.groups.add(Group.objects.get(name=role))


def run(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("run_request", "--email", s.ANNA, "--residence", "DE", "--propose-as", "jonas", *words, stdout=out)
    return json.loads(out.getvalue())


def test_a_plan_is_explained_before_anything_is_searched(shop: Shop) -> None:
    out = io.StringIO()
    call_command("explain", "--identifier", "email", "--category", "usage", stdout=out)
    plan = json.loads(out.getvalue())
    steps = {one["collection"]: one for one in plan["steps"]}
    assert steps["visits"]["by"] == [{"field": "account_id", "from": "shop.accounts.id"}]
    assert steps["visits"]["erased_as"] < steps["accounts"]["erased_as"]
    assert steps["accounts"]["erasure"] == "keep" and steps["accounts"]["ground"] == "not_asked"
    assert not Batch.objects.exists() and not Request.objects.exists()


@pytest.mark.usefixtures("colleagues")
def test_an_erasure_runs_to_its_end_and_each_field_has_its_outcome(shop: Shop) -> None:
    told = run("--right", "delete", "--approve-as", "maya", "--mask", "field:shop.accounts.full_name=hash")
    assert told["state"] == "closed" and told["outcome"] == "partly", told
    found = {(one["collection"], one["shared_with_others"]): one for one in told["collections"]}
    assert found["visits", False]["done"] == found["visits", False]["found"] == 25
    assert set(found["visits", False]["fields"].values()) == {"deleted"}
    assert found["accounts", False]["fields"] == {"email": "erase", "full_name": "erase", "phone": "erase"}
    assert found["payments", False]["kept"] == 1 and found["payments", False]["why_kept"] == "legal_obligation"
    assert found["messages", True]["why_fields_kept"]["recipient_name"] == "another_person"
    assert shop.rows(s.accounts, id=1)[0]["full_name"].startswith("anon-") and not shop.rows(s.visits, account_id=1)
    assert s.ANNA not in json.dumps(told)


@pytest.mark.usefixtures("colleagues")
def test_an_erasure_whose_playbook_wants_a_third_colleague_stays_in_review(shop: Shop) -> None:
    book = Playbook(name="Ours", right="delete", extra_approval=True)
    playing.keep(book, [], by=User.objects.get(username="maya"))
    with pytest.raises(SystemExit) as not_at_its_end:
        run("--right", "delete", "--approve-as", "maya")
    assert not_at_its_end.value.code == 3
    assert Request.objects.get().state == "in_review" and Request.objects.get().approvals.count() == 1
    assert shop.rows(s.visits, account_id=1)


@pytest.mark.usefixtures("colleagues")
def test_a_copy_is_written_to_a_file_by_a_colleague_who_may_take_it(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "package.zip"
    told = run("--right", "access", "--approve-as", "maya", "--category", "usage", "--package", str(target))
    assert told["state"] == "closed" and told["package"]["rows"] > 0
    names = zipfile.ZipFile(target).namelist()
    assert any("visits" in name for name in names) and not any("accounts" in name for name in names)
    with pytest.raises(CommandError, match="may not take"):
        run("--right", "access", "--category", "contact", "--package", str(tmp_path / "other.zip"))


@pytest.mark.usefixtures("colleagues")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--right", "delete"], "second person"),
        (["--right", "delete", "--approve-as", "jonas"], "role may not approve"),
        (["--right", "delete", "--approve-as", "otto"], "role may not"),
        (["--right", "delete", "--approve-as", "nobody"], "no colleague"),
        (["--right", "delete", "--category", "shoe_size"], "shoe_size"),
        (["--right", "delete", "--mask", "category:contact=shred"], "no masking strategy 'shred'"),
        (["--right", "delete", "--mask", "contact"], "TARGET=STRATEGY"),
        (["--right", "delete", "--mask", "category:shoes=hash"], "no category 'shoes'"),
        (["--right", "delete", "--mask", "field:shop.accounts.shoe=hash"], "no field 'shop.accounts.shoe'"),
        (
            ["--right", "delete", "--mask", 'category:contact={"strategy": "truncate", "characters": "abc"}'],
            "whole number",
        ),
        (["--right", "access", "--identifier", "account_id=\udcff"], "UTF-8"),
        (["--right", "access", "--identifier", "shoe=42"], "no identifier 'shoe'"),
    ],
)
def test_what_a_program_may_not_do_is_refused_in_words_and_touches_nothing(
    shop: Shop, words: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(*words)
    assert shop.rows(s.accounts, id=1)[0]["full_name"] == "Anna Adler"


@pytest.mark.usefixtures("colleagues")
def test_a_plan_that_does_not_fit_the_live_schema_stops_before_the_first_write_and_says_where(shop: Shop) -> None:
    Field.objects.filter(collection__name="newsletter", name="email").update(mask={"strategy": "truncate"})
    Field.objects.filter(collection__name="accounts", name="phone").update(name="fax")
    with pytest.raises(SystemExit) as ended:
        run("--right", "delete", "--approve-as", "maya", "--seconds", "20")
    assert ended.value.code == 3
    order = WorkOrder.objects.get(operation="erase")
    assert order.park_code == "schema" and "shop.accounts has no column fax" in order.park_reason
    assert len(shop.rows(s.visits, account_id=1)) == 25
    batch = order.batch
    assert headless.preview(batch) == [{"system": "shop", "code": "schema", "sentence": order.park_reason}]
    assert uuid.UUID(str(batch.pk))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--identifier", "shoe"], "no identifier 'shoe'"),
        (["--identifier", "email", "--category", "shoe_size"], "shoe_size"),
        (["--identifier", "email", "--mask", "category:contact=shred"], "no masking strategy 'shred'"),
    ],
)
def test_a_plan_for_what_is_not_there_is_refused_in_words(shop: Shop, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("explain", *words)


@pytest.mark.usefixtures("colleagues")
@pytest.mark.django_db(transaction=True)
def test_a_run_in_this_process_waits_for_no_broker(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[object] = []
    monkeypatch.setattr(Bell, "apply_async", lambda *given, **more: rung.append(given))
    assert run("--right", "access", "--approve-as", "maya")["state"] == "closed"
    assert rung == []
