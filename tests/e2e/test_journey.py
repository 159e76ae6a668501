"""The main job in a real browser: a person asks, staff decide, the rows are really gone from a real database."""

import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Portal, portal

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.wide, pytest.mark.timeout(600), pytest.mark.xdist_group("journey")]
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PICTURES = os.environ.get("SCREENSHOTS", "")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is missing; to run this test: apt-get install chromium")
    with portal(tmp_path_factory.mktemp("journey") / "state", DEMO="1") as one:
        yield one


class Visitor:
    """One browser window; it must never see an error in its console."""

    def __init__(self, browser, base: str) -> None:
        self.base, self.errors = base, []
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def picture(self, name: str) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)

    def press(self, words: str) -> None:
        self.page.click(f'button:has-text("{words}")')
        self.page.wait_for_load_state()

    def until(self, words: str, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while words not in self.page.inner_text("body"):
            assert time.monotonic() < end, self.page.inner_text("body")[-1500:]
            time.sleep(1)
            self.page.reload()


@pytest.fixture(scope="module")
def browser(running: Portal):
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()


def ask(visitor: Visitor, right: str, email: str, residence: str) -> str:
    visitor.go(f"/request/?right={right}")
    visitor.page.fill("input[name=email]", email)
    visitor.press("Continue")
    visitor.page.select_option("select[name=residence]", residence)
    visitor.press("Continue")
    visitor.page.check(f'input[name=right][value="{right}"]')
    visitor.press("Continue")
    if right != "opt_out_sale":
        visitor.press("Continue")
    time.sleep(2)  # a person takes longer than a bot
    visitor.picture(f"form-{right}")
    visitor.press("Send my request")
    reference = re.search(r"PR-\w{4}-\w{4}", visitor.page.inner_text("body"))
    assert reference, visitor.page.inner_text("body")
    return reference[0]


def open_letter(visitor: Visitor, email: str, words: str) -> None:
    end = time.monotonic() + 60
    while True:
        visitor.go("/mailbox/")
        letters = visitor.page.locator("li.card", has_text=email).filter(has_text=words).locator("a")
        if letters.count():
            break
        assert time.monotonic() < end, visitor.page.inner_text("body")
        time.sleep(1)
    visitor.picture("mailbox")
    letters.first.click()
    visitor.page.wait_for_load_state()


def prove(visitor: Visitor, email: str, words: str) -> None:
    open_letter(visitor, email, words)
    link = visitor.page.locator('a[href*="/proof/"]').first.get_attribute("href")
    assert link
    visitor.page.goto(link)
    visitor.press("Confirm that it is me")


def sign_in(visitor: Visitor, name: str, password: str) -> None:
    visitor.go("/admin/")
    visitor.page.fill("input[name=login]", name)
    visitor.page.fill("input[name=password]", password)
    visitor.page.click("button[type=submit]")
    visitor.page.wait_for_selector("input[name=login]", state="detached")  # a click may end before the next page begins
    visitor.page.wait_for_load_state()


def open_case(visitor: Visitor, reference: str) -> None:
    end = time.monotonic() + 60
    while True:
        visitor.go("/admin/requests_app/request/")
        links = visitor.page.locator(f'a:has-text("{reference}")')
        if links.count():
            break
        assert time.monotonic() < end, visitor.page.inner_text("body")[:3000]
        time.sleep(1)
    links.first.click()
    visitor.page.wait_for_load_state()


def count(running: Portal, email: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--count", email], cwd=Path(__file__).parents[2], env=running.env,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = re.findall(r"([\d,]+)  (\w+\.\w+)", done.stdout)
    return {table: int(number.replace(",", "")) for number, table in rows}


def test_a_deletion_from_the_public_form_to_rows_that_are_really_gone(running: Portal, browser) -> None:
    anna = "anna.schmidt@example.com"
    before = count(running, anna)
    assert all(before[table] for table in ("platform.accounts", "platform.server_logs", "marketing.contacts"))
    person, jonas, maya = (Visitor(browser, running.url) for _ in range(3))
    reference = ask(person, "delete", anna, "DE")
    prove(person, anna, reference)
    person.picture("status")
    sign_in(jonas, "jonas", running.password)
    jonas.picture("home")
    open_case(jonas, reference)
    jonas.until("Propose to a second person")
    assert anna not in jonas.page.content(), "identifiers are masked until somebody reveals them"
    jonas.picture("case")
    jonas.press("Propose to a second person")
    assert "Approve and carry out" not in jonas.page.inner_text("body"), "nobody approves their own proposal"
    sign_in(maya, "maya", running.password)
    open_case(maya, reference)
    assert "Tick “Look whether a contract" in maya.page.inner_text("body"), "a step of the playbook blocks"
    maya.page.locator('[aria-label^="Step 1:"]').click()
    maya.until("1 of 3 done")
    maya.page.locator('summary:has-text("Approve and carry out")').click()
    maya.picture("approve")
    maya.press("Yes: Approve and carry out")
    maya.until("Partly fulfilled")
    maya.picture("closed")
    after = count(running, anna)
    gone = ("platform.accounts", "platform.applications", "platform.server_logs", "platform.sessions", "marketing.contacts",
            "marketing.vendor_profiles", "marketing.ad_audiences", "archive.archived_applications")  # fmt: skip
    assert {table: after[table] for table in gone} == dict.fromkeys(gone, 0)
    assert after["platform.payments"] == before["platform.payments"] > 0, "bookkeeping must stay"
    open_letter(person, anna, "What we erased")
    assert "Payments" in person.page.inner_text("body")
    assert not [*person.errors, *jonas.errors, *maya.errors]


def test_a_copy_is_fetched_behind_a_fresh_proof(running: Portal, browser) -> None:
    ben = "ben.carter@example.com"
    person, jonas = Visitor(browser, running.url), Visitor(browser, running.url)
    reference = ask(person, "access", ben, "GB")
    prove(person, ben, reference)
    sign_in(jonas, "jonas", running.password)
    open_case(jonas, reference)
    jonas.until("Approve and carry out")
    jonas.press("Approve and carry out")
    jonas.until("Fulfilled")
    person.go("/my/")
    person.page.click(f'a:has-text("{reference}"), a:has-text("A copy of my data")')
    person.page.wait_for_load_state()
    person.until("Go to the download")
    person.page.click('a:has-text("Go to the download")')
    person.page.wait_for_load_state()
    assert "Download my data" not in person.page.inner_text("body"), "a session alone is not enough"
    person.press("Get a fresh link")
    time.sleep(4)
    open_letter(person, ben, "fetch")
    person.page.goto(person.page.locator('a[href*="/proof/"]').first.get_attribute("href"))
    person.press("Confirm that it is me")
    person.until("Download my data")
    person.picture("package")
    with person.page.expect_download() as fetching:
        person.page.click('button:has-text("Download my data")')
    archive = zipfile.ZipFile(io.BytesIO(Path(fetching.value.path()).read_bytes()))
    assert archive.testzip() is None and any(name.endswith("/index.html") for name in archive.namelist())
    accounts = next(name for name in archive.namelist() if name.endswith("accounts.json"))
    assert ben in json.dumps(json.loads(archive.read(accounts)))
    everything = b"".join(archive.read(name) for name in archive.namelist() if not name.endswith("/")).decode()
    assert "Ben Carter" in everything and "Anna Schmidt" not in everything, "another person's name is hidden"
    if PICTURES:
        page, folder = person.context.new_page(), Path(PICTURES) / "package"
        archive.extractall(folder)
        page.goto(next(folder.resolve().glob("*/index.html")).as_uri())
        page.screenshot(path=f"{PICTURES}/package-page.png", full_page=True)


def test_an_opt_out_asks_for_no_proof_and_takes_effect_by_itself(running: Portal, browser) -> None:
    carla = "carla.diaz@example.com"
    person, jonas = Visitor(browser, running.url), Visitor(browser, running.url)
    person.go("/do-not-sell/")
    person.page.fill("input[name=email]", carla)
    person.page.select_option("select[name=residence]", "US-CA")
    time.sleep(2)
    person.page.click("main form button")
    person.page.wait_for_load_state()
    reference = re.search(r"PR-\w{4}-\w{4}", person.page.inner_text("body"))
    assert reference
    sign_in(jonas, "jonas", running.password)
    open_case(jonas, reference[0])
    jonas.until("Fulfilled")
    assert "not needed, and never asked for" in jonas.page.inner_text("body")
