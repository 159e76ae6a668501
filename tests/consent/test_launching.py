"""A new or changed purpose goes live after a notice named it and people were told, and not before."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused
from consent import launching, telling
from consent.models import Announcement, Launch
from tests.consent.builders import CLERK, ada, draft, earlier, naming_purposes, officer, published, purpose, through

pytestmark = pytest.mark.django_db


def settle(**later: int) -> None:
    cache.clear()
    launching.settle(timezone.now() + timedelta(**later))


def in_force(*purposes, days: int = 90, number: int = 1, **more):
    """A notice that was published so long ago and names these purposes."""
    return earlier(at=timezone.now() - timedelta(days=days), number=number, **naming_purposes(*purposes) | more)


def test_a_new_purpose_is_not_live_and_says_why() -> None:
    news = purpose()
    assert not launching.live(news) and "no privacy notice is in force" in launching.why_not(news)
    published()
    assert "does not name it" in launching.why_not(news)
    settle()
    assert list(launching.waiting()) == [Launch.objects.get(purpose=news)]
    assert Event.objects.get(name="purpose.launch_asked").facts == {"purpose": "news"}


def test_what_the_very_first_notice_names_is_live_with_it() -> None:
    news = purpose()
    published(**naming_purposes(news))
    settle()
    assert launching.live(news) and launching.why_not(news) == ""
    assert Launch.objects.get().ground == "first" and Event.objects.get(name="purpose.launched").facts["notice"] == 1


def test_what_a_later_notice_names_is_live_once_people_were_told() -> None:
    ada()
    news, ads = purpose(), purpose("ads")
    in_force(news)
    version = published(**naming_purposes(news, ads), effective_on=timezone.now().date() - timedelta(days=1))
    settle()
    assert launching.live(news) and not launching.live(ads)
    assert "people are told first, or 30 days pass" in launching.why_not(ads)
    row = telling.announce(version, by=officer("noor"), by_mail=False)
    settle()
    assert not launching.live(ads), "it has begun only"
    telling.go_on(row.pk)
    assert Announcement.objects.get().state == "done" and launching.live(ads)
    assert Launch.objects.get(purpose=ads).ground == "told"


def test_or_once_the_notice_period_has_passed() -> None:
    news, ads = purpose(), purpose("ads")
    in_force(news)
    in_force(news, ads, number=2, days=29)
    settle()
    assert not launching.live(ads)
    settle(days=2)
    assert Launch.objects.get(purpose=ads).ground == "period"
    assert not launching.live(ads), "that is in two days"
    assert launching.live(ads, at=timezone.now() + timedelta(days=3))


@pytest.mark.parametrize(
    "change",
    [
        {"lawful_basis": "legitimate_interests"},
        {"description": "Other."},
        {"sale_or_sharing": True},
        {"required": True},
    ],
)
def test_a_changed_purpose_is_not_live_at_once_and_by_whatever_way_it_changed(change: dict) -> None:
    news = purpose()
    in_force(news)
    settle()
    assert launching.live(news)
    type(news).objects.update(**change)
    news.refresh_from_db()
    assert not launching.live(news) and "was changed" in launching.why_not(news)
    settle()
    assert not launching.live(news), "the notice in force names it as it was"
    in_force(news, number=2, days=31)
    settle()
    assert launching.live(news)


def test_a_notice_for_one_place_lets_it_live_there_only() -> None:
    news = purpose()
    in_force(number=1, days=99)
    in_force(news, number=2, regions="EU")
    settle()
    assert launching.live(news, "DE") and not launching.live(news, "US-CA") and not launching.live(news)
    in_force(news, number=3, days=60)
    settle()
    assert launching.live(news, "US-CA") and launching.live(news)


def test_a_later_notice_that_leaves_it_out_lets_nothing_new_begin() -> None:
    news = purpose()
    in_force(news)
    in_force(number=2, days=80)
    settle()
    assert not launching.live(news)


def test_a_mended_wording_is_confirmed_by_somebody_else() -> None:
    maya, noor = officer("maya"), officer("noor")
    for one in (maya, noor):
        one.user_permissions.add(*Permission.objects.filter(codename="confirm_launch"))
    maya, noor = type(maya).objects.get(pk=maya.pk), type(noor).objects.get(pk=noor.pk)
    news = purpose()
    in_force(news)
    settle()
    new = launching.ask(purpose("ads"), actor=CLERK, by=maya)
    with pytest.raises(Refused, match="by a notice"):
        launching.confirm_same(new, by=noor)
    type(news).objects.filter(pk=news.pk).update(description="Why, with the typo mended.")
    news.refresh_from_db()
    asked = launching.ask(news, actor=CLERK, by=maya)
    with pytest.raises(Refused, match="changed the purpose"):
        launching.confirm_same(asked, by=maya)
    launching.confirm_same(asked, by=noor)
    assert launching.live(news) and launching.live(news, "US-CA")
    type(news).objects.filter(pk=news.pk).update(lawful_basis="contract")
    news.refresh_from_db()
    with pytest.raises(Refused, match="More than its wording"):
        launching.confirm_same(launching.ask(news, actor=CLERK, by=maya), by=noor)


@pytest.mark.parametrize(
    ("more", "region", "wanted"),
    [
        ({"lawful_basis": "contract", "required": True}, "DE", "none"),
        ({"lawful_basis": "consent"}, "US-TX", "opt_in"),
        ({"lawful_basis": "legitimate_interests"}, "DE", "opt_out"),
        ({"lawful_basis": "legitimate_interests", "sale_or_sharing": True}, "US-CA", "opt_out"),
        ({"lawful_basis": "legitimate_interests", "sale_or_sharing": True}, "FR", "opt_in"),
        ({"lawful_basis": "legitimate_interests", "sale_or_sharing": True}, "", "opt_in"),
    ],
)
def test_the_control_that_a_place_demands(more: dict, region: str, wanted: str) -> None:
    assert launching.control(purpose(**more), region) == wanted


def test_asking_costs_no_query_once_it_is_known(django_assert_num_queries) -> None:
    news = purpose()
    published(**naming_purposes(news))
    settle()
    launching.live(news)
    with django_assert_num_queries(0):
        assert launching.live(news) and launching.live(news, "DE")


def test_settling_again_changes_nothing() -> None:
    through(draft(**naming_purposes(purpose())))
    purpose("ads")
    assert launching.settle(timezone.now()) == 2
    assert launching.settle(timezone.now()) == 0
