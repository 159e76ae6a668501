"""The form a step at a time, as a browser without script walks it: short, nothing lost, nothing kept before the last button."""

from html.parser import HTMLParser

import pytest
from django import forms
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

import law
from inventory.models import Collection, Dataset, Field, System
from requests_app import budget, plans, questions
from requests_app.models import Asker, Letter, Request
from subjects.models import DataSubject, Identifier
from tests.portal.builders import ADA

EVE = "eve@agents.example"
HIDDEN = {"csrfmiddlewaretoken", "nonce", "ticket", "step", "website"}
ANSWERS = {
    "asked_by": "self", "email": ADA, "residence": "FR", "relation": "", "right": "access", "name": "Ada Lovelace",
    "details": "I used\nyour site & app", "asker_name": "Eve Agent", "asker_email": EVE, "asker_organisation": "Agents Ltd",
    "change_full_name": "Ada Marie",
}  # fmt: skip


class Page(HTMLParser):
    """The form on a page: what is hidden in it, what is asked, and its buttons."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden, self.asked, self.buttons, self.inside, self.text = {}, set(), [], False, text
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        if tag == "form":
            self.inside = given.get("class") == "ask"
        if not self.inside or not given.get("name"):
            return
        if tag == "button":
            self.buttons.append(given["value"])
        elif given.get("type") == "hidden":
            self.hidden[given["name"]] = given.get("value", "")
        elif given["name"] != "website":
            self.asked.add(given["name"])


class Walker:
    """Somebody who fills in one page after the other."""

    def __init__(self, **given: str) -> None:
        self.client, self.given, self.pages = Client(), ANSWERS | given, []
        self.see(self.client.get("/request/"))

    def see(self, response) -> None:
        self.response = response
        if response.status_code != 303:
            self.page = Page(response.content.decode())
            self.pages.append(self.page)

    @property
    def step(self) -> str:
        return self.page.hidden["step"]

    def press(self, go: str, **typed: str) -> "Walker":
        here = {name: self.given.get(name, "") for name in self.page.asked} | typed
        self.see(self.client.post("/request/", {**self.page.hidden, **here, "go": go}))
        return self

    def review(self) -> "Walker":
        while self.step != "review":
            assert len(self.pages) < 20, self.page.text
            self.press("next")
            assert self.response.status_code == 200, self.page.text
        return self

    def send(self) -> Request:
        self.review().press("send")
        assert self.response.status_code == 303 and self.response.url == "/request/received/", self.page.text
        return Request.objects.order_by("-received_at").first()


@pytest.fixture
def correctable():
    dataset = Dataset.objects.create(system=System.objects.create(key="ats", name="ATS"), key="ats", name="ATS")
    people = Collection.objects.create(dataset=dataset, name="people", title="People")
    Field.objects.create(collection=people, name="name", attribute="full_name")


def test_four_short_steps_and_a_review(correctable):
    walk = Walker()
    request = walk.send()
    steps = [one.hidden["step"] for one in walk.pages]
    assert steps == ["who", "place", "want", "details", "review"]
    assert max(len(one.asked) for one in walk.pages) <= 2
    assert request.right == "access" and request.residence == "FR" and request.details == "I used\nyour site & app"


def test_an_opt_out_has_one_page_less_and_asks_nothing_personal_but_the_address():
    walk = Walker(right="opt_out_sale")
    assert walk.send().right == "opt_out_sale"
    assert [one.hidden["step"] for one in walk.pages] == ["who", "place", "want", "review"]
    assert set().union(*(one.asked for one in walk.pages)) == {"asked_by", "email", "residence", "relation", "right"}


@pytest.mark.parametrize("by", [law.SELF, *law.BASES])
@pytest.mark.parametrize("right", plans.OFFERED)
def test_no_page_asks_more_than_the_budget_of_its_right(correctable, right, by):
    basis = law.BASES.get(by, ("",))[0]
    walk = Walker(right=right, asked_by=by, basis=basis).review()
    asked = set().union(*(one.asked for one in walk.pages))
    assert budget.beyond(asked, right, by) == []
    carried = {name for name in walk.page.hidden if name not in HIDDEN}
    assert budget.beyond(carried, right, by) == []


def test_every_need_has_a_reason_and_a_section():
    for right in plans.OFFERED:
        for need in budget.budget(right, law.AGENT).values():
            assert need.why and need.cite


@pytest.mark.parametrize("where", [questions.AskForm, questions.OptOutForm])
def test_a_planted_field_stops_the_start(where, monkeypatch):
    monkeypatch.setitem(where.base_fields, "date_of_birth", forms.CharField())
    found = [one for one in run_checks() if one.id == "privacyops.E009"]
    assert found and all("date_of_birth" in one.msg for one in found)
    with pytest.raises(SystemCheckError, match="date_of_birth"):
        call_command("check")


def test_a_right_that_the_form_does_not_know_stops_the_start(settings):
    settings.RIGHTS_OFFERED = ["access", "everything"]
    assert [one.id for one in run_checks() if one.id == "privacyops.E010"]


def test_back_and_change_lose_nothing(correctable):
    walk = Walker(right="correct").review()
    whole = {name: value for name, value in walk.page.hidden.items() if name not in HIDDEN}
    for step in ("details", "want", "place", "who"):
        walk.press("back")
        assert walk.step == step and "id_summary" not in walk.page.text and 'id="summary"' not in walk.page.text
    walk.review()
    assert whole == {name: value for name, value in walk.page.hidden.items() if name not in HIDDEN}
    walk.press("place")
    assert walk.step == "place" and 'value="FR" selected' in walk.page.text
    assert walk.press("next").step == "want", "and on from there"


def test_nothing_is_kept_before_the_last_button():
    walk = Walker().review()
    assert not Request.objects.exists() and not DataSubject.objects.exists() and not Letter.objects.exists()
    assert not walk.client.cookies.get("sessionid")
    assert all(one.wsgi_request.META["QUERY_STRING"] == "" for one in [walk.response])


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("who", {"email": "ada"}, "Write the address as"),
        ("who", {"asked_by": "friend"}, "Choose for whom you ask."),
        ("place", {"residence": ""}, "Choose where you live."),
        ("want", {"right": ""}, "Choose what you would like"),
        ("details", {"details": "x" * 4001}, "at most 4000"),
        ("details", {"change_full_name": ""}, "Say what should be corrected"),
    ],
)
def test_what_is_wrong_on_a_page_is_said_on_that_page(correctable, step, typed, sentence):
    walk = Walker(right="correct")
    while walk.step != step:
        walk.press("next")
    before = walk.page.hidden | {"csrfmiddlewaretoken": ""}
    walk.press("next", **typed)
    assert walk.response.status_code == 422 and walk.step == step and sentence in walk.page.text
    assert before == walk.page.hidden | {"csrfmiddlewaretoken": ""}, "and nothing typed elsewhere is lost"
    assert walk.press("next").response.status_code == 200


def test_the_review_shows_everything_that_will_be_sent(correctable):
    walk = Walker(right="correct", asked_by="agent", basis="permission", residence="US-CA").review()
    for words in (
        ADA,
        "California",
        "Correct my data",
        "Eve Agent",
        EVE,
        "Agents Ltd",
        "Signed permission",
        "Ada Marie",
    ):
        assert words in walk.page.text, words


def test_an_agent_asks_for_somebody():
    request = Walker(asked_by="agent", basis="permission").send()
    asker = Asker.objects.get()
    assert (request.asked_by, asker.name, asker.organisation, asker.gate) == (
        "agent",
        "Eve Agent",
        "Agents Ltd",
        "person",
    )
    assert asker.identifier.value == EVE and request.identifier.value == ADA
    assert asker.identifier.subject_id != request.subject_id


def test_what_the_agent_page_asked_is_dropped_when_one_asks_for_oneself_after_all():
    walk = Walker(asked_by="agent", basis="permission").review()
    walk.press("who").press("next", asked_by="self").review()
    request = walk.send()
    assert request.asked_by == "self" and not Asker.objects.exists()
    assert not Identifier.objects.exclude(subject=request.subject_id).exists()


def test_the_confirmation_says_what_comes_next():
    seen = {}
    for by, basis in (("self", ""), ("agent", "permission"), ("parent", "parent")):
        walk = Walker(asked_by=by, basis=basis)
        walk.send()
        seen[by] = walk.client.get("/request/received/").content.decode()
    assert "Look into your mailbox" in seen["self"]
    assert "Only they can confirm" in seen["agent"]
    assert "Send us what shows that you may ask" in seen["parent"]


def test_heirs_are_told_where_the_law_gives_them_no_right():
    walk = Walker(asked_by="heir", residence="DE", basis="heir").press("next").press("next")
    assert walk.response.status_code == 422 and walk.step == "who" and "gives heirs no right" in walk.page.text
    assert Walker(asked_by="heir", residence="FR", basis="heir").send().authority == "awaiting"


def test_an_agent_who_names_their_own_address_for_the_person_is_told(client):
    walk = Walker(asked_by="agent", basis="permission", asker_email=ADA).review().press("send")
    assert walk.response.status_code == 422 and walk.step == "who" and "Your own comes further below" in walk.page.text


def test_the_rights_depend_on_the_place_and_on_the_company(settings):
    settings.RIGHTS_OFFERED = ["access", "delete"]
    walk = Walker().press("next").press("next")
    assert 'value="access"' in walk.page.text and 'value="correct"' not in walk.page.text
    walk.press("next", right="correct")
    assert walk.response.status_code == 422 and "not offered for the place" in walk.page.text


def test_an_applicant_is_covered_where_the_law_covers_applicants():
    seen = {}
    for place in ("US-CA", "US-VA"):
        seen[place] = Walker(residence=place, relation="candidate").send().laws[0]["statute"]
    assert seen == {"US-CA": "us-ca-ccpa", "US-VA": "default-voluntary"}


@pytest.mark.parametrize("step", ["nowhere", "", "review' or 1=1", "who\x00"])
@pytest.mark.parametrize("go", ["", "next", "back", "nowhere", "send"])
def test_a_step_that_there_is_not_breaks_nothing(client, step, go):
    response = client.post("/request/", {"step": step, "go": go, "email": "x", "right": "?", "asked_by": ["a", "b"]})
    assert response.status_code == 422 and not Request.objects.exists()


def test_an_answer_that_another_answer_made_void_is_told_in_words_and_not_by_its_code():
    walk = Walker(asked_by="agent", basis="permission").review().press("who")
    walk.press("review", asked_by="parent")
    assert "Please choose again." in walk.page.text and ">permission<" not in walk.page.text
