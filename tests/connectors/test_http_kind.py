"""How an HTTP system answers: exact matches, whole pages, nothing changed twice, patience, no values in errors."""

import logging
from datetime import date
from typing import Any

import pytest

from connectors.kinds import http_calls
from connectors.kinds.base import Mask, Permanent, Temporary
from tests.connectors.web import (
    ANNA,
    BEN,
    CUSTOMERS,
    PAGED,
    Web,
    changed,
    keys,
    kind,
    spec,
    status,
)  # fmt: skip


def test_a_search_that_finds_too_much_hands_over_nobody_elses_row(web: Web) -> None:
    one = kind(web)
    assert keys(one.find(spec("customers"), "email", [ANNA], folded=True)) == [1]
    assert keys(one.find(spec("customers"), "email", [ANNA], folded=False)) == []
    assert keys(one.find(spec("customers"), "email", ["", " ", None], folded=True)) == []
    assert any("joanna" in str(row) for row in web.rows("customers")), "the server would have found her"


def test_a_number_and_its_digits_are_the_same_and_other_spellings_are_not(web: Web) -> None:
    one = kind(web)
    for value, found in ((1, 5), ("1", 5), ("01", 0), (1.0, 0), (True, 0)):
        assert len(keys(one.find(spec("orders"), "customer_id", [value], folded=False))) == found


def test_two_spellings_of_an_address_find_a_row_once(web: Web) -> None:
    assert keys(kind(web).find(spec("customers"), "email", ["Anna@People.example", ANNA], folded=True)) == [1]


@pytest.mark.parametrize(
    "paging",
    [
        {"kind": "page", "into": "page"},
        {"kind": "page", "into": "page", "total": "data.total"},
        {"kind": "offset", "into": "offset"},
        {"kind": "offset", "into": "offset", "total": "data.total"},
        {"kind": "cursor", "next": "data.next", "into": "after"},
        {"kind": "link"},
    ],
)
def test_every_page_of_every_kind_of_paging_is_read(web: Web, paging: dict[str, Any]) -> None:
    query = {"customer_id": "{value}", **({"link": "1"} if paging["kind"] == "link" else {})}
    words = changed("collections", "orders", "find", "customer_id", to={
        "path": "/orders", "query": query, "rows": "data.items", "paging": paging})  # fmt: skip
    found = kind(web, words).find(spec("orders"), "customer_id", [1], folded=False)
    assert keys(found) == ["A-0", "A-12", "A-3", "A-6", "A-9"]


def test_a_paging_that_does_not_turn_the_page_is_told_and_never_goes_on_for_ever(web: Web) -> None:
    words = changed("collections", "orders", "find", "customer_id", "paging", to={"kind": "page", "into": "seite"})
    with pytest.raises(Permanent) as error:
        keys(kind(web, words).find(spec("orders"), "customer_id", [1], folded=False))
    assert "same page again" in error.value.sentence


def test_further_pages_that_nobody_described_are_told_and_not_left_out(web: Web) -> None:
    words = changed("collections", "orders", "find", "customer_id", to={
        "path": "/orders", "query": {"customer_id": "{value}", "link": "1"}, "rows": "data.items"})  # fmt: skip
    with pytest.raises(Permanent) as error:
        keys(kind(web, words).find(spec("orders"), "customer_id", [1], folded=False))
    assert "further pages" in error.value.sentence


@pytest.mark.parametrize(
    "link",
    ["http://127.0.0.1:9/x", "//evil.example/x", "https://127.0.0.1/", "http://user@127.0.0.1/", "file:///etc/passwd"],
)
def test_a_next_page_on_another_server_never_gets_our_secret(web: Web, link: str) -> None:
    words = changed("collections", "orders", "find", "customer_id", to={
        "path": "/orders", "query": {"customer_id": "{value}", "link": "1"}, "rows": "data.items",
        "paging": {"kind": "link"}})  # fmt: skip
    web.set(link=link)
    with pytest.raises(Permanent) as error:
        keys(kind(web, words).find(spec("orders"), "customer_id", [1], folded=False))
    assert "another server" in error.value.sentence


