"""A legal hold may be limited to systems and data categories: what it covers is never erased, the rest may be."""

import random
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.refusal import Refused
from connectors import batches, holds, holdscope
from connectors.holdscope import Scope
from connectors.models import Batch, Connection, HoldLimit
from inventory import mapping
from inventory.graph import CollectionSpec, FieldSpec, Graph, Link
from inventory.models import Collection, DataCategory, Dataset, System
from tests.connectors import shop as s
from tests.connectors.shop import ANNA, BEN, Shop, allow, find, person, run_all, staff
from tests.connectors.test_holds import CLEO

PEOPLE = {1: ANNA, 2: BEN, 3: CLEO}
TABLES = {"accounts": s.accounts, "visits": s.visits, "messages": s.messages, "ratings": s.ratings,
          "newsletter": s.newsletter}  # fmt: skip


def hold(mail: str, systems: tuple[str, ...] = (), categories: tuple[str, ...] = ()) -> None:
    holds.place(
        person(mail), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff()[1],
        systems=System.objects.filter(key__in=systems), categories=DataCategory.objects.filter(key__in=categories),
    )  # fmt: skip


@pytest.fixture
def two_systems(shop: Shop) -> Shop:
    """The shop, of which visits and the newsletter are another system; `contact.name` lies below `contact`."""
    log = System.objects.create(key="log", name="Log")
    dataset = Dataset.objects.create(system=log, key="log", name="Log")
    Connection.objects.create(system=log, kind="sql", address=Connection.objects.get().address)
    Collection.objects.filter(name__in=("visits", "newsletter")).update(dataset=dataset)
    below = DataCategory.objects.create(key="contact.name", name="Name")
    Collection.objects.get(name="accounts").fields.filter(name="full_name").update(category=below)
    Collection.objects.get(name="visits").fields.filter(name="seen_on").update(category=None)  # may not be empty
    pair = {"sender_id": 1, "recipient_id": 3, "sender_name": "Anna Adler", "recipient_name": "Cleo Cole", "body": "Hi"}
    shop.do(s.messages.insert(), [pair, {**pair, "sender_id": 3, "recipient_id": 1}])
    return shop


def whose(table: str, row: dict[str, Any]) -> set[str]:
    if table == "messages":
        return {PEOPLE[row["sender_id"]], PEOPLE[row["recipient_id"]]}
    if table == "newsletter":
        return {row["email"].lower()}
    return {PEOPLE[row["id" if table == "accounts" else "account_id"]]}


def held_by_rule(placed: list[tuple[str, Scope]], table: str, row: dict[str, Any]) -> set[str]:
    """The fields of a row that some hold on one of its people keeps; "" where the row itself is kept."""
    found: set[str] = set()
    for mail, scope in placed:
        if mail not in whose(table, row):
            continue
        for (_, name), part in holdscope.kept(mapping.graph(), scope).items():
            found |= {"", *part.all} if name == table else set()
    return found


def snapshot(shop: Shop) -> dict[tuple[str, Any], dict[str, Any]]:
    found = {}
    for name, table in TABLES.items():
        for row in shop.rows(table):
            found[name, tuple(row[one.name] for one in table.primary_key.columns)] = row
    return found


@pytest.mark.parametrize("seed", range(6))
def test_for_any_set_of_holds_what_the_rule_holds_is_what_the_engine_holds(two_systems: Shop, seed: int) -> None:
    """Erasure of one person's data whole, as without holds, but for what a hold on anybody keeps."""
    dice = random.Random(seed)
    Collection.objects.filter(name="messages").update(erase_shared=dice.choice(["delete", "mask"]))
    Collection.objects.filter(name="ratings").update(erase="delete")
    Collection.objects.filter(name="visits").update(erase=dice.choice(["delete", "mask"]))
    plain, masked = snapshot(two_systems), dict(Collection.objects.values_list("name", "erase"))
    shared = Collection.objects.get(name="messages").erase_shared
    placed = []
    for turn in range(3 if seed == 0 else dice.randint(1, 4)):
        mail = [BEN, CLEO, BEN][turn] if seed == 0 else dice.choice([ANNA, ANNA, BEN, CLEO])
        systems = tuple(dice.sample(["shop", "log"], dice.choice([0, 1, 1])))
        categories = tuple(dice.sample(["contact", "contact.name", "usage"], dice.choice([0, 1, 1, 2])))
        if seed == 0:  # two people, each with a limit of another kind, and one of them with two
            systems, categories = [(), ("shop",), ()][turn], [("contact",), (), ("usage",)][turn]
        if mail == ANNA and not systems and not categories:
            continue  # that one is refused before anything begins
        hold(mail, systems, categories)
        placed.append((mail, Scope(frozenset(systems), frozenset(categories))))
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    assert {one.state for one in batch.orders.all()} == {"done"}, [one.park_reason for one in batch.orders.all()]
    after, graph, kept_rows = snapshot(two_systems), mapping.graph(), 0
    for (table, key), row in plain.items():
        people, held = whose(table, row), held_by_rule(placed, table, row)
        action = (masked[table] if people == {ANNA} else shared) if ANNA in people else "keep"
        spec = next(one for name, one in graph.collections.items() if name[1] == table)
        now = after.get((table, key))
        if action == "delete":
            assert (now is not None) == ("" in held), (table, key, placed)
        else:
            assert now is not None, (table, key, placed)
        for field in spec.fields if now is not None else ():
            mine = people == {ANNA} or (field.person and PEOPLE[row[field.person]] == ANNA)
            erased = action == "mask" and mine and field.category and field.name not in held
            # Of a row to be deleted that a hold keeps, nothing is changed.
            assert (now[field.name] != row[field.name]) == bool(erased), (table, key, field.name, placed)
            kept_rows += bool(held)
    for mail, scope in placed:  # what is covered is also found again by who the person is
        again = find(mail)
        for (table, key), row in plain.items():
            spec = next(one for name, one in graph.collections.items() if name[1] == table)
            if mail in whose(table, row) and any(scope.covers(spec, one) for one in spec.fields):
                chunks = [
                    one.keys for finding in again.findings.filter(collection=table) for one in finding.chunks.all()
                ]
                assert list(key) in [one for keys in chunks for one in keys], (table, key, placed)
    assert kept_rows or not placed or all(mail == CLEO for mail, _ in placed)


