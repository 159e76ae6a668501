"""The company's own Django project: collections are models, fields are model fields, the work is done in SQL.

Inside the project (PrivacyOps in its INSTALLED_APPS, or its apps in ours) the address is `django:<alias>` of DATABASES, and
tables and columns are what the models say. Beside it the address is a database URL, and the description lists the models'
tables and columns, as `docs/connector-kinds.md` has them printed. Nothing of the project's own code runs: no save(), no signal.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connections

from audit.refusal import Refused
from connectors.kinds.base import Carried, Column, Found, Key, Mask, Permanent, Rights, Spare, Tie, register
from connectors.kinds.http_part import FILE, Part
from connectors.kinds.sql import Sql
from connectors.kinds.sql_changing import SqlChanging
from connectors.kinds.sql_engines import engine_for
from connectors.kinds.sql_ties import SqlTie
from connectors.models import Batch, Connection
from inventory.dating import Counted, Due, ParentDate
from inventory.descriptions.lines import parse
from inventory.graph import CollectionSpec

HERE = "django:"
BACKENDS = {"sqlite3": "sqlite", "postgresql": "postgresql", "postgis": "postgresql", "mysql": "mysql"}


@dataclass(frozen=True)
class Stored:
    """How a model is stored: its table, and the column of each field."""

    table: str
    columns: Mapping[str, str]


Models = Callable[[CollectionSpec], Stored]


@register("django")
def open_django(connection: Connection, batch: Batch | None = None) -> "DjangoModels":
    """The kind behind `django:<alias>`, or a database URL with described models. Raises Permanent for a fault in either."""
    if connection.address.startswith(HERE):
        return DjangoModels(Sql(engine_for(_address(connection.address.removeprefix(HERE)))), _installed)
    models = _described(connection.described)

    def known(spec: CollectionSpec) -> Stored:
        if spec.name not in models:
            raise Permanent(
                "schema", f"{spec.place}: the connection's description has no such model. Print it anew, then retry."
            )
        return models[spec.name]

    return DjangoModels(Sql(engine_for(connection.address)), known)


def _address(alias: str) -> str:
    """The alias's database as a URL."""
    if alias not in connections:
        raise Permanent("connection", "DATABASES has no such alias. Mend the address or the settings, then retry.")
    held = connections[alias].settings_dict
    backend = BACKENDS.get(str(held["ENGINE"]).rpartition(".")[2])
    if backend is None:
        raise Permanent(
            "connection", "The alias's database engine is none that we speak. Use another kind, then retry."
        )
    options = {name: str(one) for name, one in (held.get("OPTIONS") or {}).items() if name.startswith("ssl") and one}
    url = sa.URL.create(
        backend, held.get("USER") or None, held.get("PASSWORD") or None, held.get("HOST") or None,
        int(held["PORT"]) if held.get("PORT") else None, str(held["NAME"]), options if backend == "postgresql" else {},
    )  # fmt: skip
    return url.render_as_string(hide_password=False)


def _installed(spec: CollectionSpec) -> Stored:
    """What the installed model says. Raises Permanent for a model or a field without a column in its table."""
    try:
        model = apps.get_model(spec.name)
    except (LookupError, ValueError):
        model = None
    if model is None:
        raise Permanent("schema", f"{spec.place}: no such model is installed. Write it as app_label.Model, then retry.")
    columns = {}
    for one in spec.fields:
        try:
            field = model._meta.pk if one.name == "pk" else model._meta.get_field(one.name)
        except FieldDoesNotExist:
            continue  # told by its name when it is asked for
        column = None if getattr(field, "many_to_many", False) else getattr(field, "column", None)
        if column is None or getattr(field, "model", model)._meta.concrete_model is not model._meta.concrete_model:
            raise Permanent(
                "schema",
                f"{spec.place}.{one.name} has no column in the model's own table. Describe the model that holds it.",
            )
        columns[one.name] = str(column)
    return Stored(model._meta.db_table, columns)


def _described(yaml: str) -> dict[str, Stored]:
    try:
        models = Part(parse(yaml, FILE), "").part("models")
    except Refused as error:
        raise Permanent("connection", error.message) from None
    if not models.row:
        models.refuse(
            "models",
            "is missing: list the models with their tables and columns, or write django:<alias> as the address",
        )
    made = {}
    for name in models.row:
        part = models.part(name)
        part.only("table", "fields")
        fields = part.part("fields")
        made[name] = Stored(part.text("table"), {field: fields.text(field) for field in fields.row})
    return made


