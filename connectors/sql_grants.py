"""The least that our login needs in an SQL database, as statements for its administrator to read and run.

Only the described tables, and of these only the columns that the work needs. The login has no password in these lines: whoever
runs them chooses one and writes it into the connection's address.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa
from django.utils.html import format_html, format_html_join

from audit.refusal import Refused
from connectors import rights, tying
from connectors.kinds import sql_schema
from connectors.kinds.base import Kind, Permanent, Rights, Temporary, open_kind
from connectors.kinds.sql_errors import translated
from connectors.models import Connection
from inventory import mapping
from inventory.graph import CollectionSpec
from inventory.models import System

LOGIN, PASSWORD = "privacyops", "<a long password of your choice>"


def statements(connection: Connection) -> list[str]:
    """The statements, in order, each without its semicolon. Raises Refused for a kind without logins."""
    kind, engine = _opened(connection)
    graph = mapping.graph(roles=tuple(System.Role.values))
    renamed = getattr(kind, "stored_rights", _as_described)
    described = list(rights.of_system(graph, connection.system.key))
    tables = [renamed(spec, needed) for spec, needed in _with_references(kind, described)]
    if engine.dialect.name == "postgresql":
        return list(_postgresql(engine, tables))
    if engine.dialect.name in ("mysql", "mariadb"):
        return list(_mysql(engine, tables))
    raise Refused(
        f"A database of the kind {engine.dialect.name} has no logins. Let the portal's account read and write its file.",
        code="no_grants",
    )


def shown(connection: Connection) -> str:
    """The statements for a page; "" for a connection that is not stored yet; the refusal's words where there are none."""
    if connection.pk is None:
        return ""
    try:
        lines = format_html_join("\n", "{};", ((one,) for one in statements(connection)))
    except Refused as error:
        return error.message
    return format_html('<pre class="grants text-xs">{}</pre>', lines)


def _with_references(
    kind: Kind, described: list[tuple[CollectionSpec, Rights]]
) -> Iterator[tuple[CollectionSpec, Rights]]:
    """The same with the references that are emptied before rows of a tree, or of a circle of tables, can go."""
    emptied = list(_emptied(kind, [spec for spec, needed in described if needed.deletes]))
    for spec, needed in described:
        names = [name for one, name in emptied if one.key == spec.key]
        reads = tuple(dict.fromkeys((*needed.reads, *names)))
        yield spec, replace(needed, reads=reads, updates=tuple(dict.fromkeys((*needed.updates, *names))))


def _emptied(kind: Kind, deleted: list[CollectionSpec]) -> Iterator[tuple[CollectionSpec, str]]:
    with suppress(Permanent, Temporary):  # told by the examination of the connection
        yield from tying.emptied(kind, deleted)


def _as_described(spec: CollectionSpec, needed: Rights) -> tuple[str, Rights]:
    return spec.name, needed


def _opened(connection: Connection) -> tuple[Kind, sa.Engine]:
    sentence = "The system does not answer just now. Try again."
    try:
        kind = open_kind(connection)
    except Permanent as error:
        sentence, kind = error.sentence, None
    except Temporary:
        kind = None
    if kind is None:
        raise Refused(sentence, code="connection")
    engine = getattr(kind, "engine", None)
    if not isinstance(engine, sa.Engine):
        raise Refused("Grants are printed for SQL databases. This kind of system has none.", code="no_grants")
    return kind, engine


def _postgresql(engine: sa.Engine, tables: list[tuple[str, Rights]]) -> Iterator[str]:
    quote = engine.dialect.identifier_preparer.quote_identifier
    placed = [(*_placed(engine, name), needed) for name, needed in tables]
    yield f"CREATE ROLE {LOGIN} LOGIN PASSWORD '{PASSWORD}' NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
    yield f"GRANT CONNECT ON DATABASE {quote(engine.url.database or '')} TO {LOGIN}"
    yield f"GRANT USAGE ON SCHEMA public TO {LOGIN}"
    for other in dict.fromkeys(schema for schema, _, _ in placed if schema):
        yield f"GRANT USAGE ON SCHEMA {quote(other)} TO {LOGIN}"
    for schema, table, needed in placed:
        name = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
        yield from (f"GRANT {right} ON {name} TO {LOGIN}" for right in _rights(needed, quote))


def _mysql(engine: sa.Engine, tables: list[tuple[str, Rights]]) -> Iterator[str]:
    quote, login = engine.dialect.identifier_preparer.quote_identifier, f"'{LOGIN}'@'%'"
    placed = [(*_placed(engine, name), needed) for name, needed in tables]
    own = engine.url.database or ""
    yield f"CREATE USER {login} IDENTIFIED BY '{PASSWORD}'"
    # Without a right to whole tables a login may not see how they are made, nor which others refer to them and would be
    # changed with them. This one shows that, and no row.
    for database in dict.fromkeys((own, *(schema for schema, _, _ in placed if schema))):
        yield f"GRANT REFERENCES ON {quote(database)}.* TO {login}"
    for schema, table, needed in placed:
        name = f"{quote(schema or own)}.{quote(table)}"
        yield from (f"GRANT {right} ON {name} TO {login}" for right in _rights(needed, quote))


def _placed(engine: sa.Engine, name: str) -> tuple[str | None, str]:
    """(schema, table) of a collection's name; while the system does not answer, what is before the last dot is a schema."""
    try:
        with translated():
            return sql_schema.place(engine, name)
    except (Permanent, Temporary):
        schema, _, table = name.rpartition(".")
        return schema or None, table


def _rights(needed: Rights, quote: Callable[[str], str]) -> Iterator[str]:
    for right, names in (("SELECT", needed.reads), ("UPDATE", needed.updates)):
        if names:
            yield f"{right} ({', '.join(quote(one) for one in names)})"
    if needed.deletes:
        yield "DELETE"
