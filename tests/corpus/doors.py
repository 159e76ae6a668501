"""Where strings come in: every form of every public page, found by reading the pages; addresses, headers; bodies of the API."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.corpus.pages import Page

# What a careful person writes; fields that are not named here stay as the page has them.
PLAUSIBLE = {
    "email": "ada.lovelace@example.org", "right": "access", "residence": "DE", "name": "Ada Lovelace", "details": "I bought shoes.",
    "words": "Please look again.", "password": "", "again": "",
}  # fmt: skip
# The fields that stand on later steps of the request form.
ALL_STEPS = {"asked_by": "self", "residence": "DE", "relation": "", "right": "access", "name": "", "details": ""}
OPEN = ("/", "/notice/", "/rights/", "/request/", "/do-not-sell/", "/signin/")
GIVEN: dict[str, Any] = {
    "kind": "email", "value": "ada@example.org", "email": "ada@example.org", "right": "access", "residence": "DE", "system": "site",
    "description": "version: 1\n", "identifiers": ["email"], "received_at": "2026-01-05T10:00:00Z",
}  # fmt: skip
HEADERS = (
    "User-Agent",
    "Referer",
    "Accept-Language",
    "X-Forwarded-For",
    "Sec-GPC",
    "Cookie",
    "Origin",
    "X-Requested-With",
    "Accept",
)
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 1.5, float("nan"), float("inf"), [], {}, [[]], {"a": None}, ["x"] * 200, {"\x00": "\x00"}, {"__proto__": {}},
    {"$ne": None}, [None], "",
)  # fmt: skip


@dataclass(frozen=True)
class Door:
    """One place for a string: how it is sent there. `field` is the form's field, if it is one that shows what was typed."""

    name: str
    send: Callable[[Client, Any], Any]
    field: str = ""
    signed_in: bool = False
    api: bool = False


def encoded(values: dict[str, str]) -> bytes:
    """A form's body, as a program that does not care for Unicode sends it."""
    pairs = (f"{quote_plus(_bytes(name))}={quote_plus(_bytes(value))}" for name, value in values.items())
    return "&".join(pairs).encode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def forms(client: Client, paths: tuple[str, ...], *, signed_in: bool) -> Iterator[Door]:
    """A door for each field of each form on these pages, and for the address of a field that may be named there."""
    seen: set[tuple[str, str]] = set()
    for path in paths:
        for form in Page(client.get(path).content.decode()).forms:
            action = form.action or path
            if action.startswith(("/signout", "/my/")) and "withdraw" in action:
                continue
            values = dict(form.values)
            if action == "/request/" and "step" in values:  # without a step it is taken as a whole
                values = {name: value for name, value in values.items() if name != "step"} | ALL_STEPS
            for name in values:
                if (action, name) not in seen and name != "csrfmiddlewaretoken":
                    seen.add((action, name))
                    typed = (
                        name if name in form.typed and name != "code" else ""
                    )  # one does not see again what works once
                    yield Door(f"{action} {name}", _poster(action, values, name), typed, signed_in)


def _poster(action: str, base: dict[str, str], name: str) -> Callable[[Client, str], Any]:
    plausible = {key: PLAUSIBLE.get(key, value) for key, value in base.items()}

    def send(client: Client, text: str) -> Any:
        fresh = {"nonce": uuid.uuid4().hex} if "nonce" in plausible else {}
        body = encoded({**plausible, **fresh, name: text})
        return client.generic("POST", action, body, content_type="application/x-www-form-urlencoded")

    return send


def addresses() -> Iterator[Door]:
    """Parts of addresses and their questions."""
    for where in (
        "/proof/{}/",
        "/ack/{}/",
        "/my/{}/",
        "/mailbox/{}/",
        "/admin/{}/",
        "/{}",
        "/api/v1/requests/{}/",
        "/static/{}",
    ):
        yield Door(
            where, lambda client, text, where=where: client.generic("GET", where.format(quote(_bytes(text), safe="")))
        )
    for where in ("/rights/?place={}", "/request/?right={}", "/?{}", "/notice/?version={}", "/admin/login/?next={}"):
        yield Door(
            where, lambda client, text, where=where: client.generic("GET", where.format(quote_plus(_bytes(text))))
        )
    for token in ("/proof/{}/", "/ack/{}/"):
        yield Door(
            f"POST {token}",
            lambda client, text, where=token: client.generic("POST", where.format(quote(_bytes(text), safe=""))),
        )


def headers() -> Iterator[Door]:
    """Headers, as a server hands them over: line breaks and NUL never get so far."""
    for name in HEADERS:
        key = "HTTP_" + name.upper().replace("-", "_")

        def send(client: Client, text: str, key: str = key) -> Any:
            value = _bytes(text).translate(None, b"\r\n\x00").decode("latin-1")[:8000]
            browser = Client(raise_request_exception=False)
            return browser.generic(
                "GET", "/request/", **{key: f"receipt={value}; person={value}" if key == "HTTP_COOKIE" else value}
            )

        yield Door(f"header {name}", send)


def api() -> Iterator[Door]:
    """A door for each property of each body, as our own schema describes them."""
    schema = SchemaGenerator().get_schema(public=True)
    parts = schema["components"]["schemas"]

    def resolved(one: dict[str, Any]) -> dict[str, Any]:
        for inner in one.get("allOf", [])[:1]:
            one = inner
        return parts[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one

    def example(name: str, given: dict[str, Any]) -> Any:
        one = resolved(given)
        if one.get("type") == "object" and "properties" in one:
            return {
                key: example(key, value) for key, value in one["properties"].items() if key in one.get("required", [])
            }
        if name in GIVEN and not (one.get("type") == "array") ^ isinstance(GIVEN[name], list):
            return GIVEN[name]
        if "enum" in one:
            return one["enum"][0]
        return {"array": [], "object": {}, "boolean": False, "integer": 1, "number": 1}.get(one.get("type", ""), "x")

    def places(given: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for key, value in resolved(given).get("properties", {}).items():
            yield (*above, key)
            yield from places(value, (*above, key))

    for path, methods in schema["paths"].items():
        body = methods.get("post", {}).get("requestBody")
        if body is None:
            continue
        given = body["content"]["application/json"]["schema"]
        base = example("", given)
        for place in places(given):
            yield Door(f"{path} {'.'.join(place)}", _caller(path, base, place), api=True)


def _caller(path: str, base: dict[str, Any], place: tuple[str, ...]) -> Callable[[Client, Any], Any]:
    def send(client: Client, value: Any) -> Any:
        body = json.loads(json.dumps(base))
        inner = body
        for key in place[:-1]:
            inner = inner.setdefault(key, {})
        inner[place[-1]] = value
        return client.generic(
            "POST", path, json.dumps(body), content_type="application/json", HTTP_IDEMPOTENCY_KEY=str(uuid.uuid4())
        )

    return send
