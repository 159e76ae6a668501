"""The lock by which a hold is either before a chunk of an erasure or after it."""

from django.db import connection

# PostgreSQL advisory lock that the chunks of erasures share and that placing a hold takes alone. SQLite: transactions are
# IMMEDIATE there, so a placing and a chunk never run at the same time.
HOLDS_LOCK = 7_420_002


def share() -> None:
    """Keep holds from being placed until the transaction ends."""
    _take("pg_advisory_xact_lock_shared")


def take_alone() -> None:
    """Wait for the chunks at work, and keep others from beginning until the transaction ends."""
    _take("pg_advisory_xact_lock")


def _take(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [HOLDS_LOCK])
