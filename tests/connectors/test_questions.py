"""Questions in a row share a transaction on PostgreSQL, and each still sees what is there by then."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from connectors.kinds import sql_questions
from connectors.kinds.sql_questions import Questions


@contextmanager
def begun(engine: sa.Engine) -> Iterator[list[str]]:
    """The transactions that are begun meanwhile."""
    seen: list[str] = []

    def note(connection: sa.Connection) -> None:
        seen.append("begin")

    sa.event.listen(engine, "begin", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "begin", note)


@pytest.fixture
def company(postgresql: sa.Engine) -> sa.Engine:
    do(postgresql, "CREATE TABLE people (id int PRIMARY KEY)", "INSERT INTO people SELECT generate_series(1, 5000)")
    return postgresql


def do(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for one in statements:
            connection.exec_driver_sql(one)


def count(questions: Questions) -> int:
    with questions.one() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM people").scalar_one())


def test_they_share_a_transaction_and_see_what_others_wrote_since(company: sa.Engine) -> None:
    questions = Questions(company)
    with begun(company) as seen, questions.in_a_row():
        assert count(questions) == 5000
        do(company, "DELETE FROM people WHERE id > 10")
        assert count(questions) == 10
    assert len(seen) == 2  # theirs and that of the deletion


def test_outside_of_a_row_each_has_its_own(company: sa.Engine) -> None:
    questions = Questions(company)
    with begun(company) as seen:
        assert [count(questions), count(questions)] == [5000, 5000]
    assert len(seen) == 2


def test_who_asks_while_a_stream_is_read_has_their_own(company: sa.Engine) -> None:
    questions = Questions(company)
    with questions.in_a_row(), questions.one() as connection:
        rows = connection.execution_options(yield_per=100).execute(sa.text("SELECT id FROM people ORDER BY id"))
        assert next(rows)[0] == 1
        with questions.one() as other:
            assert other is not connection
            with pytest.raises(sa.exc.ProgrammingError):
                other.exec_driver_sql("SELECT * FROM nowhere")
        assert sum(1 for _ in rows) == 4999


def test_after_a_question_that_failed_the_next_one_is_answered(company: sa.Engine) -> None:
    questions = Questions(company)
    with questions.in_a_row():
        assert count(questions) == 5000
        with pytest.raises(sa.exc.ProgrammingError), questions.one() as connection:
            connection.exec_driver_sql("SELECT * FROM nowhere")
        assert count(questions) == 5000


def test_nothing_stays_open_behind_them(company: sa.Engine) -> None:
    pooled = sa.create_engine(company.url)
    questions = Questions(pooled)
    with pytest.raises(RuntimeError), questions.in_a_row():
        count(questions)
        raise RuntimeError
    with questions.in_a_row():
        count(questions)
    assert isinstance(pooled.pool, sa.QueuePool)
    assert pooled.pool.checkedout() == 0
    pooled.dispose()


def test_a_transaction_that_lay_idle_is_not_trusted(company: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_questions, "MOST_IDLE_SECONDS", -1)
    questions = Questions(company)
    with begun(company) as seen, questions.in_a_row():
        count(questions)
        count(questions)
    assert len(seen) == 2


def test_a_servers_own_snapshots_do_not_hide_what_came(company: sa.Engine) -> None:
    do(company, f"ALTER DATABASE \"{company.url.database}\" SET default_transaction_isolation TO 'repeatable read'")
    company.dispose()
    questions = Questions(company)
    with questions.in_a_row():
        assert count(questions) == 5000
        do(company, "DELETE FROM people")
        assert count(questions) == 0
