"""A small shop on any SQL server, its description, and the verbs of staff: what the engine's tests work on."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from audit import actor
from connectors import batches, engine, holds
from connectors.models import Authorisation, Batch, Connection, LegalHold, WorkOrder
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from subjects import registry
from subjects.models import DataSubject

CLERK = actor.worker("test")
ANNA, BEN = "anna@people.example", "ben@people.example"

meta = sa.MetaData()
accounts = sa.Table(
    "accounts", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(120), nullable=False, unique=True),
    sa.Column("full_name", sa.String(80), nullable=False),
    sa.Column("phone", sa.String(40)),
)  # fmt: skip
visits = sa.Table(
    "visits", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("ip", sa.String(40)),
    sa.Column("seen_on", sa.Date, nullable=False),
)  # fmt: skip
messages = sa.Table(
    "messages", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sender_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("recipient_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("sender_name", sa.String(80)),
    sa.Column("recipient_name", sa.String(80)),
    sa.Column("body", sa.String(200), nullable=False),
)  # fmt: skip
payments = sa.Table(
    "payments", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
)  # fmt: skip
ratings = sa.Table(  # a composite key
    "ratings", meta,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("item", sa.String(20), primary_key=True),
    sa.Column("stars", sa.Integer, nullable=False),
)  # fmt: skip
newsletter = sa.Table(
    "newsletter", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(120), nullable=False),
    sa.Column("subscribed", sa.Boolean, nullable=False),
)  # fmt: skip

PK = {"name": "id", "primary_key": True, "data_type": "integer"}
FIELDS: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        PK,
        {"name": "email", "identity": "email", "category": "contact",
         "mask": {"strategy": "token", "suffix": "@erased.invalid"}},
        {"name": "full_name", "category": "contact", "attribute": "full_name"},
        {"name": "phone", "category": "contact"},
    ],
    "visits": [PK, {"name": "account_id"}, {"name": "ip", "category": "usage"}, {"name": "seen_on", "category": "usage"}],
    "messages": [
        PK,
        {"name": "sender_id"},
        {"name": "recipient_id"},
        {"name": "sender_name", "category": "contact", "person": "sender_id"},
        {"name": "recipient_name", "category": "contact", "person": "recipient_id"},
        {"name": "body", "category": "contact", "person": "sender_id"},
    ],
    "payments": [PK, {"name": "account_id"}, {"name": "amount", "category": "usage"}],
    "ratings": [
        {"name": "account_id", "primary_key": True},
        {"name": "item", "primary_key": True, "category": "usage"},
        {"name": "stars", "category": "usage"},
    ],
    "newsletter": [
        PK,
        {"name": "email", "identity": "email", "category": "contact"},
        {"name": "subscribed", "category": "usage", "suppress": {"value": False}},
    ],
}  # fmt: skip
OPTIONS = {
    "accounts": {"erase": "mask"},
    "payments": {"erase": "keep", "keep_ground": "legal_obligation", "keep_until": "2036"},
    "visits": {"dated_by": "seen_on"},
}


@dataclass
class Shop:
    """The shop's own database, looked at behind the portal's back."""

    engine: sa.Engine

    def rows(self, table: sa.Table, **where: Any) -> list[dict[str, Any]]:
        query = sa.select(table)
        for name, value in where.items():
            query = query.where(table.c[name] == value)
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query.order_by(*table.primary_key.columns))]

    def do(self, statement: Any, *more: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(statement, *more)


def open_shop(address: str, visits_each: int = 25) -> Shop:
    """Make the tables anew, fill them, describe them, connect them."""
    shop = Shop(sa.create_engine(address))
    meta.drop_all(shop.engine)
    meta.create_all(shop.engine)
    fill(shop, visits_each)
    describe(shop.engine.url.render_as_string(hide_password=False))
    return shop


def fill(shop: Shop, visits_each: int) -> None:
    people = [(1, "Anna@People.example", "Anna Adler"), (2, BEN, "Ben Baker"), (3, "cleo@people.example", "Cleo Cole")]
    shop.do(
        accounts.insert(),
        [{"id": pk, "email": mail, "full_name": name, "phone": f"+49 30 {pk}"} for pk, mail, name in people],
    )
    for pk, mail, _ in people:
        days = [{"account_id": pk, "ip": f"192.0.2.{pk}", "seen_on": date(2026, 1, 1) + timedelta(turn % 300)}
                for turn in range(visits_each)]  # fmt: skip
        shop.do(visits.insert(), days)
        shop.do(payments.insert(), [{"account_id": pk, "amount": 4900}])
        shop.do(ratings.insert(), [{"account_id": pk, "item": f"b{one}", "stars": 4} for one in range(3)])
        shop.do(newsletter.insert(), [{"email": mail, "subscribed": True}])
    pairs = [(1, 2), (2, 1), (2, 3), (1, 1)]
    names = {pk: name for pk, _, name in people}
    shop.do(
        messages.insert(),
        [{"sender_id": one, "recipient_id": two, "sender_name": names[one], "recipient_name": names[two],
          "body": f"Greetings from {names[one]}"} for one, two in pairs],
    )  # fmt: skip


def describe(address: str) -> None:
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    categories = {key: DataCategory.objects.create(key=key, name=key) for key in ("contact", "usage")}
    made: dict[tuple[str, str], Field] = {}
    for table, columns in FIELDS.items():
        collection = Collection.objects.create(
            dataset=dataset, name=table, title=table.title(), **OPTIONS.get(table, {})
        )
        for column in columns:
            rest = {key: value for key, value in column.items() if key != "category"}
            made[table, column["name"]] = Field.objects.create(
                collection=collection, category=categories.get(column.get("category", "")), **rest
            )
    for table, column in (
        ("visits", "account_id"), ("messages", "sender_id"), ("messages", "recipient_id"), ("payments", "account_id"),
        ("ratings", "account_id"),
    ):  # fmt: skip
        Reference.objects.create(field=made[table, column], target=made["accounts", "id"])
    Connection.objects.create(system=system, kind="sql", address=address)


def staff() -> tuple[User, User]:
    """Jonas proposes, Maya approves."""
    jonas, _ = User.objects.get_or_create(username="jonas")
    maya, _ = User.objects.get_or_create(username="maya")
    return jonas, maya


def end_hold(hold: LegalHold) -> None:
    """Jonas asks for its release, Maya grants it."""
    for user in staff():
        user.user_permissions.add(Permission.objects.get(codename="release_legalhold"))
    jonas, maya = (User.objects.get(pk=one.pk) for one in staff())
    holds.ask_release(hold, by=jonas, reason="The claim was settled.")
    holds.release(hold, by=maya)


def person(mail: str = ANNA) -> DataSubject:
    return registry.find_or_make("email", mail, actor=CLERK)


def run_all(batch: Batch, times: int = 20) -> None:
    """Run whatever is claimable, as workers would, until nothing moves."""
    for _ in range(times):
        todo = batches.claimable(timezone.now()).filter(batch=batch)
        if not todo:
            return
        for order in todo:
            engine.run(order.pk)


def find(mail: str = ANNA) -> Batch:
    batch = batches.open_find(origin="PR-TEST", subject=person(mail), identities={"email": [mail]}, actor=CLERK)
    run_all(batch)
    return batch


def allow(batch: Batch, operation: str = "erase", **more: Any) -> Authorisation:
    jonas, maya = staff()
    basis = "opt_out" if operation == "suppress" else "request"
    return batches.authorise(
        batch, operation=operation, basis=basis, proved_at=timezone.now(), proposed_by=jonas, approved_by=maya,
        actor=CLERK, **more,
    )  # fmt: skip


def order_of(batch: Batch, operation: str = "erase") -> WorkOrder:
    return WorkOrder.objects.get(batch=batch, operation=operation)
