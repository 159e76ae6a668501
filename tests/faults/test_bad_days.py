"""Bad days. In each nothing is lost, nothing is done twice, nothing is reported done that is not."""

import os
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

import pytest

from tests.faults import company, oracle
from tests.faults.house import House, states

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ERASED = {"visits": 0, "payments": 1, "named": 0, "spoke": 0}


def to_review(house: House, *wishes: str) -> list[str]:
    """Ask and prove; worker and beat bring the cases to review."""
    asked: list[str] = house.drive("ask", *wishes)
    house.drive("prove")
    house.until(lambda seen: {"verifying", "received", "collecting"}.isdisjoint(states(seen)))
    return asked


def work(house: House, failpoints: str = "") -> None:
    house.start("worker", failpoints)
    house.start("beat")


def closed(seen: dict[str, Any]) -> bool:
    """All cases closed, and the post gone."""
    waiting = [one for one in [*seen["letters"], *seen["notices"]] if one["state"] == "queued"]
    return states(seen) == {"closed"} and not waiting


def test_on_a_good_day_every_right_is_carried_out(house: House) -> None:
    before = company.others(house.database, "anna", "carla", "dora")
    work(house)
    asked = to_review(house, "anna=delete", "ben=access", "carla=opt_out_sale", "dora=correct")
    house.drive("decide")
    seen = house.until(closed)
    oracle.judge(house, seen, asked=asked, touched=["anna", "carla", "dora"], before=before)
    assert company.counts(house.database, "anna") == ERASED
    assert {one["outcome"] for one in seen["requests"].values()} <= {"fulfilled", "partly"}
    assert {one["state"] for one in seen["notices"]} == {"sent"}


@pytest.mark.parametrize("chunk", [1, 4, 8])
def test_a_worker_killed_in_mid_erasure_resumes_where_it_was(house: House, chunk: int) -> None:
    before = company.others(house.database, "anna")
    work(house)
    asked = to_review(house, "anna=delete")
    house.kill("worker")
    house.drive("decide")
    house.start("worker", f"erase.after_target_commit=kill@{chunk}")
    wait_for_half(house)
    house.kill("worker")
    seen = house.drive("state")
    assert states(seen) == {"delivering"}, "half an erasure must not be reported done"
    house.start("worker")
    seen = house.until(closed)
    oracle.judge(house, seen, asked=asked, touched=["anna"], before=before)
    assert company.counts(house.database, "anna") == ERASED


def wait_for_half(house: House) -> None:
    """Until the company's database shows that an erasure began."""
    end = time.monotonic() + 60
    while not company.effects(house.database):
        assert time.monotonic() < end, house.log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)
    time.sleep(0.5)


def test_workers_killed_at_random_moments_change_nothing_in_the_end(house: House) -> None:
    before = company.others(house.database, "anna", "emil")
    work(house)
    asked = to_review(house, "anna=delete", "emil=delete")
    house.drive("decide")
    for turn in range(6):
        time.sleep(0.3 + 0.35 * turn)
        house.kill("worker")
        house.start("worker")
    seen = house.until(closed)
    oracle.judge(house, seen, asked=asked, touched=["anna", "emil"], before=before)
    assert company.counts(house.database, "anna") == ERASED
    assert company.counts(house.database, "emil") == ERASED


EVERYWHERE = (
    "order.after_claim", "find.after_step", "erase.before_lock", "erase.before_target_commit",
    "erase.after_target_commit", "erase.after_receipt", "order.before_done", "letter.before_send", "letter.after_send",
    "notice.before_send", "notice.after_send", "parcel.before_rename", "parcel.after_rename",
)  # fmt: skip


def test_a_worker_killed_once_at_every_effect_boundary_ends_the_same(house: House) -> None:
    before = company.others(house.database, "anna")
    spent = house.folder / "spent"
    spent.mkdir()
    house.env["FAILPOINTS_SPENT"] = str(spent)
    work(house, ",".join(f"{name}=kill" for name in EVERYWHERE))
    asked: list[str] = house.drive("ask", "anna=delete", "ben=access")
    house.drive("prove")
    house.until(lambda seen: states(seen) == {"in_review"}, seconds=120)
    house.drive("decide")
    seen = house.until(closed, seconds=200)
    assert {path.name for path in spent.iterdir()} == set(EVERYWHERE), "a failpoint was never reached"
    oracle.judge(house, seen, asked=asked, touched=["anna"], before=before)
    assert company.counts(house.database, "anna") == ERASED


def test_a_flushed_broker_loses_nothing(house: House) -> None:
    before = company.others(house.database, "anna")
    asked: list[str] = house.drive("ask", "anna=delete", "ben=access")
    house.flush()
    work(house)
    house.drive("prove")
    house.flush()
    house.until(lambda seen: states(seen) == {"in_review"})
    house.drive("decide")
    for _ in range(8):
        house.flush()
        time.sleep(0.4)
    seen = house.until(closed)
    oracle.judge(house, seen, asked=asked, touched=["anna"], before=before)


def test_a_broker_that_dies_and_comes_back_empty_loses_nothing(house: House) -> None:
    before = company.others(house.database, "anna")
    work(house)
    asked = to_review(house, "anna=delete")
    house.kill("broker")
    house.drive("decide")  # staff go on: a decision needs the database only
    house.start("broker")
    seen = house.until(closed, seconds=150)
    oracle.judge(house, seen, asked=asked, touched=["anna"], before=before)


