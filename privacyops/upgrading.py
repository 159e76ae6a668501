"""Bringing the database to the shape of this release, so that a stop at any moment leaves a portal that starts again.

What goes wrong if this is wrong: a power cut in the middle of an upgrade leaves tables half made, and every later start fails.
PostgreSQL undoes an unfinished migration by itself. SQLite's schema changes are spread over several transactions, so they are
made in a copy that takes the place of the database in one rename.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from audit.failpoints import failpoint

SIDES = ("-wal", "-shm", "-journal")


def migrate(say: Callable[[str], None]) -> None:
    """Apply what this release adds. `say` is told when it takes a while. Only one process may run this at a time."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name or "mode=memory" in name:
        call_command("migrate", verbosity=0)
        return
    path = Path(name)
    copy = path.with_name(f"{path.name}.upgrade")
    _remove(copy)
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if executor.loader.applied_migrations:
        say("Bringing the database up to date, in a copy ...")
    connection.close()
    _copied(path, copy)
    connection.settings_dict["NAME"] = str(copy)
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    failpoint("upgrade.before_swap")
    _swap(copy, path)


def _copied(path: Path, copy: Path) -> None:
    """A copy of the whole database, what stands in its log included; afterwards the log is empty."""
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _swap(copy: Path, path: Path) -> None:
    """Put the copy in the place of the database: safe on the disk first, then one rename."""
    with closing(sqlite3.connect(copy)) as new:
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with copy.open("rb") as handle:
        os.fsync(handle.fileno())
    # The log of the old file is empty since the copy was made; were it left, SQLite would read it into the new one.
    for side in SIDES:
        Path(f"{copy}{side}").unlink(missing_ok=True)
        Path(f"{path}{side}").unlink(missing_ok=True)
    copy.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(copy: Path) -> None:
    """What an upgrade that was stopped left behind."""
    for side in ("", *SIDES):
        Path(f"{copy}{side}").unlink(missing_ok=True)
