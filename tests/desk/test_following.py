"""Work that is followed and stopped: how far it is, without anything personal; stopped between two chunks, and let go on."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from audit import leases
from audit.refusal import Refused
from connectors import engine, pace, throttling
from connectors.models import Batch, Chunk, Receipt, WorkOrder
from requests_app import halting, progress, review
from requests_app.models import Parcel
from tests.desk import builders
from tests.desk.builders import browser, case, colleague, events, fresh, mark, press
from tests.requests_app.builders import ask, prove, pump, rows


@pytest.fixture
def maya(company):
    return colleague("Privacy officer", "maya")


@pytest.fixture
def rita(company):
    return colleague("Reviewer", "rita")


def approved(maya, rita):
    """Ada's erasure, approved; nothing of it done."""
    request = builders.in_review("delete")
    review.propose(request, by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=maya, fingerprint=mark(request))
    return fresh(request)


def erasing(request):
    return WorkOrder.objects.get(batch=request.batch_id, operation="erase")


def test_how_far_it_is_is_told_in_counts_and_holds_nothing_personal(maya, django_assert_num_queries):
    request = ask("delete")
    prove(request)
    with django_assert_num_queries(7):
        found = progress.of(request.pk, timezone.now())
    with django_assert_num_queries(6):
        progress.of(request.pk, timezone.now())
    answer = browser(maya).get(f"{builders.QUEUE}{request.pk}/progress/")
    assert answer.json()["mark"] == found.mark and answer.json()["busy"] is True
    assert "Searched 0 of 1 places" in answer.json()["words"]
    assert builders.ADA not in answer.content.decode() and not events("desk.viewed").exists()
    pump()
    after = browser(maya).get(f"{builders.QUEUE}{request.pk}/progress/").json()
    assert after["mark"] != found.mark and after["busy"] is False
    assert browser(colleague("System owner")).get(f"{builders.QUEUE}{request.pk}/progress/").status_code == 403


def test_the_rest_is_guessed_from_the_pace_and_only_where_there_is_one():
    now = timezone.now()
    assert progress.left(10, 1000, now - timedelta(seconds=60), now) == "", "too few rows"
    assert progress.left(500, 1000, now - timedelta(seconds=2), now) == "", "too short a time"
    assert progress.left(500, 1000, now - timedelta(seconds=60), now) == "about a minute left"
    assert progress.left(900, 1000, now - timedelta(seconds=60), now) == "a few seconds left"
    assert progress.left(100, 1000, now - timedelta(minutes=2), now) == "about 18 minutes left"
    assert progress.left(100, 1000, now - timedelta(hours=1), now) == "about 9 hours left"


def test_each_step_says_how_long_it_takes_by_the_receipts_of_its_system_and_says_so_when_it_cannot(maya, rita):
    request = approved(maya, rita)
    order, now = erasing(request), timezone.now()

    def told() -> str:
        cache.clear()
        return next(one.left for one in progress.of(request.pk, now).lines if one.id == str(order.pk))

    assert told() == "time not known yet"
    chunk = Chunk.objects.filter(finding__batch=request.batch_id).first()
    other = WorkOrder.objects.create(
        batch=Batch.objects.create(reason="request", origin="PR-OLD"), system=order.system, operation="erase",
        authorisation=order.authorisation, state="done", started_at=now - timedelta(seconds=200), finished_at=now,
    )  # fmt: skip
    receipt = Receipt.objects.create(order=other, chunk=chunk, rows=1000, changed=1000)
    Receipt.objects.filter(pk=receipt.pk).update(at=now - timedelta(seconds=100))
    WorkOrder.objects.filter(pk=order.pk).update(rows_planned=1200)
    assert told() == "about 2 minutes once it begins", "10 rows a second"
    WorkOrder.objects.filter(pk=order.pk).update(state="running", started_at=now, rows_done=600)
    assert told() == "about a minute left"
    page = browser(maya).get(f"{builders.QUEUE}{request.pk}/change/").content.decode()
    assert "data-left>about a minute left" in page, "without script, too"
    assert pace.worked([(now, 5)], None) == (0, 0.0)
    assert pace.worked([(now, 5), (now + timedelta(seconds=2), 8)], None) == (8, 2.0)


