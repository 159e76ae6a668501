"""The company's own words in the languages of the people who read them."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit import actor
from audit.models import Event
from inventory import phrases
from inventory.models import DataCategory, Phrase, Purpose
from tests.desk.builders import browser, colleague

pytestmark = pytest.mark.django_db
PAGE = "/admin/our-words/?language=de"
CLERK = actor.worker("test")


@pytest.fixture
def news() -> Purpose:
    DataCategory.objects.create(key="contact", name="Contact data")
    return Purpose.objects.create(
        key="news",
        name="Newsletter",
        description="Jobs by mail,\nonce a week.",
        lawful_basis="consent",
        consequence="None.",
    )


@pytest.fixture
def officer() -> Client:
    return browser(colleague("Privacy officer"))


def save(client: Client, **words: str) -> object:
    pairs = {"Newsletter": "", "Contact data": ""} | {key.replace("_", " "): value for key, value in words.items()}
    return client.post(PAGE, {"text": list(pairs), "words": list(pairs.values())})


def test_what_is_missing_is_listed_and_what_was_translated_is_not(news, officer):
    assert "Saved 1 text<" in save(officer, Newsletter="Rundbrief").content.decode()
    page = officer.get(PAGE).content.decode()
    assert 'name="text" value="Contact data"' in page and 'value="Newsletter"' not in page
    assert "1 of 4" in page
    Purpose.objects.update(name="News by mail")
    assert 'value="News by mail"' in officer.get(PAGE).content.decode()


def test_a_sheet_goes_out_is_filled_in_and_comes_back_and_a_second_time_changes_nothing(news, officer):
    sheet = officer.get(PAGE + "&as=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert {row["text"] for row in rows} == {"Newsletter", "Jobs by mail,\nonce a week.", "None.", "Contact data"}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([["text", "words"], *([row["text"].replace("\n", "\r\n"), "DE " + row["text"]] for row in rows)])
    writer.writerow(["Not ours", "Nicht unseres"])
    page = load(officer, out.getvalue())
    assert "Saved 4 texts" in page and "Line 8: no text like “Not ours” stands in the inventory." in page
    assert phrases.said(news.description, "de") == "DE " + news.description
    again = load(officer, out.getvalue())
    assert "Saved 0 texts" in again and "4 stood there already" in again
    assert Event.objects.filter(name="inventory.translated").count() == 1


def load(client: Client, text: str, *, status: int = 200) -> str:
    answer = client.post(PAGE, {"file": SimpleUploadedFile("words.csv", text.encode())})
    assert answer.status_code == status
    return answer.content.decode()


def test_no_text_of_the_sheet_is_a_formula_and_it_comes_back_as_it_was(news, officer):
    Purpose.objects.update(name="=1+1")
    assert "'=1+1," in officer.get(PAGE + "&as=csv").content.decode()
    assert "Saved 1 text<" in load(officer, "text;words\n'=1+1;'-2\n") and phrases.said("=1+1", "de") == "-2"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_a_file_without_the_two_columns_is_refused_in_words(news, officer, text):
    assert "text,words" in load(officer, text, status=422)
    assert not Phrase.objects.exists()


def test_a_file_that_is_no_text_is_refused_in_words(news, officer):
    answer = officer.post(PAGE, {"file": SimpleUploadedFile("words.csv", b"\xff\xfe\x00bad")})
    assert answer.status_code == 422 and "UTF-8" in answer.content.decode()


def test_only_those_who_write_our_pages_may_translate(news):
    auditor = browser(colleague("Auditor"))
    assert "How far each language is" in auditor.get(PAGE).content.decode()
    assert save(auditor, Newsletter="Rundbrief").status_code == 403
    assert Client().get(PAGE).status_code == 302


def test_a_text_is_asked_for_once_and_in_our_own_language_never(news, django_assert_num_queries):
    phrases.save("de", [("Newsletter", "Rundbrief")], actor=CLERK)
    with django_assert_num_queries(1):
        assert [phrases.said("Newsletter", "de") for _ in range(9)] == ["Rundbrief"] * 9
    with django_assert_num_queries(0):
        assert phrases.said("Newsletter", "en") == "Newsletter"


def test_the_page_costs_the_same_with_many_texts(news, officer, django_assert_max_num_queries):
    for n in range(60):
        Purpose.objects.create(key=f"p{n}", name=f"Purpose {n}", description="Why.", lawful_basis="consent")
    with django_assert_max_num_queries(22):
        page = officer.get(PAGE).content.decode()
    assert "40 more come after these" in page