def test_several_values_go_into_one_body_or_one_query(web: Web) -> None:
    search = {"method": "POST", "path": "/orders/search", "rows": "data.items", "at_once": 10, "paging": PAGED,
              "body": {"field": "customer_id", "any_of": "{values}", "paging": {"page": 1}}}  # fmt: skip
    search["paging"] = {"kind": "page", "into": "paging.page"}
    words = changed("collections", "orders", "find", "customer_id", to=search)
    assert len(keys(kind(web, words).find(spec("orders"), "customer_id", [1, 2, 99], folded=False))) == 10
    assert web.calls()[0]["body"] == {"field": "customer_id", "any_of": [1, 2, 99], "paging": {"page": 1}}
    read = {"path": "/orders", "query": {"id": "{values}"}, "rows": "data.items", "at_once": 4}
    web.open()
    rows = kind(web, changed("collections", "orders", "read", to=read)).read(
        spec("orders"), ["id", "note"], [("A-0",), ("A-1",), ("A-2",), ("A-99",), ("A-3",)]
    )
    assert [row["note"] for row in rows] == ["Note 0", "Note 1", "Note 2", "Note 3"], "the server cut the list at two"
    assert web.calls()[0]["path"] == "/api/orders?id=A-0&id=A-1&id=A-2&id=A-99"


def test_rows_are_found_by_several_fields_together_and_by_date(web: Web) -> None:
    one = kind(web)
    pairs = [(1, "Note 0"), (1, "Note 1"), (2, "Note 1"), (None, "Note 2")]
    assert keys(one.find_together(spec("orders"), ("customer_id", "note"), pairs)) == ["A-0", "A-1"]
    old = list(one.find_before(spec("orders"), "made_at", date(2025, 3, 1)))
    assert {row.key[0]: str(row.on) for row in old} == {
        "A-0": "2025-01-01", "A-9": "2025-01-01", "A-1": "2025-02-01", "A-10": "2025-02-01"}  # fmt: skip


def test_rows_that_come_without_the_searched_field_are_refused_and_never_guessed(web: Web) -> None:
    web.set(rows={"customers": [{"id": 1}], "orders": []})
    words = changed("collections", "customers", "find", "email", to={
        "path": "/customers", "query": {"mail": "{value}"}, "rows": "data.items", "paging": PAGED})  # fmt: skip
    with pytest.raises(Permanent) as error:
        list(kind(web, words).find(spec("customers"), "email", [ANNA], folded=True))
    assert "omits_nulls" in error.value.sentence
    words["collections"]["customers"]["omits_nulls"] = True
    assert keys(kind(web, words).find(spec("customers"), "email", [ANNA], folded=True)) == []


def test_a_row_that_names_another_person_says_so(web: Web) -> None:
    two = spec("orders", people={"note": "customer_id"})
    found = next(iter(kind(web).find(two, "customer_id", [1], folded=False)))
    assert found.people == {"customer_id": 1}


def test_nested_fields_are_read_by_dotted_names(web: Web) -> None:
    one = kind(web)
    names = ["id", "address.city", "tags"]
    assert one.read(spec("customers"), names, [(1,), (3,), (9,)]) == [
        {"id": 1, "address.city": "Berlin", "tags": ["vip"]},
        {"id": 3, "address.city": None, "tags": []},
    ]
    assert one.values(spec("customers"), "address.city", [(1,), (2,), (3,)]) == ["Berlin", "Paris"]


def test_a_read_that_says_gone_of_every_row_is_not_believed(web: Web) -> None:
    """A wrong path answers 404 as a deleted row does; an erasure would count it as done."""
    words = changed("collections", "customers", "read", "path", to="/kunden/{id}")
    with pytest.raises(Permanent) as error:
        list(kind(web, words).find(spec("customers"), "email", [ANNA], folded=True))
    assert error.value.code == "schema" and "read" in error.value.sentence


def test_a_wrong_search_path_is_told_and_is_not_nobody(web: Web) -> None:
    words = changed("collections", "customers", "find", "email", "path", to="/kunden")
    with pytest.raises(Permanent) as error:
        list(kind(web, words).find(spec("customers"), "email", [ANNA], folded=True))
    assert "404" in error.value.sentence
    words["collections"]["customers"]["find"]["email"]["none"] = [404]
    assert keys(kind(web, words).find(spec("customers"), "email", [ANNA], folded=True)) == []


