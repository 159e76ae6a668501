"""How a value stands on a page that a person reads."""

from datetime import UTC, datetime

import pytest

from requests_app.delivery.tables import shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-01-31 19:35:00.000000", "2026-01-31 19:35:00"),
        (datetime(2026, 1, 31, 19, 35, tzinfo=UTC), "2026-01-31 19:35:00+00:00"),
        ("2026-01-31 19:35:00.250000", "2026-01-31 19:35:00.250000"),
        ("at 2026-01-31 19:35:00.000000", "at 2026-01-31 19:35:00.000000"),
        (None, ""),
        (True, "yes"),
    ],
)
def test_a_moment_loses_only_what_says_nothing(value: object, words: str) -> None:
    assert shown(value) == words
