"""The desk of telling: ways are set up and tested, secrets are shown once, tasks by hand are signed, tries are read."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from disclosures import notices
from disclosures.models import Channel, Errand, Notice
from privacyops import roles
from tests.desk.builders import browser
from tests.disclosures.builders import person, recipient, tell
from tests.disclosures.listening import by

pytestmark = pytest.mark.django_db
CHANNELS, ERRANDS, NOTICES = (f"/admin/disclosures/{one}/" for one in ("channel", "errand", "notice"))
ONCE = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")


@pytest.fixture
def officer() -> Client:
    return desk("maya", "Privacy officer")


def desk(name: str, role: str) -> Client:
    roles.sync()
    user = User.objects.create_user(name, is_staff=True)
    user.groups.set([roles.Group.objects.get(name=role)])
    return browser(user)


def form(row, **more: str) -> dict[str, str]:
    known = {
        "recipient": str(row.pk),
        "kind": "webhook",
        "address": "https://adnet.example/hook",
        "how": "",
        "names": "sha256",
    }
    return known | {"confirms": "on", "confirm_days": "14"} | more


def test_a_webhook_is_set_up_and_its_secret_shown_this_once(officer: Client) -> None:
    adnet = recipient("adnet", "contact")
    made = officer.post(f"{CHANNELS}add/", form(adnet, names="hmac"))
    shown = ONCE.findall(made.content.decode())
    channel = Channel.objects.get()
    assert made.status_code == 200 and shown == [channel.secret, channel.naming_key]
    page = officer.get(f"{CHANNELS}{channel.pk}/change/").content.decode()
    assert not ONCE.search(page) and not ONCE.search(officer.get(CHANNELS).content.decode())
    changed = officer.post(f"{CHANNELS}{channel.pk}/do/rotate/").content.decode()
    channel.refresh_from_db()
    assert ONCE.findall(changed) == [channel.secret] and channel.old_secret == shown[0]
    again = officer.post(f"{CHANNELS}{channel.pk}/do/end_old/")
    channel.refresh_from_db()
    assert again.status_code == 302 and channel.old_secret is None
    assert Event.objects.filter(name="channel.rotated").count() == 1
    assert not ONCE.search(str(list(Event.objects.values_list("facts", flat=True))))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"address": ""}, "needs an address"), ({"address": "http://2130706433/"}, "cannot be read"),
        ({"address": "https://user:pw@a.example/"}, "must not carry a user"), ({"kind": "desk", "address": ""}, "Say what a"),
        ({"confirm_days": "0"}, "greater than or equal to 1"),
    ],
)  # fmt: skip
def test_a_way_that_cannot_work_is_refused_beside_its_field(officer: Client, more: dict, words: str) -> None:
    answer = officer.post(f"{CHANNELS}add/", form(recipient("adnet"), **more))
    assert answer.status_code == 200 and words in answer.content.decode() and not Channel.objects.exists()


def test_a_test_is_sent_from_the_page_and_says_what_came_back(officer: Client, hook, receiver) -> None:
    answer = officer.post(f"{CHANNELS}{hook.pk}/do/test/", follow=True).content.decode()
    assert "The test was taken (204)" in answer and len(receiver.calls()) == 1
    receiver.mood(status=500)
    assert "was not taken (500)" in officer.post(f"{CHANNELS}{hook.pk}/do/test/", follow=True).content.decode()


def test_an_agent_may_look_and_touch_nothing(hook) -> None:
    agent = desk("ole", "Agent")
    assert agent.get(CHANNELS).status_code == 200
    for verb in ("test", "rotate", "end_old"):
        assert agent.post(f"{CHANNELS}{hook.pk}/do/{verb}/").status_code == 403
    assert agent.post(f"{CHANNELS}{hook.pk}/change/", form(hook.recipient)).status_code == 403


def test_a_task_by_hand_is_taken_looked_at_and_signed_on_its_page(officer: Client, post) -> None:
    by("desk", "ministry", address="https://ministry.example/privacy", how="Use the blue form.")
    tell()
    notices.send(Notice.objects.get().pk)
    errand = Errand.objects.get()
    page = f"{ERRANDS}{errand.pk}/change/"
    first = officer.get(page).content.decode()
    assert "Use the blue form." in first and "https://ministry.example/privacy" in first and "ada@" not in first
    assert "Show whom" not in first, "whoever has not taken it sees nobody"
    officer.post(f"{ERRANDS}{errand.pk}/do/take/")
    seen = officer.post(f"{ERRANDS}{errand.pk}/do/reveal/").content.decode()
    assert "ada@example.org" in seen and "ada@" not in officer.get(page).content.decode()
    assert Event.objects.filter(name="errand.viewed").count() == 1
    refused = officer.post(f"{ERRANDS}{errand.pk}/do/sign/", {"answer": "cannot"})
    assert refused.status_code == 422 and "Say in the note why" in refused.content.decode()
    officer.post(f"{ERRANDS}{errand.pk}/do/sign/", {"answer": "done", "note": "Case 12."})
    assert Notice.objects.get().state == "acknowledged"


def test_a_ground_of_the_law_is_recorded_on_the_page_of_the_notice(officer: Client, post) -> None:
    recipient("mailer", "contact", receives_everyone=True)
    tell()
    post.answer = "rcpt 550 gone"
    notices.send(Notice.objects.get().pk)
    pk = Notice.objects.get().pk
    page = officer.get(f"{NOTICES}{pk}/change/").content.decode()
    assert "550" in page and "Record a ground" in page
    short = officer.post(f"{NOTICES}{pk}/do/excuse/", {"ground": "impossible", "words": "No."})
    assert short.status_code == 422 and "40 to 1000" in short.content.decode()
    words = "Their company was dissolved and nobody answers for it any more, by the trade register."
    officer.post(f"{NOTICES}{pk}/do/excuse/", {"ground": "impossible", "words": words})
    row = Notice.objects.get()
    assert row.state == "excused" and row.ground_words == words
    assert desk("rita", "Reviewer").post(f"{NOTICES}{pk}/do/excuse/", {}).status_code == 403


@pytest.mark.parametrize("path", [CHANNELS, ERRANDS, NOTICES, f"{ERRANDS}?waits=overdue"])
def test_a_list_costs_the_same_for_few_and_for_many(officer: Client, django_assert_max_num_queries, path: str) -> None:
    def more(start: int, count: int) -> None:
        for number in range(start, start + count):
            row = by("desk", f"r{number}")
            made = Notice.objects.create(
                recipient=row,
                subject=person(f"p{number}@example.org"),
                kind="erasure",
                origin=f"PR-{number}",
                state="handed",
            )
            Errand.objects.create(notice=made, due_on=timezone.localdate() - timedelta(days=1))

    more(0, 2)
    officer.get(path)
    with CaptureQueriesContext(connection) as few:
        officer.get(path)
    more(2, 12)
    with django_assert_max_num_queries(len(few)):
        assert officer.get(path).status_code == 200
