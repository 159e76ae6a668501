"""The pages of the team in a real browser: nothing for axe, no sideways scrolling, no error in the console."""

import os

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User

from privacyops import roles
from requests_app.models import AssignmentRule, Mention, Playbook
from tests.desk import builders
from tests.desk.builders import browser, case, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look  # noqa: F401

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

BOOKS = "/admin/requests_app/playbook/"


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_the_team_can_be_used_by_everybody(chromium, live_server, company, width, scheme):  # noqa: F811
    request = builders.everything(company)
    user = colleague("Privacy officer", "maya")
    maya = browser(user)
    Mention.objects.update(person=user)
    roles.sync()
    User.objects.get(username="writer").groups.add(Group.objects.get(name="Privacy officer"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    for title, path in {
        "team": "/admin/requests_app/absence/team/", "team-case": case(request), "books": BOOKS,
        "book": f"{BOOKS}{Playbook.objects.get().pk}/change/", "rules": "/admin/requests_app/assignmentrule/",
        "rule": f"/admin/requests_app/assignmentrule/{AssignmentRule.objects.get().pk}/change/",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    page.goto(live_server.url + f"{BOOKS}{Playbook.objects.get().pk}/change/")
    page.locator("input[name=auto_approve]").check()
    page.locator("button[name=_save]").click()
    page.get_by_text("An erasure needs two people").wait_for()
    look(page, "book-refused", width, scheme)
    assert not errors
    context.close()
