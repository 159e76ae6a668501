"""The table of retention that is never changed: the sealed list."""

from typing import Any

from audit import triggers

TABLES = (triggers.Table("retention_sealedentry", "the sealed list is append-only"),)
triggers.guard(*TABLES)


def install(apps: Any, schema_editor: Any) -> None:
    """For a migration; to be called again by each that alters the table."""
    for table in TABLES:
        triggers.install(schema_editor.connection, table)


def remove(apps: Any, schema_editor: Any) -> None:
    """For a migration."""
    for table in TABLES:
        triggers.remove(schema_editor.connection, table)
