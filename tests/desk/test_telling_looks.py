"""Ways of telling, notices and tasks by hand in a real browser, from phone to desk, by day and by night."""

import pytest
from django.conf import settings
from django.utils import timezone

from disclosures import notices
from disclosures.models import Attempt, Channel, Errand, Notice
from tests.desk.builders import browser, colleague
from tests.desk.test_desk_looks import LOOKS, chromium, look
from tests.disclosures.builders import person, recipient, tell
from tests.disclosures.listening import by

__all__ = ("chromium",)
DESK = "/admin/disclosures"


def a_day_of_tries() -> tuple[Notice, Errand, Notice]:
    """A webhook that was down and refused in the end, a task by hand, and a notice that is answered on our page."""
    network = recipient("adstream", "contact", name="Adstream Network", receives_everyone=True)
    Channel.objects.create(
        recipient=network,
        kind="webhook",
        names="sha256",
        address="https://adstream.example/privacy",
        secret="whsec_eA==",
    )
    by("desk", "ministry", address="https://ministry.example/privacy", how="Use the blue form, then note its number.")
    by("page", "clinic")
    tell(origin="PR-7K3M-2Q9D", subject=person())
    hook, hand, page = (Notice.objects.get(recipient__key=key) for key in ("adstream", "ministry", "clinic"))
    now = timezone.now()
    for number, code in enumerate(("500", "503", "429", "timeout", "", "422"), start=1):
        Attempt.objects.create(
            notice=hook, number=number, way="webhook", begun_at=now, ms=None if code == "" else 140, code=code,
            verdict="later" if code != "422" else "parked", wait_seconds=7200 if code == "429" else None,
            said="unknown list [number]" if code == "422" else "",
        )  # fmt: skip
    reason = "Their webhook refused the message (422). Ask the recipient why, then send again."
    Notice.objects.filter(pk=hook.pk).update(state="parked", park_reason=reason, attempts=6)
    for one in (hand, page):
        notices.send(one.pk)
    return hook, Errand.objects.get(notice=hand), page


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_telling_can_be_used_by_everybody(chromium, live_server, company, width, scheme, settings_of_mail) -> None:
    hook, errand, told = a_day_of_tries()
    maya, name = browser(colleague("Privacy officer", "maya")), settings.SESSION_COOKIE_NAME
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.add_cookies([{"name": name, "value": maya.cookies[name].value, "url": live_server.url}])
    page, errors = context.new_page(), []
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and "422" not in said.text else None
    )
    channel = Channel.objects.get(kind="webhook")
    for title, path in {
        "ways": f"{DESK}/channel/", "way-new": f"{DESK}/channel/add/", "way": f"{DESK}/channel/{channel.pk}/change/",
        "notices": f"{DESK}/notice/", "by-hand": f"{DESK}/errand/",
    }.items():  # fmt: skip
        page.goto(live_server.url + path)
        look(page, title, width, scheme)
    page.goto(f"{live_server.url}{DESK}/channel/{channel.pk}/change/")
    page.locator("summary", has_text="Change the secret").click()
    page.get_by_role("button", name="Yes: Change the secret").click()
    page.get_by_text("I have copied it").wait_for()
    look(page, "secret", width, scheme)
    page.goto(f"{live_server.url}{DESK}/notice/{hook.pk}/change/")
    page.locator("summary", has_text="Record a ground").click()
    look(page, "notice-tries", width, scheme)
    page.goto(f"{live_server.url}{DESK}/errand/{errand.pk}/change/")
    page.get_by_role("button", name="Take it").click()
    page.get_by_role("button", name="Show whom it is about").click()
    page.get_by_text("ada@example.org").wait_for()
    look(page, "by-hand-revealed", width, scheme)
    page.goto(f"{live_server.url}/ack/{notices.token(told)}/")
    look(page, "answer", width, scheme)
    page.get_by_role("button", name="Show whom it is about").click()
    page.locator("summary", has_text="We cannot do it").click()
    look(page, "answer-shown", width, scheme)
    page.get_by_role("button", name="Send: we cannot do it").click()
    page.get_by_text("Please say why").wait_for()
    look(page, "answer-refused", width, scheme)
    assert not errors
    context.close()


@pytest.fixture
def settings_of_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
