"""The web shop that the tests of the kind "http" work on: its process, its rows, its description."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connectors.kinds import base
from connectors.models import Connection
from inventory.graph import CollectionSpec, FieldSpec
from tests.connectors import worlds

ANNA, BEN = "anna@people.example", "ben@people.example"
ROWS: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"id": 1, "email": "Anna@People.example", "name": "Anna Adler", "address": {"city": "Berlin", "country": "DE"},
         "tags": ["vip"], "marketing": True},
        {"id": 2, "email": BEN, "name": "Ben Baker", "address": {"city": "Paris", "country": "FR"}, "tags": [],
         "marketing": True},
        # Whoever searches loosely for Anna finds her too.
        {"id": 3, "email": "joanna@people.example", "name": "Joanna", "address": None, "tags": [], "marketing": True},
    ],
    "orders": [
        {"id": f"A-{one}", "customer_id": 1 + one % 3, "note": f"Note {one}", "made_at": f"2025-0{1 + one % 9}-01T08:00:00Z"}
        for one in range(15)
    ],
}  # fmt: skip
CUSTOMERS, ORDERS = ("collections", "customers"), ("collections", "orders")
PAGED = {"kind": "page", "into": "page"}
WORDS: dict[str, Any] = {
    "requests_per_second": 0,
    "idempotency_header": "Idempotency-Key",
    "collections": {
        "customers": {
            "unique_key": True,
            "fields": {"email": {"unique": True, "nullable": False}},
            "find": {"email": {"path": "/customers", "query": {"email": "{value}"}, "rows": "data.items", "paging": PAGED}},
            "read": {"path": "/customers/{id}", "row": "data"},
            "update": {"path": "/customers/{id}"},
            "delete": {"path": "/customers/{id}"},
        },
        "orders": {
            "unique_key": True,
            "find": {
                "customer_id": {
                    "path": "/orders", "query": {"customer_id": "{value}"}, "rows": "data.items",
                    "paging": {"kind": "cursor", "next": "data.next", "into": "after"},
                },
            },
            "before": {"made_at": {"path": "/orders", "query": {"before": "{value}"}, "rows": "data.items", "paging": PAGED}},
            "read": {"path": "/orders/{id}", "row": "data"},
            "delete": {"path": "/orders/{id}"},
        },
    },
}  # fmt: skip
KEY = {"name": "id", "primary_key": True}
COLLECTIONS = {
    "customers": (
        {"erase": "mask"},
        [
            KEY,
            {"name": "email", "identity": "email", "category": "contact",
             "mask": {"strategy": "token", "suffix": "@erased.invalid"}},
            {"name": "name", "category": "contact", "attribute": "full_name"},
            {"name": "address.city", "category": "contact"},
            {"name": "address.country"},
            {"name": "tags", "category": "usage", "data_type": "list"},
            {"name": "marketing", "data_type": "boolean", "suppress": {"value": False}},
        ],
    ),
    "orders": (
        {"dated_by": "made_at"},
        [KEY, {"name": "customer_id"}, {"name": "note", "category": "usage"}, {"name": "made_at", "category": "usage"}],
    ),
}  # fmt: skip


@dataclass
class Web:
    """The running shop, looked at through its back door."""

    url: str

    def set(self, **facts: Any) -> None:
        self._door("set", facts)

    def state(self) -> dict[str, Any]:
        return self._door("state", None)

    def rows(self, name: str, **where: Any) -> list[dict[str, Any]]:
        return [one for one in self.state()["rows"][name] if all(one[key] == value for key, value in where.items())]

    def calls(self) -> list[dict[str, Any]]:
        return self.state()["calls"]

    def open(self) -> None:
        """Everything anew."""
        self.set(
            rows=ROWS,
            calls=[],
            writes=[],
            seen={},
            trouble=[],
            secret="",
            page=2,
            lag=False,
            link="",
            keys={},
            read_only=False,
        )

    def _door(self, name: str, facts: Any) -> Any:
        data = None if facts is None else json.dumps(facts).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_/{name}", data), timeout=10) as answer:
            return json.load(answer)


@contextmanager
def served() -> Iterator[Web]:
    """The shop's process, ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("web_server.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    try:
        yield Web(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


def changed(*way: str, to: Any) -> dict[str, Any]:
    """The description with one place changed; None takes it out."""
    made = json.loads(json.dumps(WORDS))
    place = made
    for one in way[:-1]:
        place = place.setdefault(one, {})
    place[way[-1]] = to
    if to is None:
        del place[way[-1]]
    return made


def connection(web: Web, words: Any = None, address: str = "") -> Connection:
    """A connection to the shop, in memory."""
    text = words if isinstance(words, str) else yaml.safe_dump(words or WORDS)
    return Connection(kind="http", address=address or f"{web.url}/api", described=text)


def kind(web: Web, words: Any = None, address: str = "") -> base.Kind:
    return base.open_kind(connection(web, words, address))


def spec(name: str, people: dict[str, str] | None = None, **more: Any) -> CollectionSpec:
    """The pure description of one collection."""
    options, fields = COLLECTIONS[name]
    made = tuple(FieldSpec(person=(people or {}).get(one["name"], ""), **one) for one in fields)
    return CollectionSpec("web", "web", name, name, made, **{**options, **more})


def describe(web: Web, words: Any = None) -> None:
    """The shop in the inventory, with its connection."""
    worlds.describe("web", f"{web.url}/api", COLLECTIONS, [("orders", "customer_id", "customers", "id")])
    Connection.objects.update(kind="http", described=yaml.safe_dump(words or WORDS))


def keys(found: Iterator[base.Found]) -> list[Any]:
    """The keys of what was found, in order."""
    return sorted(row.key[0] for row in found)


def status(code: int, **headers: str) -> dict[str, Any]:
    """A trouble: the shop answers with this status."""
    return {"kind": "status", "status": code, "headers": headers}
