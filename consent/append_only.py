"""The tables of consent that are never changed: the ledger and the words that were shown.

One way out, for a person who is forgotten (`forgetting`): a choice may be emptied of its evidence and of the caller's key,
which may lead to somebody. Who merges two people or adopts a device needs none: choices are appended again for the survivor.
"""

from typing import Any

from audit import triggers

TABLES = (
    triggers.Table("consent_choice", "choices are append-only", {"evidence": "'{}'", "idempotency_key": "''"}),
    triggers.Table("consent_wording", "words that were shown stay as they were"),
)
triggers.guard(*TABLES)


def install(apps: Any, schema_editor: Any) -> None:
    """For a migration; to be called again by each that alters one of the tables."""
    for table in TABLES:
        triggers.install(schema_editor.connection, table)


def remove(apps: Any, schema_editor: Any) -> None:
    """For a migration."""
    for table in TABLES:
        triggers.remove(schema_editor.connection, table)
