"""Masks in columns of every type: what may be empty can be emptied, and what does not fit is told before the first row."""

import pytest
import sqlalchemy as sa

from connectors import examining
from connectors.models import Connection
from inventory.models import Field
from tests.connectors.shop import CLERK, allow, find, order_of, run_all
from tests.connectors.worlds import ADA, BEN, PK, address, describe, do, table

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Did not recognize type")]
EMAIL = {"name": "email", "identity": "email", "category": "contact"}
# column type -> (a value, words that a fixed mask may put there; None: there are none that we can read back)
TYPES = {
    "postgresql": {
        "json": ('{"a": 1}', "{}"), "jsonb": ('{"a": 1}', "[]"), "int[]": ("{1,2}", [0]), "inet": ("10.0.0.1", "0.0.0.0"),
        "time": ("10:00", "00:00"), "interval": ("1 day", "0"), "xml": ("<a/>", None), "point": ("(1,2)", None),
        "bit(3)": ("101", "000"), "money": ("12.5", "0"), "int4range": ("[1,3)", "[0,1)"),
        "uuid": ("00000000-0000-0000-0000-00000000abcd", "00000000-0000-0000-0000-000000000000"), "bytea": ("abc", "00"),
        "macaddr": ("08:00:2b:01:02:03", None),
        "real": ("0.1", 1.1), "numeric(9,2)": ("0.1", 1.234), "timestamptz": ("2020-01-01", "1970-01-01"),
    },
    "mysql": {
        "json": ('{"a": 1}', "{}"), "time": ("10:00", "00:00"), "year": ("2020", "1990"), "float": ("0.5", 1.1),
        "float(7,2)": ("0.5", 1.234), "double": ("0.5", 1.1), "decimal(9,2)": ("1.5", 1.25), "set('a','b')": ("a", "b"),
        "varbinary(4)": ("abcd", "00"), "datetime": ("2020-01-01", "1970-01-01"), "enum('x','y')": ("x", "y"),
    },
    "sqlite": {
        "JSON": ('{"a": 1}', "{}"), "REAL": ("0.5", 1.1), "DATE": ("2020-01-01", "1970-01-01"), "DECIMAL": ("1.5", "1.1"),
        "TIME": ("10:00", "00:00"), "BLOB": ("abc", "00"), "": ("a", "b"),
    },
}  # fmt: skip


def people(engine: sa.Engine) -> list[str]:
    """A table with a column of each type, a row of Ada's and one of Ben's; the columns' names."""
    types = TYPES[engine.dialect.name]
    columns = {f"c{turn}": (sort, *rest) for turn, (sort, rest) in enumerate(types.items())}
    made = ", ".join(f"{name} {sort} NULL" if sort else name for name, (sort, *_) in columns.items())
    values = ", ".join("'" + value.replace("'", "''") + "'" for _, value, _ in columns.values())
    do(
        engine,
        f"CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR(60), {made})",
        f"INSERT INTO people VALUES (1, '{ADA}', {values}), (2, '{BEN}', {values})",
    )
    fields = [PK, EMAIL, *({"name": name, "category": "usage"} for name in columns)]
    describe("crm", address(engine), {"people": ({"erase": "mask"}, fields)})
    return list(columns)


def faults() -> list[str]:
    return [one.sentence for one in examining.examine(Connection.objects.get(), actor=CLERK)]


def erase() -> None:
    batch = find(ADA)
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done", order_of(batch).park_reason


def test_a_column_of_any_type_that_may_be_empty_is_emptied(any_server: sa.Engine) -> None:
    columns = people(any_server)
    assert not faults()
    erase()
    empty = " AND ".join(f"{name} IS NULL" for name in columns)
    assert table(any_server, f"SELECT id FROM people WHERE {empty}") == [(1,)], "really empty, and Ben's is as it was"


def test_fixed_words_are_written_in_every_type_that_takes_them_and_read_back(any_server: sa.Engine) -> None:
    columns = people(any_server)
    for name, (_, words) in zip(columns, TYPES[any_server.dialect.name].values(), strict=True):
        if words is not None:
            Field.objects.filter(name=name).update(mask={"strategy": "fixed", "value": words})
    assert not faults()
    erase()
    left = [name for name in columns if table(any_server, f"SELECT id FROM people WHERE id = 1 AND {name} IS NOT NULL")]
    filled = [words is not None for _, words in TYPES[any_server.dialect.name].values()]
    assert len(left) == sum(filled)


@pytest.mark.parametrize(
    ("column", "words"), [("xml", "<b/>"), ("point", "(0,0)"), ("inet", "nowhere"), ("time", "noon"), ("int[]", "none")]
)
def test_a_mask_that_does_not_fit_the_type_is_told_before_the_first_row(
    postgresql: sa.Engine, column: str, words: str
) -> None:
    name = people(postgresql)[list(TYPES["postgresql"]).index(column)]
    Field.objects.filter(name=name).update(mask={"strategy": "fixed", "value": words})
    (sentence,) = faults()
    assert sentence.startswith(f"crm.people.{name} cannot hold the value") and words not in sentence
    batch = find(ADA)
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.park_code, order.rows_done) == ("schema", 0) and f"crm.people.{name}" in order.park_reason
