"""A parent that another transaction dates anew while we delete: it is waited for, and its rows stay."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import acting
from connectors.kinds import sql_parents
from connectors.models import Connection
from retention import runs
from retention.models import Run
from tests.connectors.conftest import fresh
from tests.connectors.shop import Shop
from tests.retention.builders import grace_over, proposed, work
from tests.retention.test_dates import accounts, left, schedule_of
from tests.retention.test_dates import closing as closing

pytestmark = pytest.mark.django_db
ANEW = accounts.update().where(accounts.c.id == 1).values(closed_on=sa.func.now())
PATIENCE = {"postgresql": "SET lock_timeout = '300ms'", "mysql": "SET innodb_lock_wait_timeout = 1"}


@pytest.fixture(params=["postgresql", "mysql"])
def any_engine(request: pytest.FixtureRequest, need: Callable[[str, bool, str], None]) -> Iterator[sa.Engine]:
    """An empty database on each kind of server with several writers."""
    yield from fresh(request.param, need)


@pytest.fixture
def run(closing: Shop, staff: SimpleNamespace) -> Run:
    """Orders go by the day on which their account was closed; two are to go."""
    one = runs.approve(proposed(schedule_of(staff, "accounts.closed_on")), by=staff.paul, rows=2)
    grace_over(one)
    return one


class Changing:
    """Another transaction that gives account 1 a new date, and commits when it is told to."""

    def __init__(self, server: sa.Engine) -> None:
        self.connection = server.connect()
        self.transaction = self.connection.begin()
        self.connection.execute(ANEW)

    def end(self) -> None:
        time.sleep(0.7)
        self.transaction.commit()
        self.connection.close()


def test_a_parent_that_is_being_dated_anew_is_waited_for(
    closing: Shop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, first = list[threading.Thread](), sql_parents.lock

    def begun(name: str) -> None:
        if name == "erase.before_lock" and not threads:  # after the last look at the rows, before the deletion
            threads.append(threading.Thread(target=Changing(closing.engine).end))
            threads[0].start()

    def timed(*given: Any) -> None:
        began = time.monotonic()
        first(*given)
        waited.append(time.monotonic() - began)

    waited = list[float]()
    monkeypatch.setattr(acting, "failpoint", begun)
    monkeypatch.setattr(sql_parents, "lock", timed)
    work()
    threads[0].join()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "done" and left(closing) == [1, 2, 3, 4, 5, 6] and waited[0] > 0.3
    line = run.certificate["collections"]["closing.orders"]
    assert (line["erased"], line["no_longer_due"], line["left"]) == (0, 2, 0)


def test_whoever_comes_later_waits_for_the_chunk(closing: Shop, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = list[str]()

    def passing(name: str) -> None:
        if name != "erase.before_target_commit":
            return
        with closing.engine.connect() as other:
            other.exec_driver_sql(PATIENCE[closing.engine.dialect.name])
            try:
                other.execute(ANEW)
            except sa.exc.OperationalError as error:
                refused.append(type(error.orig).__name__)

    monkeypatch.setattr(acting, "failpoint", passing)
    work()
    assert refused and left(closing) == [3, 4, 5, 6]
    closing.do(ANEW)


def test_a_parent_that_stays_locked_is_tried_again_later(closing: Shop, run: Run) -> None:
    if closing.engine.dialect.name != "postgresql":
        return  # the same, after five seconds
    with closing.engine.connect() as other, other.begin():
        other.execute(ANEW)
        runs.advance(run.pk)
        work(1)
    order = Run.objects.get(pk=run.pk).batch.orders.get(operation="erase")
    assert order.state == "open" and order.next_try_at is not None and len(left(closing)) == 6


@pytest.mark.parametrize("updates", [False, True])
def test_a_login_that_may_not_lock_deletes_as_of_its_statement(
    closing: Shop, run: Run, monkeypatch: pytest.MonkeyPatch, updates: bool
) -> None:
    if closing.engine.dialect.name != "postgresql":
        return  # there whoever may read may wait
    role = f"po_reader_{os.getpid()}"
    grants = [
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT ON accounts, orders TO {role}",
        f"GRANT DELETE ON orders TO {role}",
    ]
    grants += [f"GRANT UPDATE (closed_on) ON accounts TO {role}"] if updates else []
    with closing.engine.begin() as connection:
        for one in grants:
            connection.exec_driver_sql(one)
    try:
        address = closing.engine.url.set(username=role).render_as_string(hide_password=False)
        Connection.objects.update(address=address)
        locked = list[bool]()
        asked = sql_parents._lockable
        monkeypatch.setattr(sql_parents, "_lockable", lambda *given: locked.append(asked(*given)) or locked[-1])
        work()
        assert locked == [updates] and left(closing) == [3, 4, 5, 6]
    finally:
        with closing.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
