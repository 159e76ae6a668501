"""The pages of retention in a real browser: nothing for axe, no sideways scrolling, no error in the console."""

import os
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from inventory.models import Collection
from retention import versions
from retention.models import Night, Schedule, ScheduleVersion, Summary
from tests.desk import builders
from tests.desk.builders import browser, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look  # noqa: F401

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
DESK, KEPT = "/admin/retention/", "/admin/kept/"


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_retention_can_be_used_by_everybody(chromium, live_server, company, width, scheme):  # noqa: F811
    builders.everything(company)
    user = colleague("Privacy officer", "maya")
    maya = browser(user)
    schedule = Schedule.objects.get()
    Schedule.objects.update(version=ScheduleVersion.objects.get())
    today = timezone.localdate()
    for back in range(1, 20):
        Night.objects.create(schedule=schedule, day=today - timedelta(days=back), past=60 - back, unexplained=40 - back)
    other = versions.start(
        key="longer", by=user, title="Applications for statistics", period=5, unit="years", reason="x",
        collection=Collection.objects.get(name="applications"),
    )  # fmt: skip
    versions.approve(other, by=builders.root("two"))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    draft = ScheduleVersion.objects.get(published_at=None)
    for title, path in {
        "kept-proof": KEPT, "kept-library": f"{KEPT}library/?where=DE", "kept-house": f"{KEPT}house/",
        "kept-ahead": f"{KEPT}ahead/{draft.pk}/", "kept-schedules": f"{DESK}schedule/",
        "kept-schedule": f"{DESK}schedule/{schedule.pk}/change/", "kept-add": f"{DESK}schedule/add/?library=de-books",
        "kept-versions": f"{DESK}scheduleversion/", "kept-version": f"{DESK}scheduleversion/{draft.pk}/change/",
        "kept-back": f"{DESK}revival/", "kept-sums": f"{DESK}summary/{Summary.objects.get().pk}/change/",
        "kept-nights": f"{DESK}night/",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    assert not errors
    context.close()
