"""Whatever stands in a file: it is taken, or refused in words. Never a traceback, never half an inventory."""

import random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.refusal import Refused
from inventory import descriptions
from inventory.models import Field, System
from tests.inventory.describing import BAKERY, TESTS, WHOLE, bring

pytestmark = pytest.mark.django_db
ODD: list[Any] = [
    None, "", " ", 0, -1, 7, 1.5, True, False, [], {}, [None], [[]], {"a": {}}, "sales", "sales.lines", "a.b.c.d", "\x85",
    "x" * 300, ["sales.lines"], [{"name": "id"}], [3], {"strategy": 3}, {"strategy": "null", "value": {}}, "erase", "=1",
]  # fmt: skip
FILES = {
    "own": [("whole.yaml", WHOLE)],
    "fides": [(path.name, path.read_text(encoding="utf-8")) for path in sorted(BAKERY.rglob("*.y*ml"))],
}


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a tree."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = []
    for key, value in pairs:
        found += [(node, key), *places(value)]
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["own", "fides"]),
    st.integers(0, 10**9),
    st.sampled_from(ODD),
    st.sampled_from(["put", "drop", "rename"]),
)
def test_a_file_with_one_odd_value_is_taken_or_refused(kind: str, seed: int, odd: Any, how: str) -> None:
    chance = random.Random(seed)
    files = [(name, yaml.safe_load(text)) for name, text in FILES[kind]]
    node, key = chance.choice([place for _, data in files for place in places(data)])
    if how == "put" or isinstance(node, list):
        node[key] = odd
    elif how == "drop":
        del node[key]
    else:
        node[f"{key}_"] = node.pop(key)
    texts = [(name, yaml.safe_dump(data)) for name, data in files]
    for lenient in (False, True):
        try:
            descriptions.bring(texts, actor=TESTS, kind=kind, lenient=lenient, check=True)
        except Refused as error:
            assert error.message and "Traceback" not in error.message
    assert not System.objects.exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(["shop", "sales", "lines", "x", "", "'", "=", '{"strategy":', "|", "true", "\n"]),
                         max_size=30), max_size=4))  # fmt: skip
def test_any_table_is_taken_or_refused(rows: list[list[str]]) -> None:
    text = descriptions.export_csv() + "\n".join(",".join(row) for row in rows)
    try:
        bring(text, "t.csv", check=True)
    except Refused as error:
        assert error.message


def test_many_collections_come_in_and_go_out_in_few_queries_and_a_second_time_nothing_changes(
    django_assert_max_num_queries,
) -> None:
    fields = ", ".join(f"{{name: c{at}}}" for at in range(4))
    tables = "\n".join(
        f"          - {{name: t{at}, title: T, erase: mask, fields: [{{name: id, primary_key: true}}, "
        f"{{name: up, references: [big.t{max(at - 1, 0)}.id]}}, {fields}]}}"
        for at in range(300)
    )
    head = "systems:\n  - key: big\n    name: Big\n    datasets:\n      - key: big\n        name: Big\n        collections:\n"
    assert bring(f"{head}{tables}\n").fields == 300 * 6
    first = descriptions.export()
    with django_assert_max_num_queries(60):
        bring(first)
    assert descriptions.export() == first and Field.objects.count() == 1800
