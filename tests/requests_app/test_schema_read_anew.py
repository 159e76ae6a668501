"""The live schema may be read anew at any moment, also in the middle of a search."""

from collections.abc import Callable
from typing import Any

from connectors.kinds import sql_schema
from connectors.models import Finding
from tests.requests_app.builders import ask, prove, pump


def test_a_schema_that_is_read_anew_for_every_look_finds_nobody_elses_rows(company, monkeypatch):
    for name in ("_table", "_unique"):
        monkeypatch.setattr(sql_schema, name, never_cached(getattr(sql_schema, name).__wrapped__))
    prove(ask("access"))
    pump()
    assert dict(Finding.objects.values_list("collection", "rows")) == {"people": 1, "applications": 2, "invoices": 1}


def never_cached(read: Callable[..., Any]) -> Callable[..., Any]:
    def anew(*args: Any) -> Any:
        return read(*args)

    anew.cache_clear = lambda: None
    return anew