def test_an_erasure_is_stopped_between_two_chunks_what_was_done_stays_and_it_goes_on_where_it_stopped(
    maya, rita, company, settings, monkeypatch
):
    settings.CHUNK_ROWS = 1
    request = approved(maya, rita)
    looks = iter((False, False))  # at the start, and before the first chunk
    with monkeypatch.context() as patched:
        patched.setattr(throttling.Gait, "stops", lambda gait: next(looks, True))
        engine.run(erasing(request).pk)  # its time is up after one chunk
    done = erasing(request).rows_done
    assert 0 < done < erasing(request).rows_planned
    receipts = Receipt.objects.count()
    page = press(browser(rita), request, "halt")
    assert page.status_code == 302
    order = erasing(request)
    assert (order.state, order.park_code) == ("parked", "stopped")
    assert f"after {done} of" in order.park_reason and "cannot be undone" in order.park_reason
    pump()
    assert (erasing(request).rows_done, Receipt.objects.filter(order=order).count()) == (done, receipts), (
        "nothing moved"
    )
    words = browser(rita).get(case(request)).content.decode()
    assert "A colleague stopped this work" in words and "Go on with the work" in words and "Stop the work" not in words
    assert press(browser(rita), request, "go_on").status_code == 302
    pump()
    assert fresh(request).state == "closed" and erasing(request).state == "done"
    assert rows(company.path, "SELECT * FROM people WHERE id = 1") == []
    assert events("request.halted").count() == events("request.went_on").count() == 1
    assert events("batch.stopped").get().facts["rows"] == done


def test_a_worker_that_holds_the_order_learns_of_it_before_its_next_row(maya, rita):
    request = approved(maya, rita)
    order, now = erasing(request), timezone.now()
    assert leases.take(order, WorkOrder.objects.all(), now, state="running")
    halting.stop(request, by=rita)
    with pytest.raises(leases.Fenced):
        leases.renew(WorkOrder, order.pk, order.fence, now)
    assert "before it touched a row" in erasing(request).park_reason


def test_a_search_is_stopped_and_goes_on_and_is_never_taken_for_complete(maya):
    request = ask("delete")
    prove(request)
    assert press(browser(maya), request, "halt").status_code == 302
    pump()
    assert fresh(request).state == "collecting", "a stopped search is not a finished one"
    assert press(browser(maya), request, "halt").status_code == 422
    assert press(browser(maya), request, "go_on").status_code == 302
    pump()
    assert fresh(request).state == "in_review"


def test_a_package_is_stopped_and_built_after_all(maya):
    request = builders.in_review("access")
    review.propose(request, by=maya, fingerprint=mark(request))
    halting.stop(fresh(request), by=maya)
    pump()
    assert Parcel.objects.get().state == "parked" and fresh(request).state == "delivering"
    halting.go_on(fresh(request), by=maya)
    pump()
    assert fresh(request).state == "closed" and Parcel.objects.get().state == "ready"


def test_whoever_may_not_decide_may_not_stop_either(maya, rita):
    request = approved(maya, rita)
    agent = colleague("Agent")
    assert "Stop the work" not in browser(agent).get(case(request)).content.decode()
    assert press(browser(agent), request, "halt").status_code == 422
    with pytest.raises(Refused, match="may not stop this work"):
        halting.stop(request, by=agent)
    assert erasing(request).state == "open"


def test_what_is_not_at_work_cannot_be_stopped(maya):
    request = builders.in_review("delete")
    with pytest.raises(Refused, match="Nothing is at work"):
        halting.stop(request, by=maya)
    with pytest.raises(Refused, match="Nothing here was stopped"):
        halting.go_on(request, by=maya)


def test_an_order_of_a_retention_run_too_is_stopped_on_its_own_page_and_goes_on_by_retry(maya, rita):
    request = approved(maya, rita)
    order, desk = erasing(request), browser(maya)
    doing = f"/admin/connectors/workorder/{order.pk}/do/"
    assert browser(rita).post(f"{doing}stop/").status_code == 403
    assert desk.post(f"{doing}stop/").status_code == 302
    assert (erasing(request).state, erasing(request).park_code) == ("parked", "stopped")
    desk.post(f"{doing}stop/")
    assert events("batch.stopped").count() == 1, "twice is once"
    assert desk.post(f"{doing}retry/").status_code == 302
    pump()
    assert fresh(request).state == "closed"
