"""The desk on a phone: the queue as cards that need no sideways scrolling, an approval by thumb; and the same pages wide."""

from datetime import date

import pytest

from connectors import holds
from requests_app import raising, review
from requests_app.models import Request
from tests.desk import builders
from tests.desk.builders import QUEUE, case, colleague, fresh, mark
from tests.desk.test_desk_looks import chromium, look  # noqa: F401
from tests.desk.test_queue_looks import desk, history
from tests.requests_app.builders import pump

pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
THUMB = 40  # CSS pixels, high and wide


def erasure(rita) -> Request:
    """Proposed by Rita, raised by her, and held in part."""
    request = builders.in_review("delete")
    system = request.batch.findings.exclude(action="keep").first().system
    holds.place(
        request.subject, matter="Case 4711", reason="A claim", review_on=date(2026, 1, 1), by=rita, systems=[system]
    )
    review.propose(request, by=rita, fingerprint=mark(request))
    raising.raise_up(fresh(request), by=rita, reason="Their lawyer called.")
    return fresh(request)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark"), (390, "dark"), (1280, "light")])
def test_queue_case_and_approval_by_thumb(chromium, live_server, company, width, scheme):  # noqa: F811
    history()
    request = erasure(colleague("Reviewer", "rita"))
    page, errors = desk(chromium, live_server, width, scheme)
    for name, path in {"home": "/admin/", "queue": QUEUE, "reports": "/admin/reports/", "holds": "/admin/connectors/legalhold/",
                       "hold": "/admin/connectors/legalhold/add/", "raised": f"{QUEUE}?waits=raised"}.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, f"phone-{name}", width, scheme)
    row = page.locator("#result_list tbody tr").first
    if width < 641:
        assert page.evaluate("document.querySelector('#result_list').closest('div').scrollWidth") <= width
        for words in (request.reference, "Deletion", "raised", "Approve"):
            assert row.get_by_text(words).first.is_visible(), words
        assert row.locator(".po-clock").is_visible() and row.bounding_box()["height"] < 120, "a compact card"
    row.get_by_role("link", name=request.reference).click()
    page.wait_for_url("**/change/")
    summary = page.locator("summary", has_text="Approve and carry out")
    assert summary.bounding_box()["height"] >= (THUMB if width < 641 else 20)
    look(page, "phone-case", width, scheme)
    summary.click()
    button = page.get_by_role("button", name="Yes: Approve and carry out")
    assert button.bounding_box()["height"] >= (THUMB if width < 641 else 20)
    button.click()
    page.get_by_text("Done. The request is now").wait_for()
    assert fresh(request).state == "delivering"
    look(page, "phone-progress", width, scheme)
    pump()
    assert fresh(request).state == "closed" and not errors
    page.goto(live_server.url + case(request))
    page.context.close()
