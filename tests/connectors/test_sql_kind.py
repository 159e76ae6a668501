"""What an SQL system must be told and how it answers: exact matches, real dates, honest keys, no values in errors."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from connectors import strategies
from connectors.kinds import base, sql, sql_engines, sql_schema
from connectors.kinds.sql_errors import translate, translated
from connectors.models import Connection
from inventory.graph import CollectionSpec, FieldSpec
from tests.connectors import worlds
from tests.connectors.conftest import scratch
from tests.connectors.shop import allow, find, order_of, run_all
from tests.connectors.worlds import ADA, PK, table


def spec(
    name: str, *fields: str, key: tuple[str, ...] = ("id",), dated_by: str = "", email: str = ""
) -> CollectionSpec:
    columns = [FieldSpec(one, primary_key=True) for one in key]
    columns += [FieldSpec(one, identity="email" if one == email else "", category="x") for one in fields]
    return CollectionSpec("d", "s", name, name, tuple(columns), dated_by=dated_by)


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str, bool, str], None]
) -> Iterator[sa.Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        with worlds.sqlite(tmp_path) as engine:
            (tmp_path / "world.sqlite3").touch()
            yield engine
        return
    admin, name = scratch(request.param, need)
    engine = sa.create_engine(admin.url.set(database=name), poolclass=sa.NullPool)
    yield engine
    sql_engines.engine_for(worlds.address(engine)).dispose()
    sql_engines.close_all()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    admin.dispose()


def kind(engine: sa.Engine) -> sql.Sql:
    sql_schema.forget()
    return sql.open_sql(Connection(address=worlds.address(engine)))


def fill(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def keys(found: Iterator[base.Found]) -> list[tuple]:
    return sorted(row.key for row in found)


def test_a_text_is_matched_exactly_whatever_the_collation_thinks(server: sa.Engine) -> None:
    fill(server, "CREATE TABLE t (id INTEGER PRIMARY KEY, code VARCHAR(40), mail VARCHAR(60))")
    rows = [
        ("ab", "zoe@x.example"),
        ("AB", "Zoe@X.example"),
        ("áb", "zoé@x.example"),
        ("ab%", "zoe@x.example.org"),
        (" ", ""),
    ]
    with server.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO t VALUES (:id, :code, :mail)"),
            [{"id": turn, "code": code, "mail": mail} for turn, (code, mail) in enumerate(rows, 1)],
        )
    one = kind(server)
    assert keys(one.find(spec("t", "code"), "code", ["ab"], folded=False)) == [(1,)]
    assert keys(one.find(spec("t", "mail"), "mail", ["ZOE@x.example"], folded=True)) == [(1,), (2,)]
    for nobody in ("", " ", None, "%", "a_"):
        assert not keys(one.find(spec("t", "code"), "code", [nobody], folded=False))


def test_a_number_matches_only_what_is_written_as_that_number(server: sa.Engine) -> None:
    fill(server, "CREATE TABLE t (id INTEGER PRIMARY KEY, account INTEGER)", "INSERT INTO t VALUES (1, 7), (2, 70)")
    one = kind(server)
    assert keys(one.find(spec("t", "account"), "account", ["7"], folded=False)) == [(1,)]
    for other in ("007", "7.5", "7e0", "seven", "9" * 40):
        assert not keys(one.find(spec("t", "account"), "account", [other], folded=False))


def test_rows_are_dated_by_real_dates_only(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE, at TIMESTAMP NULL, n INTEGER)",
        "INSERT INTO t VALUES (1, '2020-01-01', '2020-01-01 10:00:00', 1), (2, '2026-01-01', '2026-01-01 00:00:00', 2),"
        " (3, NULL, NULL, 3), (4, '2025-12-31', '2025-12-31 22:59:59', 4)",  # a day begins where the company is, too
    )
    one, day = kind(server), date(2026, 1, 1)
    assert keys(one.find_before(spec("t", "d", dated_by="d"), "d", day)) == [(1,), (4,)]
    assert keys(one.find_before(spec("t", "at", dated_by="at"), "at", day)) == [(1,), (4,)]
    if server.dialect.name == "sqlite":  # numbers and empty texts sort before every date there
        fill(server, "INSERT INTO t VALUES (5, 1700000000, 0, 5), (6, '', '', 6), (7, '2020-13-45T', 'soon', 7)")
        assert keys(one.find_before(spec("t", "d", dated_by="d"), "d", day)) == [(1,), (4,), (7,)]
        assert not keys(one.find_before(spec("t", "n", dated_by="n"), "n", day))
    else:
        with pytest.raises(base.Permanent) as refused:
            list(one.find_before(spec("t", "n", dated_by="n"), "n", day))
        assert refused.value.code == "schema" and "d.t.n" in refused.value.sentence


def test_a_correction_that_changes_only_the_case_is_written_and_seen(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40))",
        "INSERT INTO t VALUES (1, 'ada'), (2, NULL)",
    )
    masks, target = {"name": base.Mask("Ada")}, [(1,), (2,)]
    with kind(server).changing() as session:
        assert session.count_unlike(spec("t", "name"), target, masks, {}) == 2
        assert session.update(spec("t", "name"), target, masks, {}) == 2
        assert session.update(spec("t", "name"), target, masks, {}) == 0, "a second time there is nothing to change"
        assert session.count_unlike(spec("t", "name"), target, masks, {}) == 0
    assert table(server, "SELECT name FROM t") == [("Ada",), ("Ada",)]


def test_a_token_is_unique_and_stable_and_holds_nothing_of_a_key_that_is_an_address(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE t (mail VARCHAR(60) PRIMARY KEY, login VARCHAR(60) UNIQUE NOT NULL)",
        "INSERT INTO t VALUES ('ada@x.example', 'ada'), ('ben@x.example', 'ben')",
    )
    described, both = spec("t", "login", key=("mail",)), [("ada@x.example",), ("ben@x.example",)]
    masks = {"login": base.Mask(token=True, suffix="@erased.invalid")}
    with kind(server).changing() as session:
        assert session.update(described, both, masks, {}) == 2
        assert session.update(described, both, masks, {}) == 0
        assert session.count_unlike(described, both, masks, {}) == 0
    logins = [row[0] for row in table(server, "SELECT login FROM t")]
    assert len(set(logins)) == 2
    assert all(one.startswith("erased-") and one.endswith("@erased.invalid") and "ada@" not in one for one in logins)


def test_a_spared_row_stays_in_any_case_of_its_address_and_an_empty_one_is_not_spared(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, mail VARCHAR(60))",
        "INSERT INTO t VALUES (1, 'Ada@X.example'), (2, NULL), (3, 'ben@x.example')",
    )
    described = spec("t", "mail", email="mail")
    with kind(server).changing() as session:
        assert session.delete(described, [(1,), (2,), (3,)], {"mail": ["ada@x.example"]}) == 2
    assert table(server, "SELECT id FROM t") == [(1,)]


def test_a_composite_key_names_exactly_its_rows(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE t (a INTEGER, b VARCHAR(9), PRIMARY KEY (a, b))",
        "INSERT INTO t VALUES (1, 'x'), (1, 'y'), (2, 'x'), (2, 'y')",
    )
    with kind(server).changing() as session:
        assert session.delete(spec("t", key=("a", "b")), [(1, "x"), (2, "y")], {}) == 2
    assert sorted(table(server, "SELECT a, b FROM t")) == [(1, "y"), (2, "x")]


def test_an_unknown_table_a_locked_row_and_a_forbidden_change_are_told_apart(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE p (id INTEGER PRIMARY KEY, mail VARCHAR(40) UNIQUE)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER, FOREIGN KEY (p) REFERENCES p(id))",
        "INSERT INTO p VALUES (1, 'ada@x.example'), (2, 'ben@x.example')",
        "INSERT INTO c VALUES (1, 1)",
    )
    one = kind(server)
    with pytest.raises(base.Permanent) as unknown:
        list(one.find(spec("nowhere", "x"), "x", ["1"], folded=False))
    with pytest.raises(base.Permanent) as refers, one.changing() as session:
        session.delete(spec("p", "mail"), [(1,)], {})
    with pytest.raises(base.Permanent) as twice, one.changing() as session:
        session.update(spec("p", "mail"), [(1,)], {"mail": base.Mask("ben@x.example")}, {})
    assert [one.value.code for one in (unknown, refers, twice)] == ["schema", "constraint", "constraint"]
    for error in (unknown, refers, twice):
        told = repr(error.value) + error.value.sentence + repr(error.value.__context__) + repr(error.value.__cause__)
        assert "@x.example" not in told and "sqlalchemy" not in told, "the driver's words quote values"
    assert len(table(server, "SELECT id FROM p")) == 2


def test_a_locked_system_may_be_tried_again(server: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(server, "CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    monkeypatch.setattr(sql_engines, "LOCK_SECONDS", 1)
    monkeypatch.setitem(sql_engines.OPTIONS, "sqlite", {"connect_args": {"timeout": 1}})
    sql_engines.close_all()
    with server.connect() as other, other.begin():
        if server.dialect.name == "sqlite":
            other.connection.dbapi_connection.isolation_level = None
            other.exec_driver_sql("BEGIN IMMEDIATE")
        other.exec_driver_sql("UPDATE t SET id = 2")
        with pytest.raises(base.Temporary), kind(server).changing() as session:
            session.delete(spec("t"), [(1,)], {})
    sql_engines.close_all()


def test_a_missing_file_is_not_an_empty_company(tmp_path: Path) -> None:
    gone = tmp_path / "gone.sqlite3"
    with pytest.raises(base.Temporary):
        sql.open_sql(Connection(address=f"sqlite:///{gone}"))
    assert not gone.exists()
    for wrong in ("", "no url", "oracle://x/y", "sqlite+nothing:///x"):
        with pytest.raises(base.Permanent) as refused:
            sql.open_sql(Connection(address=wrong))
        assert refused.value.code == "connection"


def test_plain_addresses_find_their_drivers(server: sa.Engine) -> None:
    plain = worlds.address(server).replace("+psycopg", "").replace("+pymysql", "")
    fill(server, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    assert "1 tables" in sql.open_sql(Connection(address=plain)).check()
    sql_engines.engine_for(plain).dispose()


@pytest.mark.parametrize(
    ("driver", "kind_of"),
    [
        (SimpleNamespace(sqlstate="40001"), base.Temporary),
        (SimpleNamespace(sqlstate="57014"), base.Temporary),
        (SimpleNamespace(sqlstate=None), base.Temporary),
        (SimpleNamespace(args=(1205, "Lock wait")), base.Temporary),
        (SimpleNamespace(args=(2013, "Lost connection")), base.Temporary),
        (SimpleNamespace(args=(0, "")), base.Temporary),
        (SimpleNamespace(sqlite_errorname="SQLITE_BUSY_SNAPSHOT"), base.Temporary),
        (SimpleNamespace(sqlite_errorname="SQLITE_FULL"), base.Temporary),
        (SimpleNamespace(sqlstate="42501"), base.Permanent),
        (SimpleNamespace(sqlstate="99999"), base.Permanent),
        (SimpleNamespace(args=(1451, "fk")), base.Permanent),
    ],
)
def test_codes_say_whether_to_try_again(driver: SimpleNamespace, kind_of: type[Exception]) -> None:
    told = translate(exc.OperationalError("SELECT ada@x.example", None, driver))
    assert type(told) is kind_of and "@" not in str(told)


@pytest.mark.parametrize(
    ("driver", "code"),
    [
        (SimpleNamespace(sqlstate="28P01"), "login"),
        (SimpleNamespace(args=(1045, "Access denied for user 'ada'")), "login"),
        (Exception('FATAL:  password authentication failed for user "ada"'), "login"),
        (SimpleNamespace(args=(1142, "UPDATE command denied")), "permission"),
        (SimpleNamespace(sqlstate="42501"), "permission"),
    ],
)
def test_a_login_that_is_refused_is_told_apart_from_a_missing_right(driver: object, code: str) -> None:
    told = translate(exc.OperationalError("SELECT 1", None, driver))
    assert isinstance(told, base.Permanent) and told.code == code
    assert (
        ("password" in told.sentence) is (code == "login")
        and "'ada'" not in told.sentence
        and '"ada"' not in told.sentence
    )


def test_a_schema_that_is_read_anew_in_mid_statement_never_widens_it(server: sa.Engine, monkeypatch) -> None:
    """Two tables of one name in a statement would make a cartesian product: everybody's rows."""
    fill(
        server,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, mail VARCHAR(40), born DATE)",
        "INSERT INTO t VALUES (1, 'ada@x.example', '2020-01-01'), (2, 'ben@x.example', '2026-01-01')",
    )
    one, described = kind(server), spec("t", "mail", dated_by="born")
    minutes = iter(range(0, 10**9, 61))
    monkeypatch.setattr(sql_schema.time, "monotonic", lambda: float(next(minutes)))
    assert keys(one.find(described, "mail", ["ada@x.example"], folded=True)) == [(1,)]
    assert keys(one.find_before(described, "born", date(2021, 1, 1))) == [(1,)]
    assert one.values(described, "mail", [(1,)]) == ["ada@x.example"]
    assert [row["mail"] for row in one.read(described, ["mail"], [(1,)])] == ["ada@x.example"]
    with one.changing() as session:
        assert session.update(described, [(1,)], {"mail": base.Mask("gone")}, {"mail": ["nobody"]}) == 1
        assert session.delete(described, [(1,)], {}) == 1
    assert table(server, "SELECT mail FROM t") == [("ben@x.example",)]


