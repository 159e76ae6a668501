"""What an HTTP system must be told: its address with the secret, and its description. Every fault is told with its place."""

from typing import Any

import pytest

from connectors.admin import ConnectionForm
from connectors.kinds.base import Permanent
from connectors.models import Connection
from tests.connectors.web import (
    BEN,
    CUSTOMERS,
    ORDERS,
    Web,
    changed,
    describe,
    keys,
    kind,
    spec,
)  # fmt: skip
from tests.house.tree import ROOT


def told(web: Web, words: Any, address: str = "") -> str:
    """The sentence by which a description or an address is refused."""
    with pytest.raises(Permanent) as error:
        kind(web, words, address)
    assert error.value.code == "connection"
    return error.value.sentence


@pytest.mark.parametrize(
    ("auth", "secret", "address"),
    [
        ({"kind": "basic"}, "Basic cG86czpjL3Q=", "http://po:s%3Ac%2Ft@{host}/api"),
        ({"kind": "basic"}, "Basic cG86czpjL3Q=", '{{"url": "http://{host}/api", "user": "po", "secret": "s:c/t"}}'),
        ({"kind": "bearer"}, "Bearer t0ken", '{{"url": "http://{host}/api/", "secret": "t0ken"}}'),
        ({"kind": "header", "header": "X-Api-Key"}, "t0ken", "http://:t0ken@{host}/api"),
    ],
)
def test_each_way_of_saying_who_we_are_is_let_in(web: Web, auth: Any, secret: str, address: str) -> None:
    web.set(secret=secret)
    host = web.url.removeprefix("http://")
    assert keys(kind(web, changed("auth", to=auth), address.format(host=host)).find(
        spec("customers"), "email", [BEN], folded=True)) == [2]  # fmt: skip
    assert all("t0ken" not in one["path"] and "@" not in one["path"] for one in web.calls())


