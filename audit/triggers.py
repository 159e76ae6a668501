"""The triggers that keep the event log append-only. Called by the migration, and by tests around a flush.

SQLite: INSERT OR REPLACE passes a DELETE trigger unless `recursive_triggers` is on (settings turn it on).
PostgreSQL: ENABLE ALWAYS holds against `session_replication_role = replica`. The owner of the table can still drop a
trigger: production runs the portal as another role (docs/deploy), and the chain shows what was changed.
"""

from typing import Any

TABLE = "audit_event"
SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    f"""CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$""",
    f"""CREATE OR REPLACE TRIGGER {TABLE}_rows BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()""",
    f"""CREATE OR REPLACE TRIGGER {TABLE}_whole BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()""",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {TABLE}_rows",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {TABLE}_whole",
]


def install(connection: Any) -> None:
    """Create the triggers; safe to repeat."""
    statements = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def installed(connection: Any) -> bool:
    """Whether all of them are there and on."""
    if connection.vendor == "postgresql":
        wanted = (
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal AND tgenabled = 'A'"
        )
    else:
        wanted = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    with connection.cursor() as cursor:
        cursor.execute(wanted, [TABLE])
        return bool(cursor.fetchone()[0] >= 2)


def remove(connection: Any) -> None:
    """Drop the triggers (to undo the migration, and around a test's flush)."""
    if connection.vendor == "postgresql":
        statements = [f"DROP TRIGGER IF EXISTS {TABLE}_{name} ON {TABLE}" for name in ("rows", "whole")]
    else:
        statements = [f"DROP TRIGGER IF EXISTS {TABLE}_no_{verb}" for verb in ("update", "delete")]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
