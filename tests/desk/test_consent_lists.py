"""The lists of consent on the desk cost the same with many rows, and a file of choices comes in by its page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clients
from consent import choices, devices, doubly, hooks
from consent.models import Choice, Delivery, Terms
from subjects import registry
from tests.consent.builders import CLERK, live_purpose
from tests.desk.builders import browser, colleague

pytestmark = pytest.mark.django_db
LISTS = ("choice", "standing", "device", "pendingchoice", "withdrawal", "subscription", "delivery", "launch", "terms")
IMPORT = "/admin/consent/choice/import/"
HEAD = "kind,identifier,purpose,granted,chosen_at\n"


def many(count: int, start: int = 0) -> None:
    """So many people with a choice, a device, a Yes that waits, a withdrawal; programs that hear of it."""
    for n in range(start, start + count):
        news = live_purpose(f"news-{n}", name=f"News {n}")
        Terms.objects.create(purpose=news, double_opt_in=True)
        client, _ = clients.create(f"shop-{n}", [], actor=CLERK)
        hooks.subscribe(client, f"https://shop{n}.example/hooks", [], actor=CLERK)
        person = registry.find_or_make("email", f"p{n}@example.org", actor=CLERK)
        devices.adopt(devices.find_or_make(f"browser-{n:012d}"), person, actor=CLERK)
        choices.record(person, news, True, source="portal", actor=CLERK)
        choices.record(person, news, False, source="portal", actor=CLERK)
        doubly.ask(registry.of(person.pk, "email", f"p{n}@example.org"), news, source="portal", actor=CLERK)


def test_many_rows_cost_as_many_queries_as_few():
    maya = browser(colleague("Privacy officer"))
    many(2)

    def costs() -> dict[str, int]:
        found = {}
        for name in LISTS:
            with CaptureQueriesContext(connection) as seen:
                assert maya.get(f"/admin/consent/{name}/").status_code == 200
            found[name] = len(seen)
        return found

    costs()
    few = costs()
    many(8, start=2)
    assert Delivery.objects.count() >= 8
    assert costs() == few


def test_a_file_of_choices_comes_in_with_a_word_on_each_line_that_does_not():
    live_purpose()
    maya = browser(colleague("Privacy officer"))
    rows = (
        "email,ada@example.org,news,yes,2026-01-02T03:04:05Z\nemail,bob@example.org,nothing,yes,2026-01-02T03:04:05Z\n"
    )
    for said in ("1 recorded, 0 were recorded before, 1 rejected", "0 recorded, 1 were recorded before, 1 rejected"):
        page = maya.post(IMPORT, {"file": SimpleUploadedFile("c.csv", (HEAD + rows).encode())})
        words = page.content.decode()
        assert page.status_code == 200 and said in words
        assert "<td>3</td><td>purpose</td>" in words
        assert "bob@example.org" not in words
    assert Choice.objects.count() == 1


@pytest.mark.parametrize("file", [b"", b"who,what\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_none_is_refused_in_words(file):
    maya = browser(colleague("Privacy officer"))
    page = maya.post(IMPORT, {"file": SimpleUploadedFile("c.csv", file)})
    assert page.status_code == 422 and not Choice.objects.exists()


def test_only_who_may_add_choices_brings_a_file_in():
    assert browser(colleague("Auditor")).get(IMPORT).status_code == 403
