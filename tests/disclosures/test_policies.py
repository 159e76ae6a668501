"""Policies of other sites are looked at for real: what changed or is gone comes to a person, what only flickers does not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from audit import assurance, failpoints
from audit.models import Event
from connectors.guarded import Forbidden
from disclosures import passages, policies, sites, tasks
from disclosures.models import ExternalSite, PolicyWatch
from tests.consent.builders import colleague

pytestmark = pytest.mark.django_db
WORDS = "We keep what you send us for two years and pass it on to nobody. "
POLICY = (
    f"<html><head><title>x</title></head><body><nav>Home</nav><main><h1>Policy</h1><p>{WORDS * 4}</p></main></body>"
)
OTHER = POLICY.replace("two years", "ten years")


class Site:
    """The process and what it answers."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "site.json"
        self.answers: dict[str, Any] = {}
        self.say(POLICY)
        script = str(Path(__file__).with_name("policy_server.py"))
        self.process = subprocess.Popen([sys.executable, script, str(self.path)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def say(self, body: str, path: str = "/policy", status: int = 200, **headers: str) -> None:
        self.answers[path] = {"status": status, "headers": headers, "body": body}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.answers), encoding="utf-8")
        draft.replace(self.path)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture
def web(server: Site, settings: Any) -> Iterator[Site]:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    server.answers = {}
    server.say(POLICY)
    yield server
    failpoints.arm("")


def site(web: Site, path: str = "/policy") -> ExternalSite:
    row = ExternalSite.objects.create(
        name="Partner", address="https://partner.example/", about="Jobs", policy_address=web.url + path,
        review_due=date(2030, 1, 1),
    )  # fmt: skip
    policies.open_due(timezone.now())
    return row


def look() -> PolicyWatch:
    """The next look comes now, whenever it was due."""
    PolicyWatch.objects.update(next_try_at=None, lease_until=None)
    for pk in policies.waiting(timezone.now()):
        policies.look(pk)
    return PolicyWatch.objects.get()


def test_a_changed_policy_comes_to_a_person_and_goes_when_it_was_read(web: Site) -> None:
    row, maya = site(web), colleague("maya", "change_externalsite")
    assert look().outcome == "same" and not policies.trouble().exists()
    web.say(OTHER)
    assert look().outcome == "same", "one look is not believed"
    later = PolicyWatch.objects.get().next_try_at
    assert later is not None and later < timezone.now() + timedelta(hours=2), "but the second one comes soon"
    seen = look()
    assert seen.outcome == "changed" and seen.changed_at and seen.reason == "Passages: 1 new, 1 gone."
    assert list(policies.trouble()) == [seen] and Event.objects.filter(name="site.policy_noticed").count() == 1
    assert look().outcome == "changed" and Event.objects.filter(name="site.policy_noticed").count() == 1, "told once"
    sites.reviewed(row, by=maya, on=timezone.localdate())
    assert not policies.trouble().exists()
    assert look().outcome == "same"
    web.say(POLICY)
    look()
    assert look().outcome == "changed", "back to what it was is a change too: somebody read the other one"


def test_what_makes_no_difference_is_none(web: Site) -> None:
    site(web)
    look()
    web.say(
        POLICY.replace("<nav>Home", "<nav>Today: 1 offer").replace("<p>We", "<p class=new>\n  WE")
        .replace("</main>", "</main><footer>© 2027</footer><script>var seen = 42</script>")
    )  # fmt: skip
    assert look().outcome == look().outcome == "same"


def test_a_page_that_says_something_else_each_time_is_said_to(web: Site) -> None:
    site(web)
    look()
    for turn in range(3):
        web.say(POLICY.replace("two years", f"{turn + 3} years"))
        seen = look()
    assert seen.outcome == "unsteady" and policies.trouble().exists()


