"""The pages of archives, replays and what still exists in a real browser, wide and narrow, by day and by night."""

import pytest
from django.conf import settings

from audit.models import SweepRun
from retention.models import Archive, CopySet, Replay, SealedEntry
from tests.desk import builders
from tests.desk.builders import browser, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look

__all__ = ("chromium",)


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_of_archives_and_replays_can_be_used_by_everybody(chromium, live_server, company):
    builders.everything(company)
    SweepRun.objects.all().delete()
    maya = browser(colleague("Privacy officer", "maya"))
    folder = "/admin/retention"
    pages = {
        "still": "/admin/still-there/", "still-one": "/admin/still-there/?reference=R-1", "sets": f"{folder}/copyset/",
        "set": f"{folder}/copyset/{CopySet.objects.get().pk}/change/", "set-new": f"{folder}/copyset/add/",
        "copies": f"{folder}/storedcopy/", "archives": f"{folder}/archive/", "list": f"{folder}/sealedentry/",
        "archive": f"{folder}/archive/{Archive.objects.get().pk}/change/", "replays": f"{folder}/replay/",
        "replay": f"{folder}/replay/{Replay.objects.get().pk}/change/",
        "entry": f"{folder}/sealedentry/{SealedEntry.objects.get().pk}/change/",
    }  # fmt: skip
    name = settings.SESSION_COOKIE_NAME
    for width, scheme in LOOKS:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
        page, errors = context.new_page(), []
        page.on("console", lambda said, errors=errors: errors.append(said.text) if said.type == "error" else None)
        for title, path in pages.items():
            page.goto(live_server.url + path)
            look(page, title, width, scheme)
        assert not errors
        context.close()