def _named(keys: Iterable[frozenset[str]], fields: Mapping[str, str]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(fields.get(column, column) for column in key) for key in keys)


class DjangoModels:
    """See `connectors.kinds.base.Kind`. It calls things by their names in the database and leaves the rest to `Sql`."""

    def __init__(self, sql: Sql, models: Models) -> None:
        self.sql, self.models, self.engine = sql, models, sql.engine

    def column(self, spec: CollectionSpec, field: str) -> str:
        """The column of a field; an unknown field keeps its name, and the database tells of it."""
        return self.models(spec).columns.get(field, field)

    def stored(self, spec: CollectionSpec) -> CollectionSpec:
        """The description in the words of the database."""
        found = self.models(spec)

        def name(field: str) -> str:
            return found.columns.get(field, field)

        fields = tuple(replace(one, name=name(one.name), person=name(one.person)) for one in spec.fields)
        beside = tuple(name(one) for one in spec.beside)
        stored = replace(spec, name=found.table, fields=fields, dated_by=name(spec.dated_by), beside=beside)
        return stored if spec.due is None else replace(stored, due=self._stored_due(spec, spec.due))

    def _stored_due(self, spec: CollectionSpec, due: Due) -> Due:
        parents = tuple(
            ParentDate(
                self.stored(one.spec),
                tuple(self.column(spec, name) for name in one.mine),
                tuple(self.column(one.spec, name) for name in one.theirs),
                self.column(one.spec, one.field),
            )
            for one in due.parents
        )
        return Due(due.before, tuple(self.column(spec, name) for name in due.own), parents)

    def stored_rights(self, spec: CollectionSpec, rights: Rights) -> tuple[str, Rights]:
        """(table, the rights by its columns)."""
        reads, updates, searches = (
            tuple(self.column(spec, one) for one in names) for names in (rights.reads, rights.updates, rights.searches)
        )
        return self.models(spec).table, Rights(reads, updates, rights.deletes, searches)

    def check(self) -> str:
        """Connect and ask for nothing; a sentence for the desk."""
        return self.sql.check()

    def ready(self, spec: CollectionSpec, masks: Mapping[str, Mask] | None) -> None:
        """See `Sql.ready`."""
        self.sql.ready(self.stored(spec), None if masks is None else self.masks(spec, masks))

    def lacking(self, spec: CollectionSpec, rights: Rights) -> list[str]:
        """See `Sql.lacking`."""
        return self.sql.lacking(self.stored(spec), self.stored_rights(spec, rights)[1])

    def carried(self, spec: CollectionSpec) -> list[Carried]:
        """See `Sql.carried`. What the project itself does on a deletion (`on_delete`) is its own code, and does not run."""
        return list(self.sql.carried(self.stored(spec)))

    def ties(self, spec: CollectionSpec) -> Sequence[SqlTie]:
        """See `Sql.ties`."""
        return self.sql.ties(self.stored(spec))

    def holding(
        self,
        spec: CollectionSpec,
        keys: Sequence[Key],
        spare: Spare,
        tie: SqlTie,
        holder: CollectionSpec | None,
        *,
        itself: bool = False,
    ) -> Iterator[Key]:
        """See `Sql.holding`."""
        spared = {self.column(spec, name): some for name, some in spare.items()}
        theirs = None if holder is None else self.stored(holder)
        return self.sql.holding(self.stored(spec), keys, spared, tie, theirs, itself=itself)

    def masks(self, spec: CollectionSpec, masks: Mapping[str, Mask]) -> dict[str, Mask]:
        """The masks by column."""
        return {self.column(spec, name): mask for name, mask in masks.items()}

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The live columns of a model's fields."""
        live = self.sql.columns(self.stored(spec))
        names = {one.name: self.column(spec, one.name) for one in spec.fields}
        fields = {column: field for field, column in names.items()}
        return {
            field: replace(live[column], name=field, together=_named(live[column].together, fields))
            for field, column in names.items()
            if column in live
        }

    def keyed(self, spec: CollectionSpec) -> bool:
        """Whether the database itself keeps the described key unique."""
        return self.sql.keyed(self.stored(spec))

    def typed(self, spec: CollectionSpec, field: str, values: Sequence[Any]) -> list[Any]:
        """See `Sql.typed`."""
        return self.sql.typed(self.stored(spec), self.column(spec, field), values)

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """See `Sql.find`."""
        found = self.sql.find(self.stored(spec), self.column(spec, field), values, folded=folded)
        yield from self._named(spec, found)

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """See `Sql.find_together`."""
        columns = [self.column(spec, one) for one in fields]
        yield from self._named(spec, self.sql.find_together(self.stored(spec), columns, rows))

    def fits(self, spec: CollectionSpec, fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
        """See `Sql.fits`."""
        return self.sql.fits(self.stored(spec), [self.column(spec, one) for one in fields], rows)

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """See `Sql.find_before`."""
        yield from self._named(spec, self.sql.find_before(self.stored(spec), self.column(spec, field), before))

    def find_due(self, spec: CollectionSpec) -> Iterator[Found]:
        """See `Sql.find_due`."""
        yield from self._named(spec, self.sql.find_due(self.stored(spec)))

    def due_among(self, spec: CollectionSpec, keys: Sequence[Key]) -> list[Key]:
        """See `Sql.due_among`."""
        return self.sql.due_among(self.stored(spec), keys)

    def count_due(self, spec: CollectionSpec, days: Sequence[date]) -> Counted:
        """See `Sql.count_due`."""
        return self.sql.count_due(self.stored(spec), days)

    def sum_up(
        self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare, fields: Sequence[str], numbers: Sequence[str]
    ) -> list[tuple[tuple[Any, ...], int, tuple[Any, ...]]]:
        """See `Sql.sum_up`."""
        named = [[self.column(spec, one) for one in names] for names in (fields, numbers)]
        spared = {self.column(spec, name): some for name, some in spare.items()}
        return self.sql.sum_up(self.stored(spec), keys, spared, *named)

    def every(self, spec: CollectionSpec, field: str) -> Iterator[Any]:
        """See `Sql.every`."""
        yield from self.sql.every(self.stored(spec), self.column(spec, field))

    def _named(self, spec: CollectionSpec, found: Iterator[Found]) -> Iterator[Found]:
        links = {name: self.column(spec, name) for name in spec.people}
        for one in found:
            yield Found(one.key, one.on, {name: one.people[column] for name, column in links.items()})

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """See `Sql.values`."""
        return self.sql.values(self.stored(spec), self.column(spec, field), keys)

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """See `Sql.read`."""
        names = list(fields)
        columns = [self.column(spec, one) for one in names]
        rows = self.sql.read(self.stored(spec), columns, keys)
        return [{name: row[column] for name, column in zip(names, columns, strict=True)} for row in rows]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """See `Sql.asking`."""
        with self.sql.asking():
            yield

    @contextmanager
    def looking(self) -> Iterator["ModelsChanging"]:
        """See `Sql.looking`."""
        with self.sql.looking() as session:
            yield ModelsChanging(self, session)

    @contextmanager
    def changing(self) -> Iterator["ModelsChanging"]:
        """See `Sql.changing`."""
        with self.sql.changing() as session:
            yield ModelsChanging(self, session)


class ModelsChanging:
    """See `connectors.kinds.base.Changing`."""

    def __init__(self, kind: DjangoModels, session: SqlChanging) -> None:
        self.kind, self.session = kind, session

    def _spare(self, spec: CollectionSpec, spare: Spare) -> Spare:
        return {self.kind.column(spec, name): some for name, some in spare.items()}

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Delete these rows but the spared ones; how many went."""
        return self.session.delete(self.kind.stored(spec), keys, self._spare(spec, spare))

    def count_due(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there and due still, the spared ones aside."""
        return self.session.count_due(self.kind.stored(spec), keys, self._spare(spec, spare))

    def referring(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> dict[Carried, int]:
        """How many other rows would be carried along if these were deleted."""
        return self.session.referring(self.kind.stored(spec), keys, self._spare(spec, spare))

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring these rows into the wanted state; how many were not in it yet."""
        return self.session.update(self.kind.stored(spec), keys, self.kind.masks(spec, masks), self._spare(spec, spare))

    def leaves(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare, ties: Sequence[Tie]) -> list[Key]:
        """Those of these rows to which no other row of their table refers."""
        return self.session.leaves(self.kind.stored(spec), keys, self._spare(spec, spare), ties)

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there, the spared ones aside."""
        return self.session.count(self.kind.stored(spec), keys, self._spare(spec, spare))

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not in the wanted state, the spared ones aside."""
        wanted = self.kind.masks(spec, masks)
        return self.session.count_unlike(self.kind.stored(spec), keys, wanted, self._spare(spec, spare))
