"""The package's own pages and the download form in a real browser (see test_looks)."""

import io
import sqlite3
import zipfile
from types import SimpleNamespace

import pytest

from requests_app.models import Parcel
from tests.e2e.test_looks import LOOKS, browser, look, playwright, quick
from tests.portal.builders import package, person
from tests.portal.test_mine import fresh_session as confirm_again
from tests.requests_app.builders import company_database, inventory, recipients, reviewer
from tests.requests_app.test_package_format import LETTERS, fetch, finish, fresh_session, hide, in_review

__all__ = ("browser", "playwright", "quick")
pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company(db, tmp_path, settings) -> SimpleNamespace:
    settings.COMPANY_NAME = "Hireline"
    path = company_database(tmp_path)
    return SimpleNamespace(path=path, system=inventory(path), recipients=recipients())


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_a_package_can_be_read_by_everybody(browser, company, tmp_path, width, scheme):
    with sqlite3.connect(company.path) as database:
        database.execute("UPDATE applications SET letter = ? WHERE letter LIKE '=%'", ("A long letter. " * 300,))
    rita, request = reviewer(), in_review()
    hide(request, rita, LETTERS[1])
    finish(request, rita)
    parcel = Parcel.objects.get(request=request)
    with zipfile.ZipFile(io.BytesIO(fetch(parcel, fresh_session(request)))) as archive:
        archive.extractall(tmp_path / "unpacked")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, outside = context.new_page(), []
    page.on("request", lambda sent: outside.append(sent.url) if not sent.url.startswith("file:") else None)
    page.goto(next((tmp_path / "unpacked").glob("*/index.html")).as_uri())
    look(page, "package-index", width, scheme)
    page.get_by_role("link", name="Applications you sent").click()
    look(page, "package-collection", width, scheme)
    page.get_by_role("link", name="Back to the overview").click()
    assert page.get_by_role("heading", name="Your data at Hireline").is_visible()
    assert not outside, "a package asks nobody for anything"
    context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_file_can_be_locked_with_a_password(browser, live_server, width, scheme):
    ada, request = person()
    package(request)
    confirm_again(ada, request)
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=True
    )
    context.add_cookies(
        [{"name": name, "value": one.value, "url": live_server.url} for name, one in ada.cookies.items()]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/my/{request.pk}/package/")
    page.get_by_text("Lock the file with a password").click()
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("The same again").fill("correct hoarse")
    look(page, "package-lock", width, scheme)
    page.get_by_role("button", name="Download my data").click()
    page.get_by_text("The two passwords differ").wait_for()
    look(page, "package-lock-refused", width, scheme)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("The same again").fill("correct horse")
    with page.expect_download() as fetching:
        page.get_by_role("button", name="Download my data").click()
    assert zipfile.is_zipfile(fetching.value.path())
    context.close()