def test_an_update_sends_only_what_is_not_as_wanted_and_a_second_one_sends_nothing(web: Web) -> None:
    masks = {"name": Mask("[erased]"), "address.city": Mask(None), "marketing": Mask(True), "email": Mask(token=True)}
    for changes in (1, 0):
        with kind(web).changing() as session:
            assert session.count_unlike(spec("customers"), [(1,)], masks, {}) == changes
            assert session.update(spec("customers"), [(1,), (99,)], masks, {}) == changes
            assert session.count_unlike(spec("customers"), [(1,)], masks, {}) == 0
    assert [one[:3] for one in web.state()["writes"]] == [
        ["PATCH", "/api/customers/1", {"name": "[erased]", "address": {"city": None}, "email": "erased-1"}]
    ]
    assert web.rows("customers", id=1)[0]["address"] == {"city": None, "country": "DE"}


@pytest.mark.parametrize(
    ("more", "sent"),
    [
        ({"changes": "top"}, {"address": {"city": None, "country": "DE"}}),
        ({"body": {"customer": "{changes}", "why": "privacy"}}, {"customer": {"address": {"city": None}}, "why": "privacy"}),
        ({"body": {"id": "{id}", "all": "{row}"}}, {"id": 1, "all": {
            "id": 1, "email": "Anna@People.example", "name": "Anna Adler", "address": {"city": None, "country": "DE"},
            "tags": ["vip"], "marketing": True}}),
    ],
)  # fmt: skip
def test_an_update_has_the_form_that_the_system_wants(web: Web, more: dict[str, Any], sent: Any) -> None:
    words = changed("collections", "customers", "update", to={"path": "/customers/{id}", **more})
    with kind(web, words).changing() as session:
        session.update(spec("customers"), [(1,)], {"address.city": Mask(None)}, {})
    assert web.state()["writes"][0][2] == sent


def test_a_field_that_is_not_there_is_told_and_never_called_erased(web: Web) -> None:
    """A misspelt name holds nothing, and nothing is what an erasure wants."""
    one, words = kind(web), changed(*CUSTOMERS, "omits_nulls", to=True)
    with one.changing() as session, pytest.raises(Permanent) as error:
        session.update(spec("customers"), [(1,)], {"adress.city": Mask(None)}, {})
    assert "without adress.city" in error.value.sentence and not web.state()["writes"]
    with pytest.raises(Permanent):
        one.read(spec("customers"), ["adress.city"], [(1,)])
    assert kind(web, words).read(spec("customers"), ["adress.city"], [(1,)]) == [{"adress.city": None}]


def test_a_delete_of_what_is_gone_is_done_and_spared_rows_stay(web: Web) -> None:
    rows = [("A-0",), ("A-1",), ("A-2",)]
    with kind(web).changing() as session:
        assert session.delete(spec("orders"), rows, {"customer_id": ["2"]}) == 2
        assert session.count(spec("orders"), rows, {}) == 1
        assert session.delete(spec("orders"), rows, {"customer_id": [2]}) == 0
    assert len(web.rows("orders")) == 13 and web.rows("orders", id="A-1")


def test_a_repeated_write_bears_the_same_idempotency_key_and_another_one_another(web: Web) -> None:
    def key_of(note: str, row: str) -> str:
        words = changed("collections", "orders", "update", to={"path": "/orders/{id}"})
        web.open()
        with kind(web, words).changing() as session:
            session.update(spec("orders"), [(row,)], {"note": Mask(note), "customer_id": Mask(7)}, {})
        return web.state()["writes"][0][3]

    first = key_of("x", "A-0")
    assert len(first) == 64 and first == key_of("x", "A-0")
    assert len({first, key_of("y", "A-0"), key_of("x", "A-1")}) == 3


def test_a_write_whose_answer_was_lost_is_repeated_and_done_once(web: Web) -> None:
    web.set(trouble=[{"kind": "late", "seconds": 0}, {"kind": "done then cut"}])
    with kind(web).changing() as session:
        assert session.delete(spec("orders"), [("A-0",)], {}) == 0, "the second call found it gone"
        assert session.count(spec("orders"), [("A-0",)], {}) == 0
    deletes = [one for one in web.calls() if one["method"] == "DELETE"]
    assert len(deletes) == 2 and len({one["headers"]["idempotency-key"] for one in deletes}) == 1


