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
from connectors.kinds.whole import NOTHING, Digest, Only, Span, These, spanned
from inventory.graph import CollectionSpec

if TYPE_CHECKING:
    from connectors.kinds.sql import Sql

# A table and nothing but one: no view, no parts, no rules, and no triggers of its own that might bring rows back. None for one
# that does not keep the key unique by itself.
PLAIN = """
SELECT c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relhassubclass
 AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = :key
WHERE c.oid = to_regclass(:name) AND to_regprocedure('hashint8extended(bigint, bigint)') IS NOT NULL
 AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indisready
  AND i.indimmediate AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)"""

# Lists of keys, one after the other: how many each has, the sum of their hashes, the least and the greatest.
SPANS = sa.text("""
SELECT count(*), sum(hashint8extended(key, CAST(:seed AS bigint))), min(key), max(key)
FROM unnest(string_to_array(CAST(:lists AS text), ';')) WITH ORDINALITY AS part(list, turn),
 unnest(CAST('{' || part.list || '}' AS bigint[])) AS key GROUP BY part.turn ORDER BY part.turn""")


def offered(kind: "Sql", spec: CollectionSpec) -> "SqlWhole | None":
    """The rows of a collection, many at a time; None where the server or the table is not made for it."""
    if kind.dialect != "postgresql" or len(spec.primary_key) != 1:
        return None
    with translated(spec.place):
        table = kind.table(spec.name)
        column = column_of(table, spec, spec.primary_key[0])
        if not isinstance(column.type, sa.Integer):
            return None
        name = kind.engine.dialect.identifier_preparer.format_table(table)
        with kind.reading() as connection:
            plain = connection.execute(sa.text(PLAIN), {"name": name, "key": column.name}).scalar()
    return None if plain is None else SqlWhole(kind, spec, table, plain=bool(plain))


class SqlWhole:
    """See `connectors.kinds.whole.Whole`."""

    def __init__(self, kind: "Sql", spec: CollectionSpec, table: sa.Table, *, plain: bool) -> None:
        self.kind, self.spec, self.table, self.plain = kind, spec, table, plain
        self.key = table.c[spec.primary_key[0]]
        self.between = True  # whether pages are read by the least and the greatest of their keys
        self.odd = False  # whether there are dates that Python has not

    def spans(self, lists: Sequence[str]) -> list[Span]:
        """Each list of keys as a span."""
        with translated(self.spec.place), self.kind.reading() as connection:
            return self._spans(connection, lists) if lists else []

    def _spans(self, connection: sa.Connection, lists: Sequence[str]) -> list[Span]:
        rows = connection.execute(SPANS, {"lists": ";".join(lists), "seed": self.kind.seed}).all()
        return [Span((count, int(total)), least, greatest) for count, total, least, greatest in rows]

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

    def referring(self, target: CollectionSpec, keys: Sequence[Key], tie: Tie) -> Only | None:
        """The search by the one column that refers to the one column of the target's key."""
        assert isinstance(tie, SqlTie)
        table = self.kind.table(target.name)
        referred = tie.referred or tuple(column.name for column in table.primary_key)
        plain = len(tie.columns) == 1 and referred == target.primary_key and tie.columns[0] in self.table.c
        if not plain or tie.table != self.table.name or tie.schema != self.table.schema:
            return None
        return None if textual(self.table.c[tie.columns[0]]) else Only(tie.columns[0], tuple(key for (key,) in keys))

    def delete(self, session: Changing, these: These, only: Only) -> bool | None:
        """Delete these rows, if nothing refers to the table and no rule of its own runs."""
        assert isinstance(session, SqlChanging)
        if not self.plain or self.kind.ties(self.spec):
            return None
        delete = sa.delete(self.table).where(*self._these(these, only))
        with translated(self.spec.place):
            if isinstance(these, str):
                return session.connection.execute(delete).rowcount == _count(these)
            gone = delete.returning(self.key.label("key")).cte("privacyops gone")
            count, total = session.connection.execute(sa.select(*self._sums(gone.c.key))).one()
            return (int(count), int(total)) == these.digest

    def written(self, fields: Sequence[str], lists: Sequence[str], only: Only) -> bytes | None:
        """These rows as JSON. None for a type or a value that only we can write."""
        with translated(self.spec.place):
            columns = [column_of(self.table, self.spec, name) for name in fields]
            if not sql_json.writable(columns) or not lists:
                return None
            # A connection of its own, since this may be another thread.
            with self.kind.engine.connect() as connection, connection.begin():
                span = spanned(self._spans(connection, lists)) if self.between else None
                text = self._json(connection, columns, span, only) if span is not None and span.dense else None
                if text is None:
                    # More rows of theirs stand between these than are asked for: no use trying that again.
                    self.between = self.between and span is not None and not span.dense
                    text = self._json(connection, columns, ",".join(lists), only)
            return text

    def _json(
        self, connection: sa.Connection, columns: Sequence[sa.Column[Any]], these: These, only: Only
    ) -> bytes | None:
        sums = self._sums(self.key) if isinstance(these, Span) else [sa.func.count(), sa.null()]
        query = sql_json.query(self.table, columns, *sums, odd=self.odd).where(*self._these(these, only))
        count, total, text, *usual = connection.execute(query).one()
        told = count == _count(these) if isinstance(these, str) else (int(count), int(total)) == these.digest
        if not told or not isinstance(text, str):
            return None
        if False in usual and not self.odd:
            self.odd = True
            return self._json(connection, columns, these, only)
        return text.encode("utf-8", "replace")

    def _these(self, these: These, only: Only) -> list[sa.ColumnElement[bool]]:
        column = column_of(self.table, self.spec, only.field)
        if isinstance(these, str):
            keys = [self.key == sa.any_(sa.cast(_list(these), postgresql.ARRAY(self.key.type)))]
        else:
            keys = [comparable(self.key) >= these.least, comparable(self.key) <= these.greatest]
        wanted = _wanted(column, only)
        if not textual(column):
            # IS TRUE: a condition that no index serves. By the person's own index each chunk would read all rows of theirs.
            return [*keys, comparable(column).in_(wanted).is_(sa.true())]
        # Sign by sign: what a collation takes for equal may be somebody else.
        exactly: Any = sa.collate(sa.cast(column, sa.Text()), "C")
        texts = {same_text(one, only.folded) for one in wanted}
        return [*keys, (sa.func.lower(exactly) if only.folded else exactly).in_(sorted(texts)).is_(sa.true())]

    def _sums(self, key: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
        hashed = sa.func.hashint8extended(sa.cast(key, sa.BigInteger()), sa.literal(self.kind.seed, sa.BigInteger()))
        return [sa.func.count(), sa.func.coalesce(sa.func.sum(hashed), 0)]

    def _digest(self, query: sa.Select[Any]) -> Digest:
        with translated(self.spec.place), self.kind.reading() as connection:
            count, total = connection.execute(query).one()
        return int(count), int(total)


def _list(numbers: str) -> sa.ColumnElement[str]:
    return sa.literal(f"{{{numbers}}}", sa.Text())


def _count(numbers: str) -> int:
    return numbers.count(",") + 1


def _wanted(column: sa.ColumnElement[Any], only: Only) -> list[Any]:
    return list(dict.fromkeys(one for value in only.values for one in spellings(column, value)))
