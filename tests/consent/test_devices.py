"""A device that chose before anybody knew whose it is, and two people who are one."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from audit.refusal import Refused
from consent import choices, devices, rebuilding, renewal, standing
from consent.choices import How
from consent.models import Choice, Device, Terms
from subjects import registry
from subjects.models import DataSubject
from tests.consent.builders import CLERK, ada, purpose

pytestmark = pytest.mark.django_db
BROWSER = "browser-0123456789"


def at(days: int):
    return timezone.now() - timedelta(days=days)


def say(who, what, granted: bool, days: int, act: str = "", device=None) -> Choice:
    return choices.record(
        who, what, granted, source="banner", actor=CLERK, device=device, chosen_at=at(days), how=How(act=act)
    )


@pytest.fixture
def device() -> Device:
    return devices.find_or_make(BROWSER)


# sale?, what the account said (granted, days ago, act), what the device said, who wins once they are one.
CONFLICTS = [
    (False, None, (True, 5, ""), True),
    (False, None, (False, 5, ""), False),
    (False, (True, 9, ""), (False, 5, ""), False),
    (False, (False, 9, ""), (True, 5, ""), True),
    (False, (False, 5, ""), (True, 9, ""), False),
    (True, (True, 9, ""), (False, 5, "signal"), False),
    (True, (True, 5, ""), (False, 9, "signal"), True),
    (True, (False, 5, ""), (True, 9, ""), False),
    # An opt-out of the account holds on every device, however new a Yes of nobody in particular is.
    (True, (False, 9, ""), (True, 5, ""), False),
    (False, (False, 9, "signal"), (True, 5, ""), False),
]


@pytest.mark.parametrize(("sale", "account", "anonymous", "wins"), CONFLICTS)
def test_what_holds_once_a_device_is_somebodys(device, sale: bool, account, anonymous, wins: bool) -> None:
    what = purpose("ads", lawful_basis="legitimate_interests", sale_or_sharing=sale)
    if account:
        say(ada(), what, *account)
    say(None, what, *anonymous, device=device)
    devices.adopt(device, ada(), actor=CLERK)
    assert choices.current(ada())["ads"].granted is wins
    assert devices.holding(Device.objects.get())[what.pk].granted is wins
    count = Choice.objects.count()
    devices.adopt(device, ada(), actor=CLERK)
    assert Choice.objects.count() == count and rebuilding.compare().agrees


def test_an_opt_out_holds_on_every_device_of_the_account(device) -> None:
    ads, other = purpose("ads", sale_or_sharing=True), devices.find_or_make("another-browser-99")
    say(None, ads, True, 5, device=other)
    for one in (device, other):
        devices.adopt(one, ada(), actor=CLERK)
    say(ada(), ads, False, 1, device=device)
    assert [devices.holding(one)[ads.pk].granted for one in Device.objects.all()] == [False, False]


def test_what_was_adopted_names_the_choice_it_comes_from(device) -> None:
    first = say(None, purpose(), True, 5, device=device)
    (copy,) = devices.adopt(device, ada(), actor=CLERK)
    assert copy.evidence == {"from": str(first.pk), "why": "device_adopted"} and copy.chosen_at == first.chosen_at
    assert copy.device == device and copy.subject == ada()


def test_a_device_of_somebody_else_is_not_adopted(device) -> None:
    devices.adopt(device, ada(), actor=CLERK)
    with pytest.raises(Refused) as refused:
        devices.adopt(device, DataSubject.objects.create(), actor=CLERK)
    assert refused.value.code == "device_conflict"


def test_a_device_is_known_by_a_keyed_hash_of_a_long_random_id(device) -> None:
    assert BROWSER not in device.digest and len(device.digest) == 64
    assert devices.find(BROWSER) == device and devices.find("another-browser-99") is None
    for bad in ("short", "x" * 129, "browser-é-0123456789", "line\nbreak-0123456789"):
        with pytest.raises(Refused):
            devices.find_or_make(bad)


def test_two_people_become_one_and_the_newest_choice_of_both_holds(device) -> None:
    news, ads = purpose(), purpose("ads")
    other = registry.find_or_make("email", "ada@work.example", actor=CLERK)
    say(ada(), news, True, 9)
    say(other, news, False, 5)
    say(ada(), ads, False, 5)
    say(other, ads, True, 9)
    devices.adopt(device, other, actor=CLERK)
    devices.merge(other, ada(), actor=CLERK)
    assert {key: one.granted for key, one in choices.current(ada()).items()} == {"news": False, "ads": False}
    assert registry.known("email", "ada@work.example") == ada() and Device.objects.get().subject == ada()
    assert rebuilding.compare().agrees
    with pytest.raises(Refused):
        devices.merge(other, ada(), actor=CLERK)


# ---------------------------------------------------------------- ends and asking again


def test_a_yes_by_consent_ends_after_the_months_of_its_purpose_and_others_do_not() -> None:
    news, sms, care = purpose(), purpose("sms"), purpose("care", lawful_basis="legitimate_interests")
    Terms.objects.create(purpose=sms, months=0)
    ends = {one.purpose.key: one.expires_at for one in (say(ada(), what, True, 0) for what in (news, sms, care))}
    assert ends["sms"] is None and ends["care"] is None
    assert 364 <= (ends["news"] - timezone.now()).days <= 366
    assert say(ada(), news, False, 0).expires_at is None


def test_nobody_is_asked_again_for_twelve_months_after_a_no() -> None:
    news, sms = purpose(), purpose("sms")
    Terms.objects.create(purpose=sms, ask_again_months=24)
    no = say(ada(), news, False, 0)
    say(ada(), sms, False, 0)
    today = no.chosen_at.date()
    found = renewal.not_to_be_asked(ada().pk, today)
    assert found["news"] == date(today.year + 1, today.month, min(today.day, 28) if today.month == 2 else today.day)
    assert found["sms"].year == today.year + 2
    assert renewal.not_to_be_asked(ada().pk, found["news"]) == {"sms": found["sms"]}
    assert renewal.ask_again_on(standing.of(ada().pk).get(purpose=news), None) == found["news"]


def test_a_yes_that_ends_soon_can_be_renewed() -> None:
    news = purpose()
    soon = How(expires_at=timezone.now() + timedelta(days=10))
    choices.record(ada(), news, True, source="portal", actor=CLERK, how=soon)
    assert [one.purpose for one in renewal.ending(ada().pk, timezone.now())] == [news]
    choices.record(ada(), news, True, source="portal", actor=CLERK)
    assert not renewal.ending(ada().pk, timezone.now()).exists()
