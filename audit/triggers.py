"""The triggers that keep tables append-only: the event log, and what other floors `guard`. Called by migrations, and
by tests around a flush.

SQLite: INSERT OR REPLACE passes a DELETE trigger unless `recursive_triggers` is on (settings turn it on). A migration that
alters a guarded table makes it anew there, without its triggers: it must end with `install` (`manage.py doctor` sees).
PostgreSQL: ENABLE ALWAYS holds against `session_replication_role = replica`. The owner of the table can still drop a
trigger: production runs the portal as another role (docs/deploy), and the chain shows what was changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table whose rows are never changed or deleted. `emptied`: the one way out, columns that may be set to this value (an
    SQL literal) and to nothing else, so that a row can lose what leads to a person. `once`: a column; rows are free until it is
    set (a draft until it is published).
    """

    name: str
    words: str
    emptied: Mapping[str, str] = field(default_factory=dict)
    once: str = ""


EVENTS = Table("audit_event", "events are append-only")
TABLES: list[Table] = [EVENTS]


def guard(*tables: Table) -> None:
    """Make tables of another floor known; their own migration installs the triggers."""
    TABLES.extend(one for one in tables if one not in TABLES)


def install(connection: Any, table: Table = EVENTS) -> None:
    """Create the triggers; safe to repeat."""
    with connection.cursor() as cursor:
        for statement in _postgresql(table) if connection.vendor == "postgresql" else _sqlite(cursor, table):
            cursor.execute(statement)


def _postgresql(table: Table) -> list[str]:
    name, same = table.name, "false"
    when = f"WHEN (OLD.{table.once} IS NOT NULL) " if table.once else ""
    if table.emptied:
        rest = "".join(f" - '{column}'" for column in table.emptied)
        emptied = "".join(
            f" AND (NEW.{column} = OLD.{column} OR NEW.{column} = {value})" for column, value in table.emptied.items()
        )
        same = f"to_jsonb(NEW){rest} = to_jsonb(OLD){rest}{emptied}"
    return [
        f"""CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF TG_OP = 'UPDATE' THEN IF {same} THEN RETURN NEW; END IF; END IF;
        RAISE EXCEPTION '{table.words}'; END $$""",
        f"""CREATE OR REPLACE TRIGGER {name}_rows BEFORE UPDATE OR DELETE ON {name}
        FOR EACH ROW {when}EXECUTE FUNCTION {name}_refuse()""",
        f"""CREATE OR REPLACE TRIGGER {name}_whole BEFORE TRUNCATE ON {name}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()""",
        f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {name}_rows",
        f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {name}_whole",
    ]


def _sqlite(cursor: Any, table: Table) -> list[str]:
    unless, once = "", f"WHEN OLD.{table.once} IS NOT NULL " if table.once else ""
    if table.emptied:
        cursor.execute(f"SELECT name FROM pragma_table_info('{table.name}')")
        kept = [f'NEW."{name}" IS OLD."{name}"' for (name,) in cursor.fetchall() if name not in table.emptied]
        kept += [f"(NEW.{name} IS OLD.{name} OR NEW.{name} = {value})" for name, value in table.emptied.items()]
        unless = f"WHEN NOT ({' AND '.join(kept)}) "
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{table.words}'); END"
        for verb, when in (("UPDATE", unless or once), ("DELETE", once))
    ]


def installed(connection: Any, table: Table = EVENTS) -> bool:
    """Whether all of them are there and on."""
    if connection.vendor == "postgresql":
        wanted = (
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal AND tgenabled = 'A'"
        )
    else:
        wanted = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    with connection.cursor() as cursor:
        cursor.execute(wanted, [table.name])
        return bool(cursor.fetchone()[0] >= 2)


def remove(connection: Any, table: Table = EVENTS) -> None:
    """Drop the triggers (to undo the migration, and around a test's flush)."""
    name = table.name
    if connection.vendor == "postgresql":
        statements = [f"DROP TRIGGER IF EXISTS {name}_{which} ON {name}" for which in ("rows", "whole")]
    else:
        statements = [f"DROP TRIGGER IF EXISTS {name}_no_{verb}" for verb in ("update", "delete")]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
