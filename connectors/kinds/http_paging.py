"""The rows of an answer, page by page, to the very end: a page that is left out is a row that nobody erases."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from connectors import guard
from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.http_calls import NOTHING, Calls, Got
from connectors.kinds.http_spec import Endpoint
from connectors.kinds.http_values import MISSING, dig, filled, path, put, query

Row = Mapping[str, Any]
LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^";,\s]*))*)')
NEXT = re.compile(r'(?i);\s*rel\s*=\s*"?[^"]*\bnext\b')


def rows(calls: Calls, endpoint: Endpoint, values: Mapping[str, Any], *, gone: bool = False) -> Iterator[Row]:
    """Every row that a call answers with, over all its pages. `gone`: a status that says "not there" is no row."""
    turn = _Turn(calls, endpoint, values)
    seen, before = 0, b""
    while True:
        got = calls.ask(endpoint, turn.url(), turn.body(), gone=gone)
        if got.value is NOTHING:
            return
        found = _listed(endpoint, got)
        mark = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).digest()
        if found and mark == before:
            raise Permanent(
                "schema", f"{endpoint.place}: the system gives the same page again. Mend paging in the description."
            )
        yield from found
        seen, before = seen + len(found), mark
        if not turn.on(got, found, seen):
            return


def _listed(endpoint: Endpoint, got: Got) -> list[Row]:
    where = endpoint.rows if endpoint.rows is not None else endpoint.row or ""
    found = dig(got.value, where, endpoint.place)
    if endpoint.rows is None:
        found = [] if found is None else [found]  # one row, or none
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise Permanent(
            "schema",
            f"{endpoint.place}: the answer has no {'list of objects' if endpoint.rows is not None else 'object'} "
            f"at {where or 'its top'}. Mend the description, then retry.",
        )
    return found


class _Turn:
    """Where in the pages we are."""

    def __init__(self, calls: Calls, endpoint: Endpoint, values: Mapping[str, Any]) -> None:
        self.calls, self.endpoint, self.paging = calls, endpoint, endpoint.paging
        self.values = values
        self.more: dict[str, Any] = {}
        self.link, self.links = "", set[str]()
        if self.paging.kind in ("page", "offset"):
            self.more[self.paging.into] = self.paging.start
        if self.paging.size:
            self.more[self.paging.size_into] = self.paging.size

    def url(self) -> str:
        if self.link:
            return self.link
        more = {} if self.endpoint.body is not None else self.more
        asked = {**filled(self.endpoint.query, self.values), **more}
        found = query(asked, self.endpoint.join, self.endpoint.place)
        return self.calls.to.base + path(self.endpoint.path, self.values, self.endpoint.place) + (found and f"?{found}")

    def body(self) -> Any:
        if self.endpoint.body is None:
            return None
        body = filled(self.endpoint.body, self.values)
        if isinstance(body, dict) and not self.link:
            for name, value in self.more.items():
                put(body, name, value)
        return body

    def on(self, got: Got, found: list[Row], seen: int) -> bool:
        """Turn the page; False at the end."""
        kind, total = self.paging.kind, self._total(got)
        if kind in ("page", "offset") and found and (total is None or seen < total):
            self.more[self.paging.into] = self.more[self.paging.into] + (1 if kind == "page" else len(found))
            return True
        further = _linked(got.headers.get("link", ""))
        if kind == "link" and further:
            return self._follow(further)
        if kind == "cursor" and self._cursor(got):
            return True
        if total is not None and seen < total:
            raise Temporary("pages_missing")
        if kind == "none" and further:
            raise Permanent(
                "schema", f"{self.endpoint.place}: the answer has further pages. Describe its paging, then retry."
            )
        return False

    def _total(self, got: Got) -> int | None:
        if not self.paging.total:
            return None
        found = dig(got.value, self.paging.total, self.endpoint.place)
        if not isinstance(found, int) or isinstance(found, bool):
            raise Permanent(
                "schema", f"{self.endpoint.place}: the answer has no number at {self.paging.total}. Mend paging.total."
            )
        return found

    def _cursor(self, got: Got) -> bool:
        found = dig(got.value, self.paging.next, self.endpoint.place)
        if found is MISSING or found is None or found == "" or found is False:
            return False
        if not self.paging.into:
            return self._follow(str(found))
        self._once(str(found))
        self.more[self.paging.into] = found
        return True

    def _follow(self, link: str) -> bool:
        """A link to the next page: it must stay where we are, because our secret goes with it."""
        further = urljoin(self.url(), link)
        try:
            origin = guard.place(further.partition("#")[0]).origin
        except guard.Forbidden:
            origin = None
        if origin != self.calls.origin:
            raise Permanent(
                "connection",
                f"{self.endpoint.place}: the next page lies on another server, and we follow nobody there.",
            )
        self._once(further)
        self.link = further.partition("#")[0]
        return True

    def _once(self, mark: str) -> None:
        if mark in self.links:
            raise Permanent(
                "schema", f"{self.endpoint.place}: the pages go in a circle. Mend paging in the description."
            )
        self.links.add(mark)


def _linked(header: str) -> str:
    """The target of rel=next in a Link header; "" if there is none."""
    return next((found[1] for found in LINK.finditer(header) if NEXT.search(found[2])), "")
