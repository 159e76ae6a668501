"""What may be some seconds old is kept for all processes, and read each time while nothing can keep it."""

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as Away

from audit import awhile
from tests.desk.builders import browser, colleague


def test_it_is_read_once_until_it_is_dropped() -> None:
    read = []
    for _ in range(3):
        assert awhile.kept("test-awhile", 60, lambda: read.append(1) or "said") == "said"
    assert len(read) == 1
    awhile.drop("test-awhile")
    assert awhile.kept("test-awhile", 60, lambda: "new") == "new"


@pytest.mark.django_db
def test_the_first_page_of_the_desk_opens_while_the_cache_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    maya = browser(colleague("Privacy officer"))

    def away(*args: object, **more: object) -> None:
        raise Away("no cache")

    for name in ("get", "set", "add", "incr", "delete"):
        monkeypatch.setattr(cache, name, away)
    assert maya.get("/admin/").status_code == 200
    assert maya.get("/admin/requests_app/request/").status_code == 200
