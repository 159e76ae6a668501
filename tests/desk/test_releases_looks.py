"""The pages of aggregate releases in a real browser: nothing for axe, no sideways scrolling, no error in the console."""

import os

import pytest
from django.conf import settings

from disclosures import proposing
from disclosures.models import Release, ReleaseProposal
from tests.desk.builders import browser, colleague, root
from tests.desk.companions import left
from tests.desk.test_desk_looks import LOOKS, chromium, look  # noqa: F401
from tests.disclosures import release_builders as releases

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

LIST = "/admin/disclosures/releaseproposal/"


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_releases_can_be_used_by_everybody(chromium, live_server, width, scheme):  # noqa: F811
    writer = root("writer")
    left(writer)
    rows = releases.propose(writer, "microdata", key="rows")
    releases.judged(rows)
    draft = proposing.propose(
        title="Noise by town", kind="private", dataset=releases.dataset(), purpose=releases.purpose_once(), public=True,
        recipients=[], content=[releases.text(releases.people())], by=writer,
    )  # fmt: skip
    refused = ReleaseProposal.objects.get(state="refused")
    officer = browser(colleague("Privacy officer", "maya"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": officer.cookies[name].value, "url": live_server.url}])
    for title, path in {
        "proposals": LIST, "propose": f"{LIST}propose/", "columns": f"{LIST}{draft.pk}/columns/",
        "passed": f"{LIST}{rows.pk}/change/", "refused": f"{LIST}{refused.pk}/change/",
        "releases": "/admin/disclosures/release/", "release": f"/admin/disclosures/release/{Release.objects.get().pk}/change/",
        "budgets": "/admin/disclosures/privacybudget/", "budget-add": "/admin/disclosures/privacybudget/add/",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, f"releases-{title}", width, scheme)
    assert not errors, errors
    context.close()
