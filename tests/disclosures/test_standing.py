"""What goes to recipients all the time is known with its days, of everyone or of a group, and who must be told follows."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from connectors.models import Batch, Finding, WorkOrder
from disclosures import california, ledger, passing, received, standing, tasks, third_parties
from disclosures.models import Disclosure, Flow, PassingRule, Recipient, StandingDisclosure
from disclosures.selling import Way
from inventory.models import Collection, Dataset, System
from law import statute
from law.listing import Owed, owed
from subjects import registry
from subjects.models import DataSubject
from tests.consent.builders import CLERK, purpose
from tests.disclosures.builders import category, person, recipient
from tests.disclosures.test_ledger import enter

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
ANY = Owed(True, False, False, ())


def stand(to: Recipient, *categories: str, collections=(), **more) -> StandingDisclosure:
    row = StandingDisclosure.objects.create(recipient=to, **{"since_on": date(2025, 1, 1)} | more)
    row.categories.set([category(one) for one in categories])
    row.collections.set(collections)
    return row


def candidates() -> Collection:
    system = System.objects.create(key="ats", name="Applications")
    dataset = Dataset.objects.create(system=system, key="jobs", name="Jobs")
    return Collection.objects.create(dataset=dataset, name="applications", title="Applications")


def searched(subject: DataSubject, *, rows: int) -> Batch:
    """A search of the applications that found so many rows."""
    batch = Batch.objects.create(reason="request", origin="PR-1", subject=subject)
    Finding.objects.create(
        batch=batch, system=System.objects.get(), dataset="jobs", collection="applications", title="Applications",
        via="person", place=1, rows=rows, action="delete",
    )  # fmt: skip
    return batch


def told(subject: DataSubject, **how) -> list[tuple[str, bool]]:
    return [(one.recipient.key, one.perhaps) for one in received.standing_of(subject, **how)]


def test_a_group_is_whoever_a_search_found_there_and_perhaps_whoever_was_not_searched_for() -> None:
    group = candidates()
    stand(recipient("mailer"), "contact")
    stand(recipient("mill"), "professional", collections=[group], group="candidates")
    ada, bob, eve = person(), person("bob@example.org"), person("eve@example.org")
    searched(ada, rows=2)
    searched(bob, rows=0)
    assert told(ada) == [("mailer", False), ("mill", False)]
    assert told(bob) == [("mailer", False)]
    assert told(eve) == [("mailer", False), ("mill", True)]
    assert told(eve, searched=True) == [("mailer", False)]


def test_who_must_be_told_are_those_who_got_it_all_the_time_also_when_that_has_ended_but_not_of_other_groups() -> None:
    group = candidates()
    stand(recipient("mailer"), "contact")
    stand(recipient("old"), "contact", until_on=date(2025, 6, 30))
    stand(recipient("later"), "contact", since_on=TODAY + timedelta(days=1))
    stand(recipient("bank"), "financial")
    stand(recipient("mill"), "contact.email", collections=[group], group="candidates")
    ada, bob = person(), person("bob@example.org")
    searched(ada, rows=2)
    for subject, keys in ((ada, ["mailer", "mill", "old"]), (bob, ["mailer", "old"])):
        assert [one.key for one in ledger.recipients_of(subject, {"contact.email"})] == keys


def test_the_mark_of_a_recipient_goes_on_counting_until_it_has_days() -> None:
    old = recipient("mailer", "contact", receives_everyone=True)
    ada = person()
    assert [(one.recipient.key, one.since_on) for one in received.standing_of(ada)] == [("mailer", None)]
    assert list(standing.undated()) == [old]
    stand(old, "contact")
    assert [one.since_on for one in received.standing_of(ada)] == [date(2025, 1, 1)] and not standing.undated()
    assert [one.key for one in ledger.recipients_of(ada, {"contact"})] == ["mailer"]


def test_what_a_merged_person_was_told_is_found_under_the_one_that_is_left() -> None:
    ada, other, mill = person(), person("ada@work.example"), recipient("mill")
    enter(other, mill, "contact")
    registry.merge(other, ada, actor=CLERK)
    assert [one.recipient for one in received.page(ada).entries] == [mill]
    assert [one.key for one in ledger.recipients_of(ada, set())] == ["mill"]
    assert [one.recipient for one in third_parties.of(ada)] == []


def test_a_page_costs_the_same_with_many_entries_and_recipients(django_assert_num_queries) -> None:
    ada, now = person(), timezone.now()
    for n in range(30):
        to = recipient(f"r{n}", "contact", receives_everyone=n % 2 == 0)
        stand(to, "contact", "usage")
        enter(ada, to, "contact", disclosed_at=now - timedelta(hours=n // 3))
    with django_assert_num_queries(7):
        first = received.page(ada, limit=10)
    with django_assert_num_queries(3):
        second = received.page(ada, after=first.next, limit=10)
    third = received.page(ada, after=second.next, limit=10)
    assert third.next is None and not second.standing and len(first.standing) == 30
    assert len({one.pk for page in (first, second, third) for one in page.entries}) == 30
    assert received.page(person("bob@example.org"), after=first.next).entries == []


# ---------------------------------------------------------------- our own work


def done(batch: Batch, operation: str = "find", **more) -> WorkOrder:
    values = {"state": "done", "finished_at": timezone.now(), "wave": WorkOrder.objects.count()}
    return WorkOrder.objects.create(batch=batch, system=System.objects.get(), operation=operation, **values | more)


def rule(what: str = "asked") -> PassingRule:
    row = PassingRule.objects.create(system=System.objects.get(), recipient=recipient("mailer"), what=what)
    row.categories.set([category("contact.email")])
    PassingRule.objects.update(begun_at=timezone.now() - timedelta(hours=1))
    return row


def test_our_work_in_a_recipients_system_is_on_the_ledger_once() -> None:
    candidates()
    ada = person()
    batch, one = searched(ada, rows=1), rule()
    done(batch)
    done(batch, state="open", finished_at=None)
    done(batch, finished_at=timezone.now() - timedelta(days=2))  # before the rule
    done(Batch.objects.create(reason="retention", origin="R-1"))  # about nobody in particular
    assert tasks.sweep_passed() == 1 and passing.enter(one.pk) == 0
    entry = Disclosure.objects.get()
    assert (entry.subject, entry.source, entry.categories) == (ada, "connector", ["contact.email"])
    assert entry.occasion == "Asked to search for your data"
    late = done(batch, finished_at=timezone.now() - timedelta(minutes=30))  # committed after we looked
    assert passing.enter(one.pk) == 1 and Disclosure.objects.latest("recorded_at").disclosed_at == late.finished_at


def test_a_rule_for_changes_leaves_searches_out_and_one_that_is_off_does_nothing() -> None:
    candidates()
    batch, one = searched(person(), rows=1), rule("changed")
    done(batch)
    assert passing.enter(one.pk) == 0
    PassingRule.objects.update(active=False)
    assert passing.enter(one.pk) == 0 and tasks.sweep_passed() == 0


# ---------------------------------------------------------------- lists of a law


def test_californias_lists_tell_sold_and_shared_from_a_business_purpose_and_say_nothing_where_nothing_was() -> None:
    ada, ads = person(), purpose("ads", name="Advertising", sale_or_sharing=True)
    empty = california.lists(TODAY)
    assert [row[2] for row in california.table(empty)] == list(california.NOTHING.values())
    enter(ada, recipient("mailer", kind="Mail provider"), "contact")
    enter(ada, recipient("shop", kind="Shop"), "usage", purpose=ads)
    stand(recipient("adnet", role="third_party", kind="Advertising network"), "marketing")
    enter(ada, recipient("old", role="third_party"), "financial", disclosed_at=timezone.now() - timedelta(days=430))
    found = california.lists(TODAY).lines
    assert [(one.key, one.kinds) for one in found[Way.SOLD]] == [
        ("marketing", ["Advertising network"]), ("usage", ["Shop"]),
    ]  # fmt: skip
    assert found[Way.SHARED] == found[Way.SOLD] and found[Way.SOLD][1].purposes == ["Advertising"]
    assert [(one.key, one.kinds) for one in found[Way.BUSINESS]] == [("contact", ["Mail provider"])]


def test_californias_lists_cost_the_same_for_many_recipients(django_assert_max_num_queries) -> None:
    ada = person()
    for n in range(12):
        enter(ada, recipient(f"r{n}"), "contact", "usage")
    with django_assert_max_num_queries(7):
        california.lists(TODAY)


def test_oregon_may_name_anybodys_third_parties_and_minnesota_wants_the_persons(settings) -> None:
    ada = person()
    enter(ada, recipient("mill", role="controller"), "contact")
    enter(ada, recipient("mailer", role="processor"), "contact")
    enter(person("bob@example.org"), recipient("lake", role="third_party"), "contact")
    stand(recipient("adnet", role="third_party"), "usage")
    oregon, minnesota = statute("us-or-ocpa"), statute("us-mn-mcdpa")

    def names(*laws) -> list[str]:
        listing = third_parties.answer(ada, laws, TODAY)
        return [one.recipient.key for one in listing.parties]

    assert names(oregon) == names(minnesota) == ["adnet", "mill"]
    settings.THIRD_PARTY_LIST = "any"
    assert names(oregon) == ["adnet", "lake", "mill"]
    assert names(minnesota) == names(oregon, minnesota) == ["adnet", "mill"]
    assert third_parties.answer(ada, [oregon], TODAY).cites == (("OCPA", "ORS 646A.574(1)(a)(B)"),)


def test_connecticut_wants_buyers_only_washington_addresses_and_delaware_no_names() -> None:
    ada = person()
    enter(ada, recipient("mill", role="controller"), "contact")
    enter(ada, recipient("adnet", role="third_party"), "contact")
    parties = third_parties.answer(ada, [statute("us-ct-ctdpa")], date(2026, 11, 1)).parties
    assert [(one.recipient.key, one.contact) for one in parties] == [("adnet", "")]
    parties = third_parties.answer(ada, [statute("us-wa-mhmda")], date(2026, 11, 1)).parties
    assert [one.contact for one in parties] == ["adnet@recipient.example", "mill@recipient.example"]
    assert third_parties.answer(ada, [statute("us-de-dpdpa")], TODAY) is None
    assert owed([statute("us-ct-ctdpa")], date(2026, 6, 30)) is None


def test_a_list_says_from_when_until_when() -> None:
    ada, mill, now = person(), recipient("mill", role="controller"), timezone.now()
    for days in (40, 3, 20):
        enter(ada, mill, "contact", disclosed_at=now - timedelta(days=days))
    (mine,) = third_parties.of(ada)
    assert (mine.first, mine.last) == (TODAY - timedelta(days=40), TODAY - timedelta(days=3))
    (anybodys,) = third_parties.of_anybody(ANY)
    assert anybodys.first.day == 1 and Flow.objects.filter(recipient=mill).count() >= 1
    row = third_parties.table([mine])[0]
    assert row[0] == "Mill" and row[3] == "" and row[5] == str(mine.last)
