"""The notice: its versions, what changed between two of them, other languages, and the page before other sites."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from audit import assurance
from consent.models import NoticeVersion
from disclosures import sites
from disclosures.models import ExternalSite
from requests_app import differences

TODAY = timezone.localdate()
OLD = "# Privacy notice\n\n## What we hold\n\nYour name.\n\n- Server logs: 180 days.\n- Orders.\n\nGone for good, entirely.\n"
NEW = (
    "# Privacy notice\n\n## What we hold\n\nYour name.\n\n- Server logs: 90 days.\n- Orders.\n\n"
    "## Other sites\n\nNew words.\n"
)


def publish(
    number: int, body: str, *, days: int = 0, language: str = "en", title: str = "Privacy notice"
) -> NoticeVersion:
    return NoticeVersion.objects.create(
        number=number, title=title, body=body, digest=f"{number}{language}".ljust(64, "0"), language=language,
        effective_on=TODAY - timedelta(days=days), published_at=timezone.now() - timedelta(days=max(days, 0)),
    )  # fmt: skip


def test_each_version_keeps_its_address_and_says_whether_it_is_in_force(client):
    publish(1, OLD, days=100)
    publish(2, NEW, days=10)
    publish(3, NEW + "\nTo come.", days=-30)
    NoticeVersion.objects.create(number=4, title="Draft", body="Secret draft", digest="d" * 64, effective_on=TODAY)
    current = client.get("/notice/").content.decode()
    assert "Version 2" in current and "Server logs: 90 days" in current and "/notice/1..2/" in current
    first = client.get("/notice/1/").content.decode()
    assert "180 days" in first and "This is not the wording in force" in first and 'content="noindex"' in first
    assert "This is not the wording in force" not in client.get("/notice/2/").content.decode()
    listed = client.get("/notice/versions/").content.decode()
    assert listed.count("/notice/") and "In force" in listed and "To come" in listed and "Draft" not in listed
    assert client.get("/notice/4/").status_code == client.get("/notice/2..4/").status_code == 404


def test_the_contents_lead_to_the_headings_and_the_page_names_its_own_address(client, settings):
    publish(1, NEW + "\n## Third\n\nWords.\n")
    html = client.get("/notice/").content.decode()
    assert '<a href="#what-we-hold">What we hold</a>' in html and 'id="what-we-hold"' in html
    assert f'<link rel="canonical" href="{settings.SITE_URL}/notice/">' in html


def test_what_changed_is_marked_by_words(client):
    publish(1, OLD, days=100)
    publish(2, NEW, days=10)
    html = client.get("/notice/1..2/").content.decode()
    assert (
        '<del><span class="unseen">Gone: </span>180</del><ins><span class="unseen">New: </span>90</ins> days.' in html
    )
    assert "Gone for good, entirely." in html and 'class="heading new"' in html
    assert client.get("/notice/versions/?from=2&to=1").url == "/notice/1..2/"
    assert client.get("/notice/versions/?from=2&to=99").status_code == 303, "and then 404"
    assert client.get("/notice/versions/?from=x&to=y").status_code == 200


TEXT = st.text(alphabet="ab #-\n|1.*[]()<&", max_size=120)


@example(OLD, NEW)
@given(TEXT, TEXT)
def test_a_comparison_holds_both_wordings_whole(old, new):
    changes = differences.between(old, new)

    def side(*marks):
        found = [(one.kind, "".join(run.text for run in one.runs if run.mark in marks)) for one in changes]
        return [(kind, text) for kind, text in found if text]

    assert [text for _, text in side("same", "new")] == [one.text for one in differences.pieces(new) if one.text]
    assert [text for _, text in side("same", "gone")] == [one.text for one in differences.pieces(old) if one.text]
    shown = [one for _, stretch in differences.folded(changes) for one in stretch]
    assert shown == changes, "folding loses nothing"
    assert all(one.mark == "same" for folds, stretch in differences.folded(changes) if folds for one in stretch)


def test_a_changed_address_of_a_link_is_a_difference():
    changed = differences.between("See [us](https://a.example/).", "See [us](https://b.example/).")
    assert [one.mark for one in changed] == ["changed"]


def test_a_language_that_is_missing_falls_back_and_says_so(client):
    publish(1, NEW)
    assert b"not there in your language" in client.get("/notice/?language=de").content
    publish(1, "# Hinweis\n\nWir halten wenig.", language="de", title="Datenschutzhinweis")
    german = client.get("/notice/?language=de").content.decode()
    assert "Wir halten wenig" in german and "not there in your language" not in german
    english = client.get("/notice/").content.decode()
    assert "New words" in english and 'hreflang="de"' in english and "Deutsch" in english
    assert b"Wir halten wenig" in client.get("/notice/1/?language=de").content
    assert client.get("/notice/?language=" + "x" * 500).status_code == 200


# ---------------------------------------------------------------- other sites
def site(**more) -> ExternalSite:
    base = {"name": "Authority", "address": "https://dpa.example/complain", "about": "Complaints about companies.",
            "policy_address": "https://dpa.example/policy", "review_due": TODAY + timedelta(days=9)}  # fmt: skip
    return ExternalSite.objects.create(**base | more)


def test_a_link_to_a_registered_site_goes_by_a_page_that_names_it(client):
    known = site()
    publish(1, "# N\n\nGo to [them](https://DPA.example/complain/) or [others](https://other.example/).")
    html = client.get("/notice/").content.decode()
    assert f'<a href="/leaving/{known.pk}/">them</a>' in html
    assert '<a href="https://other.example/" rel="noreferrer">others</a>' in html
    page = client.get(f"/leaving/{known.pk}/").content.decode()
    assert "dpa.example" in page and "Complaints about companies." in page
    assert 'href="https://dpa.example/complain" rel="noreferrer nofollow"' in page
    ExternalSite.objects.update(state="retired")
    gone = client.get(f"/leaving/{known.pk}/")
    assert gone.status_code == 410 and b"https://dpa.example" not in gone.content


@pytest.mark.parametrize(
    "path",
    [
        "/leaving/99/",
        "/leaving/https://evil.example/",
        "/leaving/?to=https://evil.example",
        "/leaving/1/?to=https://evil.example&next=//evil.example",
    ],
)
def test_nobody_can_be_sent_anywhere_else(client, path):
    site(pk=1)
    answer = client.get(path)
    assert answer.status_code in (200, 404) and b"evil.example" not in answer.content and "Location" not in answer


def test_an_overdue_review_fails_its_check_until_somebody_looked(django_user_model):
    late = site(review_due=TODAY - timedelta(days=1))
    check = {one.key: one for one in assurance.checks()}["disclosures.sites_reviewed"]
    assert not check.run().ok and list(sites.overdue(TODAY)) == [late]
    sites.reviewed(late, by=django_user_model.objects.create_superuser("boss"), on=TODAY)
    assert check.run().ok


def test_a_notice_that_links_to_a_site_outside_the_register_fails_its_check(settings):
    publish(1, f"# N\n\n[us]({settings.SITE_URL}/rights/) [them](https://other.example/x)")
    check = {one.key: one for one in assurance.checks()}["requests.links_registered"]
    assert not check.run().ok and "other.example" in check.run().sentence
    site(address="https://other.example/x")
    assert check.run().ok
