"""Questions to a database that follow each other at once share one transaction.

To begin it, to set its time limits and to end it cost more than most of the questions. PostgreSQL only, at READ COMMITTED:
each statement sees what is there by then, as it would in a transaction of its own. Elsewhere a longer transaction would go
on seeing what was there at its first question (SQLite) or may not be told otherwise once it began. Nothing is written here,
and nothing that is written is waited for: who writes leaves the block first.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

# A server may end transactions that do nothing for a while.
MOST_IDLE_SECONDS = 2


class Questions:
    """The reading transactions of one opened system. One thread, as its kind."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._rows = 0  # blocks that are open, one in the other
        self._kept: sa.Connection | None = None
        self._lent = False  # to a stream: who asks meanwhile gets a transaction of their own
        self._used = 0.0

    @contextmanager
    def in_a_row(self) -> Iterator[None]:
        """What is asked in this block may share a transaction."""
        self._rows += 1
        try:
            yield
        finally:
            self._rows -= 1
            if not self._rows and not self._lent:
                self._end()

    @contextmanager
    def one(self) -> Iterator[sa.Connection]:
        """A transaction to ask something in."""
        if not self._rows or self._lent or self.engine.dialect.name != "postgresql":
            with self.engine.connect() as connection, connection.begin():
                yield connection
            return
        if self._kept is not None and time.monotonic() - self._used > MOST_IDLE_SECONDS:
            self._end()
        self._lent, answered = True, False
        try:
            yield self._kept or self._begun()
            answered = True
        finally:
            self._lent, self._used = False, time.monotonic()
            # One that failed answers nothing any more, and in one whose stream was left the stream is still open.
            if not answered or not self._rows:
                self._end(failed=not answered)

    def _begun(self) -> sa.Connection:
        self._kept = self.engine.connect()
        self._kept.begin()
        # Whatever the server's default is: a snapshot would grow old between the questions.
        self._kept.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return self._kept

    def _end(self, *, failed: bool = False) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            return
        try:
            if not failed:
                kept.commit()  # a rollback would have the driver forget the statements that it prepared
        except sa.exc.SQLAlchemyError:
            pass  # the server ended it, and nothing was written in it
        finally:
            kept.close()
