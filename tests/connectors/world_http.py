"""The contract's world behind an HTTP interface: the web shop of `web_server.py`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import yaml

from connectors.kinds import base
from connectors.models import Connection
from tests.connectors import web as webs
from tests.connectors.contract import KEYS, SECRET, Row, World, by_key

PAGED = {"kind": "page", "into": "page"}
AT_ONCE = {"method": "POST", "rows": "data.items", "at_once": 500, "paging": {"kind": "page", "into": "paging.page"}}


def _search(name: str, field: str) -> dict:
    return {"path": f"/{name}", "query": {field: "{value}"}, "rows": "data.items", "paging": PAGED}


def _words(name: str, *fields: str) -> dict:
    one = {"path": f"/{name}/" + "/".join(f"{{{key}}}" for key in KEYS[name])}
    body = {"field": "id", "any_of": "{values}", "paging": {"page": 1}}
    return {
        "unique_key": True, "find": {field: _search(name, field) for field in fields}
        | ({"id": {**AT_ONCE, "path": f"/{name}/search", "body": body}} if KEYS[name] == ("id",) else {}),
        "before": {"joined_on": _search(name, "joined_before")},
        "read": {**one, "row": "data"}, "update": one, "delete": one,
        "fields": {"name": {"type": "string"}},
    }  # fmt: skip


WORDS = {
    "auth": {"kind": "bearer"}, "requests_per_second": 0, "retries": 0,
    "collections": {
        "people": _words("people", "email", "name", "phone"),
        "notes": _words("notes", "sender"),
        "ratings": _words("ratings", "person"),
    },
}  # fmt: skip


class Http(World):
    """A process that answers JSON."""

    name = "http"
    lacks = {"transaction": "each row stands for itself, and a chunk that is cut short is done again"}

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        if not hasattr(self, "stack"):
            self.stack = ExitStack()
            self.web = self.stack.enter_context(webs.served())
        self.web.open()
        self.web.set(rows=rows, page=200, secret=f"Bearer {SECRET}", keys={"ratings": KEYS["ratings"]})

    def kind(self) -> base.Kind:
        return self.opened(SECRET)

    def opened(self, secret: str, url: str = "") -> base.Kind:
        address = (url or f"{self.web.url}/api").replace("://", f"://:{secret}@")
        return base.open_kind(Connection(kind="http", address=address, described=yaml.safe_dump(WORDS)))

    def rows(self, name: str) -> list[Row]:
        return by_key(name, self.web.rows(name))

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        if what == "missing":
            self.web.set(rows={})
        elif what == "read_only":
            self.web.set(read_only=True)
        opened = {
            "credentials": lambda: self.opened(f"{SECRET}-wrong"),
            "away": lambda: self.opened(SECRET, "http://127.0.0.1:9/api"),
        }
        yield opened.get(what, self.kind)

    def close(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()


WORLDS = [Http]