@pytest.mark.parametrize(
    "address",
    [
        "", "shop", "ftp://a.example", "http://0x7f.1/", '{"url": 7}', '{"url": "https://a.example", "pass": "geheim"}', "{",
        '{"url": ' * 20_000, '{"url": "https://a.example", "secret": "geheim\\ud800"}',
        "https://a.example/?key=geheim", "https://a.example/#geheim", "https://u:geheim@a.example/", '["geheim"]',
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_told_without_a_word_of_it(web: Web, address: str) -> None:
    found = told(web, changed("auth", to={"kind": "none"}), address or " ")
    assert "geheim" not in found


def test_a_secret_that_is_missing_or_not_wanted_is_told(web: Web) -> None:
    assert "no secret" in told(web, changed("auth", to={"kind": "bearer"}))
    assert "cannot carry" in told(web, changed("auth", to={"kind": "bearer"}), "http://:a%0d%0ab@127.0.0.1/")


@pytest.mark.parametrize(
    ("way", "to", "words"),
    [
        (("colections",), {}, "colections is not known here"),
        (("collections",), {}, "collections is missing"),
        (("collections",), [], "collections must be a mapping"),
        (("auth", "kind"), "oauth", "auth.kind must be one of"),
        (("auth", "kind"), "header", "auth.header is missing"),
        (("auth",), {"kind": "header", "header": "X-é"}, "auth.header is not a header that can be sent"),
        (("auth",), {"kind": "header", "header": "X-A: b"}, "auth.header is not a header that can be sent"),
        (("auth",), {"kind": "header", "header": "Host"}, "auth.header names a header that belongs to the call itself"),
        (("auth",), {"kind": "header", "header": "transfer-encoding"}, "auth.header names a header that belongs"),
        (("auth",), {"kind": "header", "header": "TE"}, "auth.header names a header that belongs"),
        (("idempotency_header",), "Idempotenz-Schlüssel", "idempotency_header is not a header that can be sent"),
        (("idempotency_header",), "Content-Length", "idempotency_header names a header that carries something else"),
        (("idempotency_header",), "Authorization", "idempotency_header names a header that carries something else"),
        (("headers",), {"Idempotency-key": "1"}, "idempotency_header names a header that carries something else"),
        (("headers",), {"X-A": "1", "x-a": "2"}, "headers.x-a is there twice"),
        (("headers", "Upgrade"), "h2c", "headers.Upgrade is a header that is made"),
        (("headers", "Authorization"), "Bearer x", "headers.Authorization is a header that is made"),
        (("headers", "X-A"), "a\r\nb: c", "headers.X-A is not a header"),
        (("requests_per_second",), "5", "requests_per_second must be a number"),
        (("retries",), True, "retries must be a number"),
        (("gone",), [401], "gone must be a list of some"),
        ((*CUSTOMERS, "unique_key"), None, "collections.customers.unique_key is missing"),
        ((*CUSTOMERS, "unique_key"), "yes", "collections.customers.unique_key must be true or false"),
        ((*CUSTOMERS, "find"), None, "collections.customers.find is missing"),
        ((*CUSTOMERS, "erase"), {}, "collections.customers.erase is not known here"),
        ((*CUSTOMERS, "fields", "email", "uniqe"), True, "collections.customers.fields.email.uniqe is not known"),
        ((*CUSTOMERS, "find", "email", "path"), None, "collections.customers.find.email.path is missing"),
        ((*CUSTOMERS, "find", "email", "path"), "customers", 'does not begin with "/"'),
        ((*CUSTOMERS, "find", "email", "path"), "/a/../b", "find.email.path has signs"),
        ((*CUSTOMERS, "find", "email", "path"), "/a?b={value}", "find.email.path has signs"),
        ((*CUSTOMERS, "find", "email", "path"), "/a/{value", "placeholder that cannot be read"),
        ((*CUSTOMERS, "find", "email", "query"), {"email": "x"}, "find.email.path needs one place"),
        (
            (*CUSTOMERS, "find", "email", "query"),
            {"q": "email:{value}"},
            "find.email.query has a placeholder within a text",
        ),
        ((*CUSTOMERS, "find", "email", "rows"), None, "find.email.rows is missing"),
        ((*CUSTOMERS, "find", "email", "rows"), 7, "find.email.rows must be a text"),
        ((*CUSTOMERS, "find", "email", "body"), {}, "find.email.body cannot go with GET"),
        ((*CUSTOMERS, "find", "email", "at_once"), 9, "find.email.at_once needs {values}"),
        ((*CUSTOMERS, "find", "email", "method"), "FETCH", "find.email.method must be one of"),
        ((*CUSTOMERS, "find", "email", "paging"), {"kind": "page"}, "find.email.paging.into is missing"),
        ((*CUSTOMERS, "find", "email", "paging"), {"kind": "cursor"}, "find.email.paging.next is missing"),
        (
            (*CUSTOMERS, "find", "email", "paging"),
            {"kind": "none", "size": 5},
            "find.email.paging.size_into is missing",
        ),
    ],
)
def test_a_fault_in_a_description_is_told_with_its_place(web: Web, way: tuple[str, ...], to: Any, words: str) -> None:
    assert words in told(web, changed(*way, to=to))
    assert not web.calls()


def test_a_fault_has_its_line_and_text_that_is_no_yaml_is_told(web: Web) -> None:
    assert "line 3" in told(web, "collections:\n  customers:\n    erase: 1\n")
    assert "not YAML" in told(web, "a: [")
    assert "line 1: 'abc' is no bool" in told(web, "retries: !!bool abc")
    assert "twice" in told(web, "retries: 1\nretries: 2\n")
    assert "empty" in told(web, " \n")


def test_the_example_of_the_documentation_is_a_description_and_names_every_key(web: Web) -> None:
    page = (ROOT / "docs" / "connectors-http.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    one = kind(web, example, f"http://:t0ken@{web.url.removeprefix('http://')}/api")
    assert {"customers", "orders"} == set(one.description.collections)
    assert one.columns(spec("customers"))["email"].length == 120 and one.keyed(spec("orders"))
    for known in ("auth", "check", "requests_per_second", "wait_seconds", "chunk_rows", "omits_nulls", "before", "join", "none",
                  "changes", "total", "size_into"):  # fmt: skip
        assert known in page


def test_a_fault_is_told_when_the_description_is_saved_on_the_desk(web: Web, db: None) -> None:
    describe(web)
    one = Connection.objects.get()
    given = {"system": one.system_id, "kind": "http", "address": "", "active": "on"}
    assert ConnectionForm({**given, "described": one.described}, instance=one).is_valid()
    wrong = ConnectionForm({**given, "described": "collections: 7"}, instance=one)
    assert not wrong.is_valid() and "line 1: collections must be a mapping" in str(wrong.errors)


@pytest.mark.parametrize(
    ("way", "to", "words"),
    [
        ((*ORDERS, "delete"), {"path": "/orders"}, "delete must have a placeholder for each field of the key"),
        ((*ORDERS, "delete"), {"path": "/orders/{number}"}, "delete must have a placeholder"),
        ((*ORDERS, "read"), {"path": "/orders"}, "read must have a placeholder"),
        (ORDERS, None, "web.orders has no calls"),
    ],
)
def test_a_call_that_would_be_about_every_row_is_refused_before_anything(
    web: Web, way: Any, to: Any, words: str
) -> None:
    with pytest.raises(Permanent) as error:
        kind(web, changed(*way, to=to)).columns(spec("orders"))
    assert words in error.value.sentence and not web.calls()


def test_columns_and_the_key_are_what_the_description_says(web: Web) -> None:
    one = kind(web)
    columns = one.columns(spec("customers"))
    assert (columns["email"].unique, columns["email"].nullable, columns["email"].textual) == (True, False, True)
    assert (columns["name"].unique, columns["name"].nullable) == (False, True)
    assert not columns["id"].nullable and not columns["tags"].textual
    assert one.keyed(spec("customers")) and not kind(web, changed(*CUSTOMERS, "unique_key", to=False)).keyed(
        spec("customers")
    )
