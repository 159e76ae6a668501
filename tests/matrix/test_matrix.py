"""Each address × each visitor × GET and POST against docs/access-matrix.csv. Nothing that is sent here stays.

A new address is a failure that says so. `MATRIX=write pytest tests/matrix` adds the missing rows as they are seen, and takes
out rows of addresses that are gone; read what it wrote before you commit it, for it is what everybody may do.
"""

import csv
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client

from tests.desk.builders import everything
from tests.desk.conftest import company  # noqa: F401  # a fixture
from tests.matrix.routes import Route, World, path, routes, unknown
from tests.matrix.visitors import OTHER, VISITORS, ask, person, world

TABLE = Path(__file__).resolve().parents[2] / "docs" / "access-matrix.csv"
METHODS = ("GET", "POST")
SIGN_IN = ("/signin/", "/admin/login/")
Key = tuple[str, str]
# From somewhere on the internet: the demo's mailbox is for browsers on this very machine.
FROM = {"REMOTE_ADDR": "203.0.113.9"}
HOW = "Run `MATRIX=write pytest tests/matrix`, then read each line that it changed in docs/access-matrix.csv."


def table() -> dict[Key, dict[str, str]]:
    """The expected answers by address and method."""
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="") as file:
        return {(row.pop("address"), row.pop("method")): row for row in csv.DictReader(file)}


def seen(browser: Client, method: str, where: str) -> str:
    """The answer in the words of the table."""
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    with transaction.atomic():
        response: Any = browser.generic(method, where, b"{}" if "/api/" in where else b"", **_kind(where), **FROM)
        transaction.set_rollback(True)
    for name in list(browser.cookies):
        del browser.cookies[name]
    for name, value in cookies.items():  # an answer may have signed somebody out
        browser.cookies[name] = value
    if response.status_code in (302, 303) and response.get("Location", "").split("?")[0] in SIGN_IN:
        return "sign in"
    return str(response.status_code)


def _kind(where: str) -> dict[str, str]:
    return {"content_type": "application/json" if "/api/" in where else "application/x-www-form-urlencoded"}


@pytest.fixture
def site(company, settings, monkeypatch) -> Iterator[World]:  # noqa: F811
    # Who gets in is decided before the desk's pages are drawn, and that takes most of the time; other tests draw them all.
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    settings.FORMS_PER_NETWORK = 10**6
    settings.FLOOD_FORMS = 0
    settings.MAILBOX_DIR = settings.PARCEL_DIR
    yield world(everything(company))


@pytest.fixture(scope="module")
def written() -> Iterator[dict[Key, dict[str, str]] | None]:
    """With MATRIX=write what was seen, which becomes the table when all visitors have been there; else None."""
    found: dict[Key, dict[str, str]] = {}
    yield found if os.environ.get("MATRIX") == "write" else None
    if not found:
        return
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["address", "method", *VISITORS])
        for route in routes():
            for method in METHODS:
                row = found[route.pattern, method]
                writer.writerow([route.pattern, method, *(row[one] for one in VISITORS)])


def test_every_address_is_in_the_table_and_no_other():
    expected = {(route.pattern, method) for route in routes() for method in METHODS}
    if os.environ.get("MATRIX") == "write":
        return
    missing, gone = sorted(expected - set(table())), sorted(set(table()) - expected)
    assert not missing, f"These addresses are new, and nobody has said who may open them: {missing}. {HOW}"
    assert not gone, f"These addresses are gone: {gone}. {HOW}"
    assert all(set(row) == set(VISITORS) for row in table().values()), f"A role is new or gone. {HOW}"


# Four worlds instead of one each: building the company takes longer than visiting it.
PARTIES = [list(VISITORS)[at::4] for at in range(4)]


@pytest.mark.wide
@pytest.mark.parametrize("party", PARTIES, ids=lambda party: ", ".join(party))
def test_everybody_gets_what_the_table_says(party, site, written):
    expected, wrong = table(), []
    addresses = [(route, path(route, site)) for route in routes()]
    for who in party:
        browser = VISITORS[who](site)
        for (route, where), method in itertools.product(addresses, METHODS):
            answer = seen(browser, method, where)
            if written is not None:
                written.setdefault((route.pattern, method), {})[who] = answer
            elif answer != (wanted := expected.get((route.pattern, method), {}).get(who)):
                wrong.append(f"{who}: {method} {route.pattern}: the table says {wanted}, seen {answer}")
    assert not wrong, "\n".join([*wrong, HOW])


def of_a_person(route: Route) -> bool:
    """Whether an address of the portal names something that belongs to one person."""
    return route.pattern.startswith("my/") and "pk" in route.parameters


def test_what_is_another_persons_looks_like_what_never_was(site):
    browser = person(ask(OTHER))
    checked = 0
    for route in filter(of_a_person, routes()):
        for method in METHODS:
            answers = []
            for where in (path(route, site), unknown(route, site)):
                response = browser.generic(method, where)
                answers.append((response.status_code, response.content, sorted(response.headers.items())))
            assert answers[0] == answers[1] and answers[0][0] in (404, 405), f"{method} {route.pattern}"
            checked += 1
    assert checked >= 14


def test_the_table_lets_nobody_in_who_has_no_business_there():
    """The table itself, read by rules: a slip of the pen in it is found."""
    for (address, method), row in table().items():
        inside = address.startswith("admin/") and not address.startswith(
            ("admin/login", "admin/logout", "admin/jsi18n", "admin/signin/")
        )
        if address.startswith("admin/signin/factors/") and method == "POST":
            assert {row["anonymous"], row["this person"]} <= {"sign in", "302"}, f"somebody's factors at {address}"
        if inside:
            for who in ("anonymous", "other person", "this person", "key without scopes", "key with all scopes"):
                assert row[who] == "sign in", f"{who} {method} {address}"
        if address.startswith("api/v1/") and "schema" not in address:
            for who in set(VISITORS) - {"key without scopes", "key with all scopes"}:
                assert row[who] == "401", f"{who} {method} {address}"
            assert row["key without scopes"] in ("403", "405"), f"{method} {address}"
        if address.startswith("my/"):
            strangers = set(VISITORS) - {"other person", "this person"}
            assert {row[who] for who in strangers} <= {"sign in", "405"}, f"{method} {address}"
        assert not [who for who in VISITORS if row[who].startswith("5")], json.dumps({f"{method} {address}": row})
        if "/delete/" in address and address.startswith("admin/") and method == "POST":
            assert "302" not in row.values(), f"something can be deleted at {address}"
