"""What one access request costs a colleague, counted in a real browser: clicks and page loads, from new to closed."""

import os
from pathlib import Path

import pytest
from django.conf import settings

from audit.models import SweepRun
from connectors import engine, throttling
from connectors.models import WorkOrder
from requests_app import review
from requests_app.models import Request
from tests.desk.builders import browser, case, colleague, events, fresh, in_review, mark
from tests.desk.test_desk_looks import chromium, look  # noqa: F401  # a fixture
from tests.requests_app.builders import ask, prove, pump

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
MOST_CLICKS, MOST_LOADS = 8, 4


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_choosing_a_file_fails_nowhere_and_writes_into_no_other_field(chromium, live_server, company):  # noqa: F811
    maya = browser(colleague("Privacy officer", "maya"))
    context = chromium.new_context()
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in ("requests_app/request/bulk/", "disclosures/recipient/load/", "disclosures/releaseproposal/propose/"):
        page.goto(f"{live_server.url}/admin/{path}")
        page.wait_for_load_state("load")
        file = page.locator("input[type=file]").first
        file.set_input_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": b"a,b"})
        assert "rows.csv" not in page.evaluate(
            "[...document.querySelectorAll('input[type=text]')].map((one) => one.value)"
        )
    assert not errors
    context.close()


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_access_request_costs_few_clicks_and_few_page_loads(chromium, live_server, company, scheme):  # noqa: F811
    request = ask("access")
    pump()
    rita = browser(colleague("Reviewer", "rita"))
    SweepRun.objects.all().delete()
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": rita.cookies[name].value, "url": live_server.url}])
    page, loads, clicks, errors = context.new_page(), [], [], []
    page.on("load", lambda opened: loads.append(opened.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    # A page that follows the work asks again. SQLite in memory, which the test's own thread writes to meanwhile, refuses a read
    # now and then; a file or PostgreSQL does not.
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and "503" not in said.text else None
    )

    def click(place) -> None:
        clicks.append(str(place))
        place.click()
        page.wait_for_load_state()

    page.goto(f"{live_server.url}/admin/")  # the request is new, and on the home page
    click(page.get_by_role("link", name=request.reference))
    page.get_by_text("The search starts once the person has confirmed").wait_for()
    prove(request)  # the person's own click, on their link
    pump()
    page.get_by_role("button", name="Approve and carry out").wait_for()  # the page followed by itself: no load
    look(page, "clicks-review", 1280, scheme)
    clicks.append("the list of reasons")
    page.get_by_label("Why you need to see who this is").select_option("answer")
    click(page.get_by_role("button", name="Reveal (is recorded)"))
    page.get_by_text("ada@example.org").wait_for()
    click(page.get_by_role("button", name="Approve and carry out"))
    page.locator("[data-how]").wait_for()
    look(page, "clicks-progress", 1280, scheme)
    pump()
    page.locator(".po-when", has_text="Fulfilled").wait_for()
    look(page, "clicks-closed", 1280, scheme)
    assert Request.objects.get(pk=request.pk).state == "closed" and not errors
    assert Request.objects.get(pk=request.pk).owner.username == "rita"
    assert events("subject.revealed").count() == 1
    print(f"{len(clicks)} clicks, {len(loads)} page loads")
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder, "clicks.txt").write_text(f"{len(clicks)} clicks, {len(loads)} page loads\n")
    assert len(clicks) <= MOST_CLICKS, clicks
    assert len(loads) <= MOST_LOADS, loads
    context.close()


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_an_erasure_is_followed_row_by_row_and_stopped(
    chromium,  # noqa: F811
    live_server,
    company,
    settings,
    monkeypatch,
    width,
    scheme,
):
    settings.CHUNK_ROWS = 1
    rita, maya = colleague("Reviewer", "rita"), colleague("Privacy officer", "maya")
    request = in_review("delete")
    review.propose(request, by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=maya, fingerprint=mark(request))
    order = WorkOrder.objects.get(batch=fresh(request).batch_id, operation="erase")

    def one_chunk() -> int:
        looks = iter((False, False))  # at the start, and before the first chunk
        with monkeypatch.context() as patched:
            patched.setattr(throttling.Gait, "stops", lambda gait: next(looks, True))
            engine.run(order.pk)
        order.refresh_from_db()
        return order.rows_done

    done = one_chunk()
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    name, cookie = settings.SESSION_COOKIE_NAME, browser(rita).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    page, loads, errors = context.new_page(), [], []
    page.on("load", lambda opened: loads.append(opened.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(live_server.url + case(request))
    counted = page.locator("[data-count]")
    counted.get_by_text(f"{done} of {order.rows_planned}").wait_for()
    done = one_chunk()
    counted.get_by_text(f"{done} of {order.rows_planned}").wait_for()
    assert page.locator("tr[data-order] progress").evaluate("bar => bar.value") == done and len(loads) == 1
    look(page, "progress", width, scheme)
    page.get_by_role("button", name="Stop the work").click()
    page.get_by_text("cannot be undone").first.wait_for()
    look(page, "stopped", width, scheme)
    page.get_by_role("button", name="Go on with the work").click()
    page.get_by_role("button", name="Stop the work").wait_for()
    pump()
    page.locator(".po-when", has_text="ulfilled").wait_for()
    assert not errors and len(loads) == 3, "the two buttons, and nothing while it went on"
    context.close()
