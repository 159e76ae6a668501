"""The request form: refuses beside the field, loses nothing, answers everybody alike, and makes one request of one form."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import Event
from inventory.models import Collection, Dataset, Field, System
from requests_app import forms
from requests_app.models import Request
from subjects.models import Identifier
from tests.portal.builders import ADA, NOBODY, answers, ask, marks

CHANGING = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+|PR-[0-9A-Z]{4}-[0-9A-Z]{4}')


@pytest.mark.parametrize("right", ["access", "delete", "opt_out_sale"])
def test_ada_asks_and_gets_a_reference(client, right):
    request = ask(client, right=right)
    assert request.right == right and request.channel == "web" and request.residence == "DE"


def test_the_address_in_the_redirect_says_nothing(client):
    response = client.post("/request/", answers(client))
    assert response.status_code == 303 and response.url == "/request/received/"


def test_the_reference_page_is_for_this_browser_only(client):
    request = ask(client)
    assert request.reference.encode() in client.get("/request/received/").content
    stranger = Client().get("/request/received/")
    assert stranger.status_code == 200 and request.reference.encode() not in stranger.content


def test_a_forged_receipt_shows_nothing(client):
    client.cookies["receipt"] = "PR-AAAA-AAAA access:1abc:forged"
    assert b"PR-AAAA-AAAA" not in client.get("/request/received/").content


def test_the_same_form_sent_twice_is_one_request(client):
    given = answers(client)
    pages = []
    for _ in range(2):
        pages.append(client.get(client.post("/request/", given).url).content)
    assert Request.objects.count() == 1
    references = {re.search(rb"PR-[0-9A-Z]{4}-[0-9A-Z]{4}", page).group() for page in pages}
    assert len(references) == 1


def test_going_back_and_asking_for_something_else_is_another_request(client):
    given = answers(client)
    client.post("/request/", given)
    client.post("/request/", given | {"right": "delete"})
    assert sorted(Request.objects.values_list("right", flat=True)) == ["access", "delete"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("right", "", "Choose what you would like us to do."),
        ("right", "everything", "Choose what you would like us to do."),
        ("email", "", "Enter your e-mail address."),
        ("email", "ada", "Write the address as name@example.org."),
        ("email", '"<script>"@x.test', "cannot send mail to"),
        ("email", "mıke@example.org", "cannot send mail to"),
        ("email", "ada@[127.0.0.1]", "not a domain name"),
        ("residence", "", "Choose where you live."),
        ("residence", "XX", "Choose where you live from the list."),
        ("name", "A" * 201, "at most 200"),
        ("details", "x" * 4001, "at most 4000"),
        ("details", "a\x00b", "Null characters"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_on_top(client, field, value, sentence):
    response = client.post("/request/", answers(client, **{field: value}))
    html = response.content.decode()
    assert response.status_code == 422 and Request.objects.count() == 0
    summary, form = html.split('<form method="post" action="/request/"', 1)
    assert 'id="summary"' in summary and sentence in summary
    anchor = re.search(r'href="#(id_\w+)"', summary).group(1)
    assert f'id="{anchor}"' in form, "the link leads to the input"
    assert f'id="id_{field}_error"' in form
    assert f"id_{field}_error" in re.search(r'aria-describedby="([^"]*error)"', form).group(1)
    assert "<title>Error:" in html


def test_nothing_that_was_typed_is_lost(client):
    given = answers(client, residence="", name="Ada <b>Lovelace</b>", details="Line one\nLine & two", right="delete")
    html = client.post("/request/", given).content.decode()
    assert f'value="{ADA}"' in html and "Ada &lt;b&gt;Lovelace&lt;/b&gt;" in html and "Line &amp; two" in html
    assert re.search(r'<input type="hidden" name="right" value="delete"', html)
    assert given["nonce"] in html and given["ticket"] in html, (
        "the same form, so that sending it again is the same request"
    )


def test_an_opt_out_asks_the_least_and_keeps_no_more(client):
    ask(client, right="opt_out_sale", name="Ada Lovelace", details="my life story")
    assert Request.objects.get().details == ""
    assert not Identifier.objects.filter(kind="name").exists()


def test_the_short_opt_out_needs_address_and_residence_only(client):
    html = client.get("/do-not-sell/").content.decode().split('class="languages"')[0]
    names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', html))
    assert names == {"csrfmiddlewaretoken", "nonce", "ticket", "website", "email", "residence"}
    response = client.post(
        "/do-not-sell/", marks(client.get("/do-not-sell/").content) | {"email": ADA, "residence": "US-CA"}
    )
    assert response.status_code == 303
    request = Request.objects.get()
    assert request.right == "opt_out_sale" and request.state != "verifying"
    assert b"You need not do anything" in client.get(response.url).content


@pytest.fixture
def correctable():
    dataset = Dataset.objects.create(system=System.objects.create(key="ats", name="ATS"), key="ats", name="ATS")
    people = Collection.objects.create(dataset=dataset, name="people", title="People")
    Field.objects.create(collection=people, name="name", attribute="full_name")
    Field.objects.create(collection=people, name="phone", attribute="phone")


def test_a_correction_names_what_the_inventory_can_correct(client, correctable):
    page = client.post("/request/", answers(client, right="correct", step="want", go="next")).content
    assert b'name="change_full_name"' in page and b'name="change_full_name"' not in client.get("/request/").content
    request = ask(client, right="correct", change_full_name="Ada Marie Lovelace", change_phone="")
    assert request.changes == {"full_name": "Ada Marie Lovelace"}


def test_a_correction_of_nothing_is_refused_beside_its_fields(client, correctable):
    response = client.post("/request/", answers(client, right="correct"))
    assert response.status_code == 422 and b"id_change_full_name_error" in response.content


def test_what_is_to_be_corrected_matters_for_corrections_only(client, correctable):
    assert ask(client, right="access", change_full_name="Mallory").changes == {}


def test_a_robot_that_fills_the_hidden_field_gets_the_form_again(client):
    response = client.post("/request/", answers(client, website="https://spam.example"))
    assert response.status_code == 422 and Request.objects.count() == 0
    assert b'value="https://spam.example"' not in response.content, "a person's second try passes"


def test_a_form_sent_faster_than_people_type_comes_back_whole(client, monkeypatch):
    monkeypatch.setattr(forms.OptOutForm, "quickest", 60)
    given = answers(client)
    response = client.post("/request/", given)
    assert response.status_code == 422 and b"That was very quick" in response.content and Request.objects.count() == 0
    monkeypatch.setattr(forms.OptOutForm, "quickest", 0)
    assert client.post("/request/", given).status_code == 303, "the same form passes a little later"


@pytest.mark.parametrize(
    "forged",
    [{"ticket": ""}, {"ticket": "given:1abc:nonsense"}, {"nonce": ""}, {"nonce": "short"}, {"nonce": "x" * 32}],
)
def test_a_form_with_marks_that_we_did_not_give_gets_new_ones(client, forged):
    given = answers(client, **forged)
    response = client.post("/request/", given)
    assert response.status_code == 422 and Request.objects.count() == 0
    assert client.post("/request/", given | marks(response.content)).status_code == 303


def test_a_page_that_was_open_for_days_gets_new_marks(client):
    given = answers(client)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        response = client.post("/request/", given)
        assert response.status_code == 422 and b"open for very long" in response.content
        assert client.post("/request/", given | marks(response.content)).status_code == 303


def test_the_same_answers_from_a_page_loaded_again_are_one_request(client):
    nonce = "0" * 31 + "1"
    for _ in range(2):
        assert client.post("/request/", answers(client, nonce=nonce)).status_code == 303
    assert Request.objects.count() == 1


def test_a_known_and_an_unknown_address_get_the_very_same_answer(client):
    ask(client, email=ADA)
    seen = []
    for address in (ADA, NOBODY):
        browser = Client()
        response = browser.post("/request/", answers(browser, email=address))
        page = browser.get(response.url)
        headers = [
            sorted((key, CHANGING.sub(b"", value.encode())) for key, value in one.items()) for one in (response, page)
        ]
        cookies = sorted((key, len(one.value), one["path"], one["max-age"]) for key, one in browser.cookies.items())
        seen.append((response.status_code, response.content, headers, CHANGING.sub(b"", page.content), cookies))
    assert seen[0] == seen[1]


def test_a_known_and_an_unknown_address_get_the_very_same_refusal(client):
    ask(client, email=ADA)
    pages = []
    for address in (ADA, NOBODY):
        response = client.post("/request/", answers(client, email=address, residence=""))
        body = re.sub(rb'name="(nonce|ticket)" value="[^"]+"', b"", CHANGING.sub(b"", response.content))
        pages.append((response.status_code, body.replace(address.encode(), b"")))
    assert pages[0] == pages[1]


def test_no_event_holds_what_was_typed(client):
    ask(client, name="Ada Lovelace", details="Canary-7731")
    text = " ".join(f"{event.actor} {event.noun_id} {event.facts}" for event in Event.objects.all())
    assert "Lovelace" not in text and "lovelace" not in text and "Canary" not in text


def test_the_form_costs_a_fixed_number_of_queries(client, django_assert_num_queries):
    with django_assert_num_queries(2):  # the look of the pages, and the short notice
        client.get("/request/")
    with django_assert_num_queries(0):
        client.get("/")
    with django_assert_num_queries(1):  # the short notice
        client.get("/do-not-sell/")
