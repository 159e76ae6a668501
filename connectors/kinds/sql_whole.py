"""Many rows in one statement, on PostgreSQL: sets of keys compared by the server, rows deleted and written by it.

Only for tables whose key is one whole number. Two sets of keys are taken for equal when their counts and the sums of their
64-bit hashes are, under a seed that was drawn for this work.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.kinds import sql_json
from connectors.kinds.base import Changing, Key, Permanent, Tie
from connectors.kinds.sql_changing import SqlChanging
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import among, column_of
from connectors.kinds.sql_ties import SqlTie
from connectors.kinds.sql_values import comparable, same_text, spellings, textual
from connectors.kinds.whole import NOTHING, Digest, Only
from inventory.graph import CollectionSpec

if TYPE_CHECKING:
    from connectors.kinds.sql import Sql

# A table and nothing but one: no view, no parts, no rules, and no triggers of its own that might bring rows back.
PLAIN = """
SELECT c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relhassubclass
 AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D')
FROM pg_class c WHERE c.oid = to_regclass(:name) AND to_regprocedure('hashint8extended(bigint, bigint)') IS NOT NULL"""


def offered(kind: "Sql", spec: CollectionSpec) -> "SqlWhole | None":
    """The rows of a collection, many at a time; None where the server or the table is not made for it."""
    if kind.dialect != "postgresql" or len(spec.primary_key) != 1:
        return None
    with translated(spec.place):
        table = kind.table(spec.name)
        column = column_of(table, spec, spec.primary_key[0])
        if not isinstance(column.type, sa.Integer) or not kind.keyed(spec):
            return None
        name = kind.engine.dialect.identifier_preparer.format_table(table)
        with kind.reading() as connection:
            plain = connection.execute(sa.text(PLAIN), {"name": name}).scalar()
    return None if plain is None else SqlWhole(kind, spec, table, plain=bool(plain))


class SqlWhole:
    """See `connectors.kinds.whole.Whole`."""

    def __init__(self, kind: "Sql", spec: CollectionSpec, table: sa.Table, *, plain: bool) -> None:
        self.kind, self.spec, self.table, self.plain = kind, spec, table, plain
        self.key = table.c[spec.primary_key[0]]

    def frozen(self, numbers: str) -> Digest:
        """The digest of these keys."""
        if not numbers:
            return NOTHING
        listed = sa.func.unnest(sa.cast(_list(numbers), postgresql.ARRAY(sa.BigInteger()))).column_valued("key")
        return self._digest(sa.select(*self._sums(listed)))

    def matching(self, only: Only) -> Digest | None:
        """The digest of what a search finds. None for a text, of which the search compares more than the server does."""
        column = column_of(self.table, self.spec, only.field)
        if textual(column):
            return None
        wanted = _wanted(column, only)
        if not wanted:
            return NOTHING
        return self._digest(sa.select(*self._sums(self.key)).where(comparable(column).in_(wanted)))

    def holding(self, target: CollectionSpec, keys: Sequence[Key], tie: Tie) -> Digest | None:
        """The digest of what refers. None when our login may not look."""
        assert isinstance(tie, SqlTie)
        table = self.kind.table(target.name)
        names = dict.fromkeys((*tie.columns, self.key.name))
        child = sa.table(tie.table, *map(sa.column, names), schema=tie.schema).alias("holding")
        referred = tie.referred or tuple(column.name for column in table.primary_key)
        same = [child.c[mine] == table.c[theirs] for mine, theirs in zip(tie.columns, referred, strict=True)]
        query = sa.select(*self._sums(child.c[self.key.name])).select_from(table.join(child, sa.and_(*same)))
        try:
            return self._digest(query.where(among(table, target, keys)))
        except Permanent as error:
            if error.code not in ("permission", "schema"):
                raise
            return None

    def delete(self, session: Changing, numbers: str, only: Only) -> int | None:
        """Delete these rows, if nothing refers to the table and no rule of its own runs."""
        assert isinstance(session, SqlChanging)
        if not self.plain or self.kind.ties(self.spec):
            return None
        with translated(self.spec.place):
            return session.connection.execute(sa.delete(self.table).where(*self._these(numbers, only))).rowcount

    def written(self, fields: Sequence[str], numbers: str, only: Only) -> tuple[int, bytes] | None:
        """These rows as JSON. None for a type that only we can write, or for a text with odd signs in it."""
        with translated(self.spec.place):
            columns = [column_of(self.table, self.spec, name) for name in fields]
            if not columns or not sql_json.writable(columns):
                return None
            with self.kind.reading() as connection:
                query = sql_json.query(columns).where(*self._these(numbers, only))
                return sql_json.made(columns, connection.execute(query).one())

    def _these(self, numbers: str, only: Only) -> list[sa.ColumnElement[bool]]:
        column = column_of(self.table, self.spec, only.field)
        these = self.key == sa.any_(sa.cast(_list(numbers), postgresql.ARRAY(self.key.type)))
        wanted = _wanted(column, only)
        if not textual(column):
            # IS TRUE: a condition that no index serves. By the person's own index each chunk would read all rows of theirs.
            return [these, comparable(column).in_(wanted).is_(sa.true())]
        # Sign by sign: what a collation takes for equal may be somebody else.
        exactly: Any = sa.collate(sa.cast(column, sa.Text()), "C")
        texts = {same_text(one, only.folded) for one in wanted}
        return [these, (sa.func.lower(exactly) if only.folded else exactly).in_(sorted(texts)).is_(sa.true())]

    def _sums(self, key: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
        hashed = sa.func.hashint8extended(sa.cast(key, sa.BigInteger()), sa.literal(self.kind.seed, sa.BigInteger()))
        return [sa.func.count(), sa.func.coalesce(sa.func.sum(hashed), 0)]

    def _digest(self, query: sa.Select[Any]) -> Digest:
        with translated(self.spec.place), self.kind.reading() as connection:
            count, total = connection.execute(query).one()
        return int(count), int(total)


def _list(numbers: str) -> sa.ColumnElement[str]:
    return sa.literal(f"{{{numbers}}}", sa.Text())


def _wanted(column: sa.ColumnElement[Any], only: Only) -> list[Any]:
    return list(dict.fromkeys(one for value in only.values for one in spellings(column, value)))