@pytest.mark.parametrize("key", ["..", ".", "../customers", "a/../b", "..\\x", "a\x00", "", " "])
def test_a_key_that_could_change_the_path_is_refused_and_nothing_is_called(web: Web, key: str) -> None:
    with kind(web).changing() as session, pytest.raises(Permanent) as error:
        session.delete(spec("orders"), [(key,)], {})
    assert error.value.code == "key" and not web.calls()


def test_values_are_percent_encoded_in_paths_and_queries(web: Web) -> None:
    odd = "a/b?c=d&e=ü%2f#'\"{id}"
    assert kind(web).read(spec("orders"), ["id"], [(odd,)]) == []
    assert web.calls()[0]["path"] == "/api/orders/a%2Fb%3Fc%3Dd%26e%3D%C3%BC%252f%23%27%22%7Bid%7D"
    web.open()
    assert keys(kind(web).find(spec("customers"), "email", ["x&email=@ y"], folded=True)) == []
    assert web.calls()[0]["path"].startswith("/api/customers?email=x%26email%3D%40%20y&page=1")


def test_busy_and_flaky_answers_are_waited_for(web: Web) -> None:
    web.set(trouble=[status(429, **{"Retry-After": "0"}), status(503), {"kind": "cut"}])
    assert keys(kind(web).find(spec("customers"), "email", [BEN], folded=True)) == [2]
    assert len(web.calls()) == 3 + 2 + 1


@pytest.mark.parametrize(
    ("troubles", "code"),
    [
        ([status(429, **{"Retry-After": "3600"})], "http_429"),
        ([status(503, **{"Retry-After": "Fri, 31 Dec 2049 23:59:59 GMT"})], "http_503"),
        ([status(503, **{"Retry-After": "0"})] * 9, "http_503"),
        ([status(500)], "http_500"),
        ([status(408)], "http_408"),
    ],
)
def test_what_may_pass_is_told_as_temporary(web: Web, troubles: list[Any], code: str) -> None:
    web.set(trouble=troubles)
    with pytest.raises(Temporary) as error:
        list(kind(web).find(spec("customers"), "email", [BEN], folded=True))
    assert error.value.code == code and len(web.calls()) <= 5


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (status(401), "permission"),
        (status(403), "permission"),
        (status(400), "schema"),
        (status(405), "schema"),
        (status(409), "constraint"),
        (status(422), "constraint"),
        (status(302, Location="http://127.0.0.1:9/"), "connection"),
        ({"kind": "text"}, "schema"),
        (status(200), "schema"),
    ],
)
def test_what_will_not_pass_is_told_in_words_without_a_value_of_anybody(
    web: Web, trouble: Any, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.set(trouble=[trouble])
    with pytest.raises(Permanent) as error:
        list(kind(web).find(spec("customers"), "email", [ANNA], folded=True))
    assert error.value.code == code and error.value.__cause__ is None
    assert ANNA not in error.value.sentence + caplog.text and "%40people" not in caplog.text
    assert "collections.customers.find.email" in error.value.sentence
    assert len(web.calls()) == 1


def test_a_system_that_is_not_there_is_temporary(web: Web) -> None:
    words = {**changed("retries", to=0)}
    with pytest.raises(Temporary) as error:
        list(kind(web, words, "http://127.0.0.1:9/api").find(spec("customers"), "email", [ANNA], folded=True))
    assert error.value.code == "connection"


def test_our_own_network_is_refused_in_words(web: Web, settings) -> None:
    settings.OUTGOING_NETWORKS = []
    with pytest.raises(Permanent) as error:
        list(kind(web).find(spec("customers"), "email", [ANNA], folded=True))
    assert "OUTGOING_NETWORKS" in error.value.sentence and not web.calls()


def test_calls_keep_their_distance(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(http_calls.time, "sleep", slept.append)
    monkeypatch.setattr(http_calls.time, "monotonic", lambda: 1000.0)
    pace = http_calls.Pace()
    for _ in range(4):
        pace.wait(5)
    assert slept == pytest.approx([0.0, 0.2, 0.4, 0.6])
