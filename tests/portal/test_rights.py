"""The page that explains the rights of a place."""

import pytest


def test_a_person_chooses_a_place_and_sees_rights_dates_and_whom_to_complain_to(client):
    html = client.get("/rights/?place=US-VA").content.decode()
    assert "Virginia Consumer Data Protection Act" in html and "Va. Code 59.1-577(A)" in html
    assert "You can appeal to us within 60 days" in html and "Virginia Attorney General" in html
    assert '<option value="US-VA" selected>' in html


def test_a_place_without_a_law_of_its_own_shows_our_policy(client):
    html = client.get("/rights/?place=US-NY").content.decode()
    assert "Our own policy" in html and "promise them to everybody" in html


def test_a_law_without_a_number_of_days_says_that_the_number_is_ours(client):
    assert "the law names no number" in client.get("/rights/?place=JP").content.decode()


@pytest.mark.parametrize("place", ["XX", "<script>", "US-", "ZZ-1", "de" * 400])
def test_an_unknown_place_is_answered_in_words(client, place):
    answer = client.get("/rights/", {"place": place})
    assert answer.status_code == 404
    html = answer.content.decode()
    assert "We do not know this place" in html and "<script>" not in html


def test_a_place_that_no_text_can_hold_is_refused(client):
    assert client.get("/rights/", {"place": "DE\x00"}).status_code == 400


def test_the_page_asks_the_database_for_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/rights/?place=DE")
