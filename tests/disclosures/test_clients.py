"""Clients: who they are, what they told us to do, and what came of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from audit import assurance
from audit.models import Event
from audit.refusal import Refused
from disclosures import clients
from disclosures.models import Client, Instruction
from inventory.models import System
from tests.consent.builders import CLERK, colleague

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def maya() -> User:
    return colleague("maya", "add_instruction", "settle_instruction")


@pytest.fixture
def desk() -> System:
    return System.objects.create(
        key="desk", name="Desk", role="processor", client="Nord & Co", client_contact="dpo@nord.example"
    )


def today() -> date:
    return timezone.localdate()


def check(key: str) -> Any:
    return next(one for one in assurance.checks() if one.key == f"disclosures.{key}").run()


def told(client: Client, **more: Any) -> Instruction:
    values = {"kind": "process", "given_on": today(), "given_by": "Head of personnel", "way": "Contract, annex 2"}
    return Instruction(client=client, processing="Host their applicants' files.", **values | more)


def test_clients_are_taken_over_from_the_inventory_once(desk: System) -> None:
    System.objects.create(key="desk2", name="Desk 2", role="processor", client="Nord & Co")
    System.objects.create(key="west", name="West", role="processor", client="Nord Co")
    assert "3 systems" in check("clients_known").sentence
    made = clients.from_inventory(actor=CLERK)
    assert [(one.key, one.name) for one in made] == [("nord-co", "Nord & Co"), ("nord-co-2", "Nord Co")]
    assert made[0].contact == "dpo@nord.example" and [one.key for one in made[0].systems] == ["desk", "desk2"]
    assert clients.from_inventory(actor=CLERK) == [] and check("clients_known").ok
    Client.objects.update(active=False)
    assert not check("clients_known").ok


def test_what_we_process_for_a_client_stands_on_its_instruction(desk: System, maya: User) -> None:
    (client,) = clients.from_inventory(actor=CLERK)
    assert "1 systems" in check("instructed").sentence
    row = clients.record(told(client), [desk], by=maya)
    assert check("instructed").ok and row.recorded_by == maya
    clients.move(row, "doubt", by=maya, words="It asks for health data.")
    assert not check("instructed").ok and not check("instructions_done").ok, "nothing is done while we doubt it"
    clients.move(row, "confirm", by=maya, words="They have explicit consent.")
    row.refresh_from_db()
    assert row.words.count("\n") == 1 and check("instructed").ok
    clients.move(row, "end", by=maya, words="Contract over.")
    assert not check("instructed").ok
    names = list(
        Event.objects.filter(name__startswith="instruction.").order_by("number").values_list("name", flat=True)
    )
    assert [one.split(".")[1] for one in names] == ["recorded", "doubted", "confirmed", "ended"]


def test_a_single_instruction_is_carried_out_by_its_day(desk: System, maya: User) -> None:
    (client,) = clients.from_inventory(actor=CLERK)
    row = clients.record(told(client, kind="delete", due_on=today() - DAY), [desk], by=maya)
    assert list(clients.overdue(today())) == [row]
    clients.move(row, "carry_out", by=maya, words="Deleted, receipt 7.")
    assert not clients.overdue(today()).exists()
    row.refresh_from_db()
    assert row.state == "done" and row.settled_on == today()
    with pytest.raises(Refused, match="faster"):
        clients.move(row, "end", by=maya, words="Twice.")


def test_what_is_no_instruction_of_this_client_is_refused(desk: System, maya: User) -> None:
    (client,) = clients.from_inventory(actor=CLERK)
    other = System.objects.create(key="west", name="West", role="processor", client="West")
    for row, systems, by, code in (
        (told(client), [desk], colleague("eve"), "not_allowed"),
        (told(client, given_on=today() + DAY), [desk], maya, "day_future"),
        (told(client, given_by="ann@nord.example"), [desk], maya, "words_personal"),
        (told(client), [other], maya, "other_client"),
    ):
        with pytest.raises(Refused) as refused:
            clients.record(row, systems, by=by)
        assert refused.value.code == code
    assert not Instruction.objects.exists()
    row = clients.record(told(client), [desk], by=maya)
    for verb, words, by, code in (
        ("end", "x", colleague("ed"), "not_allowed"), ("end", " ", maya, "words_missing"),
        ("end", "x" * 2001, maya, "too_long"), ("carry_out", "x", maya, "standing"), ("confirm", "x", maya, "state_conflict"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            clients.move(row, verb, by=by, words=words)
        assert refused.value.code == code
