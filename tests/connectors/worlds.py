"""Small companies made for one question each: tables, their description, their connection."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.models import Connection
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System

ADA, BEN = "ada@people.example", "ben@people.example"
PK = {"name": "id", "primary_key": True, "data_type": "integer"}
MAIL = {"name": "email", "identity": "email", "category": "contact"}
NAME = {"name": "name", "category": "contact", "attribute": "full_name"}
WORDS = {"name": "words", "category": "content"}


def describe(key: str, address: str, collections: Mapping[str, Any], links: list[tuple[str, ...]] = ()) -> System:
    """`collections`: name -> (options, fields). `links`: (child, field, parent, field[, direction[, group]])."""
    system = System.objects.create(key=key, name=key.title())
    dataset = Dataset.objects.create(system=system, key=key, name=key.title())
    for name, (options, fields) in collections.items():
        row = Collection.objects.create(dataset=dataset, name=name, title=name.title(), **options)
        for one in fields:
            rest = {word: value for word, value in one.items() if word != "category"}
            Field.objects.create(collection=row, category=category(one.get("category", "")), **rest)
    for link in links:
        refer(key, *link)
    Connection.objects.create(system=system, kind="sql", address=address)
    return system


def refer(
    dataset: str, child: str, field: str, parent: str, target: str, direction: str = "down", group: str = ""
) -> None:
    """Say that a field refers to another; `parent` may be dataset.collection; one `group`: a key of several columns."""
    other, _, name = parent.rpartition(".")
    Reference.objects.create(
        field=Field.objects.get(collection__dataset__key=dataset, collection__name=child, name=field),
        target=Field.objects.get(collection__dataset__key=other or dataset, collection__name=name, name=target),
        direction=direction,
        group=group,
    )


def category(key: str) -> DataCategory | None:
    return DataCategory.objects.get_or_create(key=key, defaults={"name": key})[0] if key else None


@contextmanager
def sqlite(folder: Path, *statements: str) -> Iterator[sa.Engine]:
    """A SQLite file with these tables and rows."""
    engine = sa.create_engine(f"sqlite:///{folder / 'world.sqlite3'}", poolclass=sa.NullPool)
    do(engine, *statements)
    yield engine
    engine.dispose()


def do(engine: sa.Engine, *statements: str) -> None:
    """Run statements behind the portal's back."""
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def address(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def table(engine: sa.Engine, sql: str) -> list[tuple[Any, ...]]:
    """What a query answers, behind the portal's back."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]
