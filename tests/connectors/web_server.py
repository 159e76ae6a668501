"""A small web shop as a process of its own: `python web_server.py`; prints its port, and keeps its rows in memory.

What real interfaces do, on demand: pages of every kind, a search that finds too much, 429 with Retry-After, 503 in passing,
late answers, answers cut short, a redirect, a secret. `/_/state` and `/_/set` are the tests' own doors.
"""

import copy
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

EMPTY: dict[str, Any] = {"rows": {}, "calls": [], "writes": [], "seen": {}, "trouble": [], "secret": "", "page": 2,
                         "lag": False, "link": "", "keys": {}, "read_only": False}  # fmt: skip
state = copy.deepcopy(EMPTY)
lock = threading.Lock()


class Shop(BaseHTTPRequestHandler):
    """`/api/<collection>` lists and searches, `/api/<collection>/<key>` reads and changes."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # one packet for headers and body, or each call takes 40 ms

    def log_message(self, *args: Any) -> None:
        """Nothing: the tests look at the calls."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        self.serve()

    do_POST = do_PATCH = do_DELETE = do_GET

    def serve(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        parts = urlsplit(self.path)
        with lock:
            if parts.path == "/_/set":
                state.update(body)
                return self.answer(200, {})
            if parts.path == "/_/state":
                return self.answer(200, state)
            state["calls"].append(
                {
                    "method": self.command,
                    "path": self.path,
                    "body": body,
                    "headers": {k.lower(): v for k, v in self.headers.items()},
                }
            )
            trouble = state["trouble"].pop(0) if state["trouble"] else None
        if trouble and self.in_trouble(trouble):
            return None
        if state["secret"] and state["secret"] not in (
            self.headers.get("authorization"),
            self.headers.get("x-api-key"),
        ):
            return self.answer(401, {"error": "who are you?"})
        with lock:
            return self.api([one for one in parts.path.split("/") if one], parse_qs(parts.query), body)

    def in_trouble(self, trouble: dict[str, Any]) -> bool:
        """Something goes wrong; whether that was the answer."""
        kind = trouble["kind"]
        if kind == "status":
            self.answer(trouble["status"], {"error": "anna@people.example"}, trouble.get("headers", {}))
        elif kind == "cut":
            self.close_connection = True
            self.connection.close()
        elif kind == "text":
            self.send(200, b"<html>Please log in</html>", {})
        elif kind == "late":
            time.sleep(trouble["seconds"])
            return False
        elif kind == "done then cut":  # the work is done, the answer is lost
            with lock:
                self.api([one for one in urlsplit(self.path).path.split("/") if one], {}, None, mute=True)
            self.close_connection = True
            self.connection.close()
        return True

    def api(self, way: list[str], asked: dict[str, list[str]], body: Any, mute: bool = False) -> None:
        found = state["rows"].get(way[1] if len(way) > 1 else "")
        if way[:1] != ["api"] or found is None:
            return self.answer(404, {"error": "no such thing"})
        if state["read_only"] and self.command in ("PATCH", "DELETE"):
            return self.answer(403, {"error": "you may look"})
        if len(way) == 3 and way[2] == "search":
            return self.pages([one for one in found if one.get(body["field"]) in body["any_of"]], body["paging"])
        if len(way) == 2:
            shown = found + (state["seen"].get(way[1], []) if state["lag"] else [])
            return self.pages([one for one in shown if matches(one, asked)], {k: v[0] for k, v in asked.items()})
        names = state["keys"].get(way[1], ["id"])
        row = next((one for one in found if [str(one[name]) for name in names] == way[2:]), None)
        if row is None:
            return self.answer(404, {"error": "gone"})
        if self.command == "DELETE":
            found.remove(row)
            state["seen"].setdefault(way[1], []).append(row)
        if self.command == "PATCH":
            merge(row, body)
        if self.command in ("DELETE", "PATCH"):
            state["writes"].append([self.command, self.path, body, self.headers.get("idempotency-key")])
        return None if mute else self.answer(200, {"data": row})

    def pages(self, rows: list[dict[str, Any]], asked: dict[str, Any]) -> None:
        size, headers = int(state["page"]), {}
        number = int(asked.get("page", 1))
        start = int(asked.get("offset") or asked.get("after") or (number - 1) * size)
        part, more = rows[start : start + size], start + size < len(rows)
        answer = {"data": {"items": part, "total": len(rows), "next": str(start + size) if more else None}}
        if more and "link" in asked:
            further = state["link"] or f"{self.path.partition('&page=')[0]}&page={number + 1}"
            headers["Link"] = f'</api>; rel="first", <{further}>; rel="next"'
        self.answer(200, answer, headers)

    def answer(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(value).encode(), {"content-type": "application/json", **(headers or {})})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def matches(row: dict[str, Any], asked: dict[str, list[str]]) -> bool:
    """Searches loosely: whatever contains the text, in any case. Unknown parameters are passed over, as many do."""
    for name in ("email", "customer_id", "name"):
        if name in asked and asked[name][0].lower() not in str(row.get(name)).lower():
            return False
    return "id" not in asked or str(row["id"]) in asked["id"]


def merge(row: dict[str, Any], new: dict[str, Any]) -> None:
    """A merge patch."""
    for name, value in new.items():
        if isinstance(value, dict) and isinstance(row.get(name), dict):
            merge(row[name], value)
        else:
            row[name] = value


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever(poll_interval=0.05)
