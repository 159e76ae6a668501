"""Whoever was erased is remembered by keyed hashes: importers ask, and rows that are back are found and become a task."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit import clients
from audit.models import Event
from audit.refusal import Refused
from connectors.models import Finding
from inventory.models import Field
from retention import erased
from retention.models import Erased, Revival
from tests.connectors.shop import ANNA, BEN, Shop, find, newsletter
from tests.consent.builders import CLERK, colleague

pytestmark = pytest.mark.django_db


def gone(*values: str, origin: str = "DSR-1") -> None:
    erased.remember(
        [("email", one) for one in values], origin=origin, at=timezone.now() - timedelta(hours=1), actor=CLERK
    )


def test_the_list_says_yes_to_who_knows_the_value_and_holds_no_value() -> None:
    gone(ANNA)
    asked = erased.asked(
        [("email", f" {ANNA.upper()}"), ("email", BEN), ("phone", ANNA), ("email", "no address"), ("x", "y")]
    )
    assert [one is not None for one in asked] == [True, False, False, False, False]
    row = Erased.objects.get()
    assert ANNA not in str(vars(row)) and len(row.digest) == 64
    gone(ANNA, origin="DSR-2")
    assert Erased.objects.count() == 1 and Erased.objects.get().origin == "DSR-2"


def test_whoever_came_back_is_lifted_until_they_are_erased_again() -> None:
    gone(ANNA)
    assert erased.lift("email", ANNA, actor=CLERK) and not erased.lift("email", ANNA, actor=CLERK)
    assert erased.asked([("email", ANNA)]) == [None]
    gone(ANNA)
    assert erased.asked([("email", ANNA)])[0] is not None


def test_a_thousand_are_asked_in_a_few_queries(django_assert_max_num_queries) -> None:
    gone(*(f"p{one}@people.example" for one in range(0, 1000, 2)))
    with django_assert_max_num_queries(2):
        found = erased.asked([("email", f"p{one}@people.example") for one in range(1000)])
    assert sum(one is not None for one in found) == 500


def test_importers_ask_by_api_with_the_scope_for_it(client: Client) -> None:
    gone(ANNA)
    body = {"people": [{"kind": "email", "value": ANNA}, {"kind": "email", "value": BEN}]}
    keys = [
        clients.create(name, scopes, actor=CLERK)[1]
        for name, scopes in (("a", ["retention:read"]), ("b", ["consent:read"]))
    ]
    answers = [
        client.post("/api/v1/retention/erased/", body, "application/json", headers={"Authorization": f"Bearer {key}"})
        for key in keys
    ]
    assert answers[0].status_code == 200 and answers[1].status_code == 403
    found = answers[0].json()["erased_at"]
    assert found[0] is not None and found[1] is None
    assert client.post("/api/v1/retention/erased/", body, "application/json").status_code == 401
    bad = client.post("/api/v1/retention/erased/", {"people": []}, "application/json",
                      headers={"Authorization": f"Bearer {keys[0]}"})  # fmt: skip
    assert bad.status_code == 400


def test_the_command_tells_the_lines_and_writes_the_file_without_them(tmp_path, capsys) -> None:
    gone(ANNA)
    file, clean = tmp_path / "people.csv", tmp_path / "clean.csv"
    file.write_text(f"name,email\nAnna,{ANNA}\nBen,{BEN}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="Lines with people who were erased: 2"):
        call_command("erased", str(file))
    call_command("erased", str(file), without=clean)
    assert clean.read_text(encoding="utf-8").splitlines() == ["name,email", f"Ben,{BEN}"]
    assert "1 with people who were erased" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no column"):
        call_command("erased", str(file), column="mail")
    call_command("erased", str(file), lift=True)
    assert erased.asked([("email", ANNA)]) == [None]


def test_rows_that_are_back_become_one_task_and_a_colleague_settles_it(shop: Shop) -> None:
    gone("nobody@people.example", "dora@people.example")
    now = timezone.now()
    assert erased.look(now) == 0
    shop.do(newsletter.insert(), [{"email": " DORA@people.example ", "subscribed": True}])
    assert erased.look(now) == 1 and erased.look(now) == 0, "one task"
    task = Revival.objects.get()
    assert (task.field.collection.name, task.field.name, task.state) == ("newsletter", "email", "open")
    assert Event.objects.filter(name="erased.revived").count() == 1
    people = SimpleNamespace(paul=colleague("paul", "retention.settle_revival"), ole=colleague("ole"))
    for by, word, code in ((people.ole, "again", "not_allowed"), (people.paul, "x", "word_unknown")):
        with pytest.raises(Refused) as refused:
            erased.settle(task, word=word, by=by)
        assert refused.value.code == code
    erased.settle(task, word="again", by=people.paul)
    assert erased.look(timezone.now()) == 1, "it is there still"
    erased.settle(Revival.objects.get(state="open"), word="returned", by=people.paul)
    assert erased.look(timezone.now()) == 0 and erased.asked([("email", "dora@people.example")]) == [None]


def test_what_the_erasure_kept_on_a_ground_is_not_called_revived(shop: Shop) -> None:
    gone(ANNA, origin="DSR-9")
    field = Field.objects.get(collection__name="accounts", name="email")
    batch = find(ANNA)
    type(batch).objects.filter(pk=batch.pk).update(origin="DSR-9")
    Finding.objects.filter(batch=batch, collection="accounts").update(action="keep", ground="legal_obligation")
    erased.look(timezone.now())
    assert not Revival.objects.filter(field=field).exists()
    assert Revival.objects.filter(field__collection__name="newsletter").exists()
