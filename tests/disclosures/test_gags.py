"""A gag: nobody is told and the ledger is silent until it ends; and the promise about demands, with each way to break it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import assurance, failpoints
from audit.models import Event
from audit.refusal import Refused
from disclosures import tasks
from disclosures.demands import gags, moving
from disclosures.models import Disclosure, LegalDemand, PersonNotice
from tests.disclosures import legal
from tests.disclosures.builders import Post
from tests.disclosures.legal import gagged, refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def test_under_a_gag_nobody_is_told_and_the_ledger_is_silent_until_it_ends(two, post: Post):
    demand = gagged(two)
    assert tasks.sweep_gags() == 0 and not Disclosure.objects.exists() and not PersonNotice.objects.exists()
    legal.days_pass(demand)
    for _ in range(2):
        sum(gags.settle(one) for one in gags.to_tell(timezone.localdate()))
    legal.deliver()
    assert len(post.got) == 1 and Disclosure.objects.get().disclosed_at == demand.disclosed_at
    assert "forbade us to tell you until now" in legal.open_link(legal.link(post), show="1")
    assert Event.objects.filter(name="demand.gag_ended").count() == 1


def test_the_last_day_of_a_gag_belongs_to_it(two):
    demand, today = gagged(two, 0), timezone.localdate()
    assert gags.running(demand, today) and not gags.to_tell(today).exists()
    assert not gags.running(demand, today + timedelta(days=1)) and gags.to_tell(today + timedelta(days=1)).exists()


def test_a_lifted_gag_ends_today_and_a_prolonged_one_lasts(two):
    paula, _ = two
    demand = gagged(two)
    refused("gag_end", gags.prolong, demand, until=demand.gag_until, basis="Order", by=paula)
    gags.prolong(demand, until=demand.gag_until + timedelta(days=90), basis="Order of May", by=paula)
    gags.lift(demand, by=paula)
    refused("no_gag", gags.lift, demand, by=paula)
    assert gags.to_tell(timezone.localdate()).get() == demand


def test_a_gag_that_ends_before_anything_left_lets_people_object_first(two):
    paula, lena = two
    until = timezone.localdate() + timedelta(days=3)
    demand = legal.approved(paula, lena, notify="gag", gag=True, gag_until=until)
    legal.sealed(demand, paula)
    legal.days_pass(demand)
    refused("gag_ended", moving.disclose, demand, by=paula)
    assert gags.settle(demand) and not gags.settle(demand)
    demand.refresh_from_db()
    assert demand.notify == "before" and PersonNotice.objects.get().kind == "demand_before"
    refused("objection_time", moving.disclose, demand, by=paula)


def test_a_gag_has_an_end_or_a_day_to_ask_about_it(two):
    paula, _ = two
    with pytest.raises(Refused) as caught:
        legal.registered(paula, gag=True)
    assert caught.value.code == "gag_end"
    endless = legal.registered(paula, "national_security", gag=True, gag_review_on=timezone.localdate())
    assert list(gags.to_review(timezone.localdate())) == [endless]


def findings() -> dict[str, bool]:
    return {one.key: one.run().ok for one in assurance.checks() if one.promise == "P10"}


def test_the_promise_is_kept_and_each_way_of_breaking_it_is_seen(two):
    assert all(findings().values()) and len(findings()) >= 5
    demand = gagged(two)
    assert all(findings().values())
    legal.days_pass(demand)
    assert not findings()["disclosures.gags_ended"]
    gags.settle(demand)
    assert all(findings().values())
    Disclosure.objects.exists()
    demand.people.update(disclosure=None)
    assert not findings()["disclosures.demands_approved"]
    late = legal.registered(two[0], mail="bob@example.org")
    LegalDemand.objects.filter(pk=late.pk).update(due_on=timezone.localdate() - timedelta(days=1))
    assert not findings()["disclosures.demands_answered"]


def test_a_mail_that_was_taken_but_not_marked_goes_out_again_as_the_same_one(two, post: Post):
    legal.approved(*two)
    for name in ("person_notice.before_send", "person_notice.after_send"):
        failpoints.arm(f"{name}=raise")
        with pytest.raises(failpoints.Injected):
            legal.deliver()
        failpoints.arm("")
        PersonNotice.objects.update(lease_until=None)
    legal.deliver()
    ids = {line for one in post.got for line in one.content.decode().splitlines() if line.startswith("Message-ID")}
    assert len(post.got) == 2 and len(ids) == 1