def test_a_broken_pipe_is_temporary() -> None:
    with pytest.raises(base.Temporary), translated():
        raise ConnectionResetError("ada@x.example")


def test_a_described_key_that_the_database_does_not_keep_unique_stops_before_the_first_write(
    db, tmp_path: Path
) -> None:
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE visits (id INTEGER, person TEXT)",
        f"INSERT INTO visits VALUES (1, '{ADA}'), (1, 'ben@people.example')",
    ) as engine:
        fields = [PK, {"name": "person", "identity": "email", "category": "x"}]
        worlds.describe("shop", worlds.address(engine), {"visits": ({}, fields)})
        batch = find(ADA)
        allow(batch)
        run_all(batch)
        order = order_of(batch)
        assert (order.state, order.park_code) == ("parked", "schema") and "not unique" in order.park_reason
        assert len(table(engine, "SELECT * FROM visits")) == 2


def test_a_schema_in_the_address_is_the_one_that_is_searched(need: Callable[[str, bool, str], None], db: None) -> None:
    admin, name = scratch("postgresql", need)
    engine = sa.create_engine(admin.url.set(database=name), poolclass=sa.NullPool)
    fill(
        engine,
        "CREATE SCHEMA platform",
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT)",
        "CREATE TABLE platform.people (id INTEGER PRIMARY KEY, email TEXT)",
        f"INSERT INTO people VALUES (1, '{ADA}')",
        f"INSERT INTO platform.people VALUES (2, '{ADA}'), (3, '{ADA}')",
    )
    address = worlds.address(engine) + "?options=-csearch_path%3Dplatform"
    worlds.describe("shop", address, {"people": ({}, [PK, {"name": "email", "identity": "email", "category": "x"}])})
    batch = find(ADA)
    assert batch.findings.get().rows == 2
    allow(batch)
    run_all(batch)
    assert table(engine, "SELECT id FROM people") == [(1,)] and not table(engine, "SELECT id FROM platform.people")
    sql_engines.engine_for(address).dispose()
    sql_engines.close_all()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    admin.dispose()


