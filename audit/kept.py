"""Reads that are put into SQL once for each process, and then only filled in.

Django writes the SQL of a query anew each time. For the few reads that every step of every request makes, that costs more
than the server's answer. The statement here is Django's own, of the very query that the caller would have made: nothing
else changes, and rows come back as instances with what they refer to.
"""

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row", bound=models.Model)


class Here(Expression):
    """Where a value goes that each call names: never None, and never a list."""

    def __init__(self, name: str, field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name, self.holds = name, field

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """One placeholder, with this itself as its value until there is one."""
        return "%s", [self]

    def given(self, values: dict[str, Any]) -> Any:
        """The value of this call, as the database takes it."""
        value = values[self.name]
        if value is None:
            raise ValueError(f"{self.name} is None, and nothing equals that")
        return self.holds.get_db_prep_value(value, connection)


class Kept(Generic[Row]):
    """A read of one shape. `rows` makes the query, with `Here` for what differs from call to call."""

    def __init__(self, rows: "Callable[[], models.QuerySet[Row]]") -> None:
        self._rows = rows
        self._made: dict[str, tuple[Any, str, tuple[Any, ...]]] = {}

    def __call__(self, **values: Any) -> list[Row]:
        """The rows, read now."""
        made = self._made.get(connection.vendor)
        if made is None:
            compiler: Any = self._rows().query.get_compiler(connection=connection)
            made = self._made[connection.vendor] = (compiler, *compiler.as_sql())
        kept, sql, places = made
        if kept.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("a row is locked until its transaction ends, and there is none")
        params = tuple(one.given(values) if isinstance(one, Here) else one for one in places)
        compiler = copy.copy(kept)
        compiler.connection = connection  # each thread has its own
        compiler.as_sql = lambda: (sql, params)
        query = SimpleNamespace(get_compiler=lambda using: compiler)
        asked: Any = SimpleNamespace(
            db=connection.alias, query=query, model=kept.query.model, _known_related_objects={}
        )
        return list(ModelIterable(asked))

    def one(self, **values: Any) -> Row | None:
        """The first of the rows."""
        return next(iter(self(**values)), None)