@pytest.mark.parametrize(
    ("status", "looks", "said"), [(404, 1, "The server answers 404."), (410, 1, "The server answers 410."),
                                  (503, 3, "The server answers 503.")]
)  # fmt: skip
def test_a_broken_link_is_told_at_once_and_a_bad_day_after_three_tries(
    web: Site, status: int, looks: int, said: str
) -> None:
    site(web)
    look()
    web.say("Sorry", status=status)
    for turn in range(1, looks + 1):
        assert (look().outcome == "broken") is (turn == looks)
    assert PolicyWatch.objects.get().reason == said
    web.say(POLICY)
    assert look().outcome == "same" and PolicyWatch.objects.get().failures == 0


def test_redirects_are_followed_each_through_the_guard(web: Site, settings: Any, monkeypatch: Any) -> None:
    site(web, "/old")
    web.say("", "/old", 302, Location="/policy")
    assert look().outcome == "same"
    web.say("", "/old", 302, Location="http://10.0.0.1/policy")
    seen = look()
    assert seen.outcome == "broken" and "is not called" in seen.reason
    web.say("", "/old", 302, Location="/old")
    assert "without end" in look().reason
    web.say("", "/old", 302, Location="http://[")
    assert "no address" in look().reason
    settings.OUTGOING_NETWORKS = []
    web.say("", "/old", 302, Location="/policy")
    assert "is not called" in look().reason, "our own network is not reached by a register either"
    assert Forbidden


def test_what_cannot_be_compared_says_so(web: Site) -> None:
    site(web)
    web.say("<html><body><div id=app></div><script>draw()</script></body></html>")
    assert look().outcome == "unreadable" and not policies.trouble().exists()
    web.say("x" * 5_000_000)
    assert look().reason == "The page is larger than 4 MB."
    assert passages.of_body(b"%PDF-1.7", "application/pdf") == passages.of_body(b"%PDF-1.7", "application/pdf; v=1")
    assert passages.of_body(WORDS.encode("latin-1") * 4, "text/plain; charset=klingon")


def test_another_address_begins_anew_and_a_retired_site_is_left_alone(web: Site) -> None:
    row = site(web)
    look()
    web.say(OTHER, "/other")
    ExternalSite.objects.update(policy_address=f"{web.url}/other")
    assert policies.open_due(timezone.now()) == 1 and policies.open_due(timezone.now()) == 0
    assert look().outcome == "same", "the first look at an address has nothing to differ from"
    ExternalSite.objects.filter(pk=row.pk).update(state="retired")
    PolicyWatch.objects.update(next_try_at=None)
    assert policies.waiting(timezone.now()) == []


@pytest.mark.parametrize("point", ["policy.before_fetch", "policy.after_fetch"])
def test_a_worker_that_dies_leaves_the_look_to_the_next(web: Site, point: str) -> None:
    site(web)
    failpoints.arm(f"{point}=raise")
    (pk,) = policies.waiting(timezone.now())
    with pytest.raises(failpoints.Injected):
        policies.look(pk)
    assert PolicyWatch.objects.get().outcome == "waiting" and policies.waiting(timezone.now()) == []
    failpoints.arm("")
    assert look().outcome == "same"


def test_who_read_it_while_a_worker_looked_is_not_written_over(web: Site, monkeypatch: Any) -> None:
    row, maya = site(web), colleague("maya", "change_externalsite")
    look()
    web.say(OTHER)
    look()
    look()
    judge = policies._judge

    def late(*given: Any) -> None:
        sites.reviewed(row, by=maya, on=timezone.localdate())
        judge(*given)

    monkeypatch.setattr(policies, "_judge", late)
    assert look().outcome == "same", "the worker compared with what was read before"


def test_the_sweep_makes_the_row_rings_and_the_check_counts(web: Site, settings: Any) -> None:
    row = site(web)
    PolicyWatch.objects.all().delete()
    assert tasks.sweep_policies() == 2 and tasks.sweep_policies() == 0
    check = next(one for one in assurance.checks() if one.key == "disclosures.policies_watched")
    assert check.run().ok
    PolicyWatch.objects.update(outcome="changed", looked_at=timezone.now())
    assert not check.run().ok and check.run().link == "/admin/disclosures/externalsite/?policy=trouble"
    PolicyWatch.objects.update(outcome="same", looked_at=timezone.now() - timedelta(days=15))
    assert check.run().sentence.endswith("1 have not been looked at in their time.")
    assert row.pk