def test_values_that_only_we_can_make_are_written_by_one_statement_on_postgresql(server: sa.Engine) -> None:
    fill(
        server,
        "CREATE TABLE t (id INTEGER, code VARCHAR(9), words VARCHAR(10), born DATE, PRIMARY KEY (id, code))",
        *(f"INSERT INTO t VALUES ({turn}, 'c''{turn}', 'w{turn}', '2001-02-{turn + 1:02}')" for turn in range(20)),
        "INSERT INTO t VALUES (20, 'c', NULL, NULL)",
    )
    described, every = spec("t", "words", "born", key=("id", "code")), [(turn, f"c'{turn}") for turn in range(20)]
    every.append((20, "c"))
    masks = {
        "words": base.Mask(compute=lambda key, now: now and f"x-{key[0]}"),
        "born": strategies.truncate({}, strategies.Secrets()),
    }
    one, sent = kind(server), []
    sa.event.listen(one.engine, "before_cursor_execute", lambda *said: sent.append((said[2], said[5])))
    with one.changing() as session:
        assert session.update(described, every, masks, {}) == 20
        assert session.update(described, every, masks, {}) == 0
    updates = [many for words, many in sent if words.startswith("UPDATE")]
    assert updates == [server.dialect.name != "postgresql"]
    found = table(server, "SELECT id, words, born FROM t ORDER BY id")
    assert [(row[0], row[1]) for row in found] == [*((turn, f"x-{turn}") for turn in range(20)), (20, None)]
    assert {str(row[2]) for row in found} == {"2001-01-01", "None"}
    if server.dialect.name == "postgresql":
        with pytest.raises(base.Permanent) as refused, kind(server).changing() as session:
            session.update(described, every, {"words": base.Mask(compute=lambda key, now: "y" * 40)}, {})
        assert refused.value.code == "value", "what is too long is told and never cut"