def test_the_rule_keeps_what_leads_there_and_what_covered_rows_refer_to() -> None:
    def spec(name: str, *fields: FieldSpec) -> CollectionSpec:
        return CollectionSpec("d", name, name, name, (FieldSpec("id", primary_key=True), *fields))

    made = [
        spec("person", FieldSpec("email", identity="email", category="contact"), FieldSpec("phone", category="contact")),
        spec("order", FieldSpec("person_id"), FieldSpec("address_id"), FieldSpec("note", category="orders.note")),
        spec("address", FieldSpec("street", category="contact.address")), spec("visit", FieldSpec("person_id")),
    ]  # fmt: skip
    person, order, address, visit = (one.key for one in made)
    links = (Link(person, "id", order, "person_id"), Link(order, "address_id", address, "id", upward=True),
             Link(person, "id", visit, "person_id"))  # fmt: skip
    graph = Graph({one.key: one for one in made}, links)

    def held(*categories: str, systems: tuple[str, ...] = ()) -> dict[str, set[str]]:
        found = holdscope.kept(graph, Scope(frozenset(systems), frozenset(categories)))
        return {name: set(one.all) for (_, name), one in found.items()}

    assert held("contact.address") == {
        "address": {"id", "street"}, "order": {"id", "person_id", "address_id"} - {"id"}, "person": {"id", "email"},
    }, "the order leads to the address, the person to the order"  # fmt: skip
    assert held("orders") == {
        "order": {"note", "person_id", "address_id"}, "person": {"id", "email"}, "address": {"id"},
    }, "an address that a held order refers to cannot go"  # fmt: skip
    assert held("order") == {} == held("contact", systems=("visit",)), "by whole words, and both limits at once"
    assert set(held("contact")["person"]) >= {"phone", "email"} and "visit" not in held("contact")
    assert held(systems=("visit",)) == {"visit": {"id", "person_id"}, "person": {"id", "email"}}
    assert len(holdscope.kept(graph, holdscope.WHOLE)) == 4


def test_what_is_outside_is_erased_and_what_leads_to_the_rest_stays(two_systems: Shop) -> None:
    hold(ANNA, categories=("usage",), systems=("log",))
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    account = two_systems.rows(s.accounts, id=1)[0]
    assert account["full_name"] != "Anna Adler" and account["phone"] is None, "outside: erased"
    assert account["email"] == "Anna@People.example", "by it the held visits are found: by the next erasure too"
    assert len(two_systems.rows(s.visits, account_id=1)) == 25, "inside: kept"
    assert not two_systems.rows(s.ratings, account_id=1), "the other system's usage is outside"
    outcome = batch.findings.get(collection="accounts").outcome
    assert outcome["fields"] == {"email": "spared", "full_name": "erase", "phone": "erase"}
    assert (outcome["spared"], outcome["spared_for"]) == (1, "legal_hold"), "a row that is erased in part is not done"
    assert batch.findings.get(collection="visits").outcome["spared"] == 25
    run = retention_of_visits()
    assert run.findings.get().held == 25 and len(two_systems.rows(s.visits, account_id=1)) == 25


def retention_of_visits() -> Batch:
    batch = batches.open_retention(origin="r", collection=("log", "visits"), before=date(2027, 1, 1), actor=s.CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=s.CLERK)
    run_all(batch)
    return batch


def test_a_hold_on_everything_refuses_as_ever_and_a_parent_covers_its_children(two_systems: Shop) -> None:
    hold(BEN)
    with pytest.raises(Refused, match="under a legal hold"):
        allow(find(BEN))
    hold(ANNA, categories=("contact",))
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    assert two_systems.rows(s.accounts, id=1)[0]["full_name"] == "Anna Adler", "contact covers contact.name"


def test_a_limit_is_one_system_or_one_category_and_is_not_deleted_away(two_systems: Shop) -> None:
    hold(ANNA, systems=("log",))
    with pytest.raises(IntegrityError), transaction.atomic():
        HoldLimit.objects.update(system=None)
    with pytest.raises(Exception, match="protected"), transaction.atomic():
        System.objects.get(key="log").delete()


def test_one_matter_about_several_people_is_placed_at_once_or_not_at_all(two_systems: Shop) -> None:
    people = [person(ANNA), person(BEN), person(ANNA)]
    placed = holds.place_all(people, matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
    assert len(placed) == 2 and holds.of_matter(placed[0]).count() == 2
    with pytest.raises(Refused):
        holds.place_all([], matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
