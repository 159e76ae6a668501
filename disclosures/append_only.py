"""What is never changed: the ledger of disclosures, what was taken back of it, and what left as an aggregate release.

One way out of the ledger, for a person who is forgotten (`forgetting`): an entry may be emptied of the caller's key, which may
lead to somebody. The subject's id stays: it leads to nobody once the identifiers are gone.
"""

from typing import Any

from audit import triggers

LEDGER = (triggers.Table("disclosures_disclosure", "disclosures are append-only", {"idempotency_key": "''"}),)
RETRACTIONS = (triggers.Table("disclosures_retraction", "what was taken back stays so: enter it anew"),)
RELEASES = (
    triggers.Table("disclosures_release", "a release is never changed"),
    triggers.Table("disclosures_budgetcharge", "what was spent of a budget is never given back"),
)
triggers.guard(*LEDGER, *RETRACTIONS, *RELEASES)


def install(apps: Any, schema_editor: Any) -> None:
    """For a migration; to be called again by each that alters the ledger."""
    for table in LEDGER:
        triggers.install(schema_editor.connection, table)


def remove(apps: Any, schema_editor: Any) -> None:
    """For a migration."""
    for table in LEDGER:
        triggers.remove(schema_editor.connection, table)


def install_retractions(apps: Any, schema_editor: Any) -> None:
    """For a migration; to be called again by each that alters retractions."""
    for table in RETRACTIONS:
        triggers.install(schema_editor.connection, table)


def remove_retractions(apps: Any, schema_editor: Any) -> None:
    """For a migration."""
    for table in RETRACTIONS:
        triggers.remove(schema_editor.connection, table)


def install_releases(apps: Any, schema_editor: Any) -> None:
    """For a migration; to be called again by each that alters releases or charges."""
    for table in RELEASES:
        triggers.install(schema_editor.connection, table)


def remove_releases(apps: Any, schema_editor: Any) -> None:
    """For a migration."""
    for table in RELEASES:
        triggers.remove(schema_editor.connection, table)