def test_every_task_delivered_many_times_does_its_work_once(house: House) -> None:
    before = company.others(house.database, "anna", "carla", "dora")
    work(house)
    asked: list[str] = house.drive("ask", "anna=delete", "ben=access", "carla=opt_out_sale", "dora=correct")
    house.drive("twice")
    house.drive("prove")
    house.drive("twice")
    house.until(lambda seen: {"verifying", "received", "collecting"}.isdisjoint(states(seen)))
    house.drive("decide")
    for _ in range(3):
        house.drive("twice")
    seen = house.until(closed)
    house.drive("twice")
    time.sleep(2)
    seen = house.until(closed)
    oracle.judge(house, seen, asked=asked, touched=["anna", "carla", "dora"], before=before)
    doubled = [one for one in set(house.sink.ids) if house.sink.ids.count(one) > 1]
    assert not doubled, "no mail goes out twice when nobody was killed"


def test_two_beats_and_two_workers_do_the_work_of_one(house: House) -> None:
    before = company.others(house.database, "anna", "emil")
    work(house)
    first_worker, first_beat = house.children.pop("worker"), house.children.pop("beat")
    work(house)
    try:
        asked = to_review(house, "anna=delete", "emil=delete")
        house.drive("decide")
        seen = house.until(closed)
    finally:
        for child in (first_worker, first_beat):
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    oracle.judge(house, seen, asked=asked, touched=["anna", "emil"], before=before)


def test_a_mail_server_that_is_down_or_busy_delays_letters_and_loses_none(house: House) -> None:
    before = company.others(house.database, "carla")
    house.stop_mail()
    work(house)
    asked: list[str] = house.drive("ask", "carla=opt_out_sale")
    seen = house.until(lambda seen: any(one["state"] == "queued" for one in seen["letters"]))
    time.sleep(4)
    assert not house.sink.ids
    house.sink.refuse = True
    house.start_mail()
    time.sleep(4)
    house.sink.refuse = False
    seen = house.until(closed, seconds=150)
    oracle.judge(house, seen, asked=asked, touched=["carla"], before=before)


def test_a_hold_placed_after_approval_stops_the_erasure_in_sight_of_staff(house: House) -> None:
    before = company.others(house.database, "anna")
    work(house)
    asked = to_review(house, "anna=delete")
    house.kill("worker")
    house.drive("decide")
    house.drive("hold", "anna")
    house.start("worker")
    seen = house.until(lambda seen: any(one["park_code"] == "held" for one in seen["orders"]))
    time.sleep(4)
    seen = house.until(lambda seen: all(one["attention"] for one in seen["requests"].values()))
    assert states(seen) == {"delivering"}
    assert not company.effects(house.database), "not one row of a held person may be touched"
    house.drive("release")
    seen = house.until(closed)
    oracle.judge(house, seen, asked=asked, touched=["anna"], before=before)
    assert company.counts(house.database, "anna") == ERASED


def test_a_hold_placed_in_mid_erasure_saves_every_row_that_is_left(house: House) -> None:
    work(house)
    to_review(house, "anna=delete")
    house.kill("worker")
    house.drive("decide")
    house.start("worker", "erase.after_target_commit=sleep@3")
    wait_for_half(house)
    house.kill("worker")
    house.drive("hold", "anna")
    left = company.counts(house.database, "anna")
    house.start("worker")
    house.until(lambda seen: any(one["park_code"] == "held" for one in seen["orders"]))
    assert company.counts(house.database, "anna") == left


def post_form(house: House, opener: urllib.request.OpenerDirector, mail: str, nonce: str | None) -> tuple[str, str]:
    """Fill the public form as a browser would; (nonce, page after it)."""
    page = opener.open(f"http://127.0.0.1:{house.port}/request/?right=access", timeout=20).read().decode()
    fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    if nonce:
        fields["nonce"] = nonce
    fields.pop("step", None)  # without a step the form is taken as a whole
    fields |= {"asked_by": "self", "right": "access", "email": mail, "name": "Ben Faultproof", "residence": "DE"}
    time.sleep(2.5)  # the form's bot trap expects a person's pace
    body = urllib.parse.urlencode(fields).encode()
    answer = opener.open(f"http://127.0.0.1:{house.port}/request/", body, timeout=20).read().decode()
    return fields["nonce"], answer


@pytest.mark.parametrize("place", ["intake.before_commit", "intake.after_commit"])
def test_a_web_worker_killed_while_it_takes_a_form_gives_one_case_and_one_reference(house: House, place: str) -> None:
    before = company.others(house.database)
    house.start("web", f"{place}=kill")
    wait_for_web(house)
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    nonce = "0" * 31 + "1"
    try:
        post_form(house, opener, company.PEOPLE["ben"], nonce)
        answered = True
    except (urllib.error.URLError, ConnectionError, OSError):
        answered = False
    assert not answered, "the failpoint did not kill the worker"
    house.kill("web")
    house.start("web")
    wait_for_web(house)
    _, page = post_form(house, opener, company.PEOPLE["ben"], nonce)
    reference = re.search(r"PR-\w{4}-\w{4}", page)
    assert reference, page[-2000:]
    seen = house.drive("state")
    assert list(seen["requests"]) == [reference[0]]
    assert company.others(house.database) == before


def wait_for_web(house: House) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{house.port}/healthz", timeout=5).read()
            return
        except (urllib.error.URLError, ConnectionError, OSError):
            assert time.monotonic() < end, house.log.read_text(errors="replace")[-3000:]
            time.sleep(0.2)
