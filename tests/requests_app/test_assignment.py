"""Who gets a request: the rules choose in turn or by load, never somebody who is not there, and say why."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User

from audit.models import Event
from audit.refusal import Refused
from requests_app import absences, assigning, assignment, review
from requests_app.assigning import Colleague, Facts, Rule, Team
from requests_app.models import Absence, AssignmentRule, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask

TODAY = builders.today()
WORKS = frozenset({"access", "delete", "opt_out_sale"})


def team(*rows: Colleague) -> Team:
    return Team({one.key: one for one in rows})


def rule(*people: User, place: int = 1, **more: object) -> AssignmentRule:
    row = AssignmentRule.objects.create(name=f"Rule {place}", place=place, **more)
    row.people.set(people)
    return row


def away(person: User, stand_in: User | None = None, days: int = 3) -> Absence:
    until = TODAY + timedelta(days=days)
    return Absence.objects.create(person=person, starts_on=TODAY, ends_on=until, stand_in=stand_in)


def owners() -> list[int]:
    return list(Request.objects.order_by("received_at").values_list("owner", flat=True))


def many(number: int, **more: object) -> None:
    for one in range(number):
        ask(email=f"person{one}@example.org", **more)


# ---------------------------------------------------------------- the rule, without a database


def test_of_a_hundred_requests_in_turn_everybody_gets_as_many():
    people, last, got = (3, 1, 7), None, []
    for _ in range(100):
        one = Rule(1, 1, people=people, last=last)
        choice = assigning.choose(Facts("access", "DE", "en"), [one], team(*(Colleague(key, WORKS) for key in people)))
        last = choice.turn
        got.append(choice.to)
    assert got[:4] == [1, 3, 7, 1] and sorted(got.count(key) for key in people) == [33, 33, 34]


def test_whoever_has_the_fewest_gets_the_next_and_equals_take_turns():
    there = team(Colleague(1, WORKS, load=4), Colleague(2, WORKS, load=2), Colleague(3, WORKS, load=2))
    facts = Facts("access", "DE", "en")
    choice = assigning.choose(facts, [Rule(1, 1, pick="fewest", people=(1, 2, 3), last=2)], there)
    assert (choice.to, choice.load) == (3, 2)


@pytest.mark.parametrize(
    ("conditions", "fitting"),
    [
        ({"rights": ("delete",)}, True), ({"rights": ("access",)}, False), ({"regions": ("US",)}, True),
        ({"regions": ("US-CA",)}, True), ({"regions": ("US-C",)}, False), ({"regions": ("DE",)}, False),
        ({"languages": ("es", "en")}, True), ({"languages": ("de",)}, False), ({}, True),
    ],
)  # fmt: skip
def test_a_rule_fits_by_right_region_and_language(conditions, fitting):
    chosen = assigning.choose(
        Facts("delete", "US-CA", "es"), [Rule(1, 1, people=(1,), **conditions)], team(Colleague(1, WORKS))
    )
    assert (chosen is not None) == fitting


def test_the_first_rule_with_somebody_there_decides():
    first, second = Rule(1, 1, people=(1,)), Rule(2, 2, people=(2,))
    there = team(Colleague(1, WORKS, away=True), Colleague(2, WORKS))
    assert assigning.choose(Facts("access", "DE", "en"), [second, first], there).to == 2
    assert assigning.choose(Facts("access", "DE", "en"), [second, first], team(Colleague(1, WORKS))).to == 1


def test_a_stand_in_who_is_away_hands_on_and_a_circle_of_stand_ins_ends():
    row, facts = Rule(1, 1, people=(1,)), Facts("access", "DE", "en")
    chain = team(Colleague(1, WORKS, True, 2), Colleague(2, WORKS, True, 3), Colleague(3, WORKS))
    choice = assigning.choose(facts, [row], chain)
    assert (choice.to, choice.for_whom) == (3, 1)
    circle = team(Colleague(1, WORKS, True, 2), Colleague(2, WORKS, True, 1))
    assert assigning.choose(facts, [row], circle) is None


def test_the_choice_explains_itself():
    why = {"rule": 9, "place": 2, "because": ["right:delete", "region:US-CA"], "pick": "fewest", "load": 3, "to": 5}
    labels, names = {"delete": "Delete my data"}, {5: "Rita", 6: "Paul"}
    said = assigning.explained(why, labels, names)
    assert said == "Given to Rita: rule 2, right is Delete my data, region is US-CA, fewest open (3)."
    said = assigning.explained(why | {"pick": "turns", "stands_in_for": 6}, labels, names)
    assert said.endswith("their turn, standing in for Paul.")
    assert assigning.explained({"to": 5}, labels, names) == ""


# ---------------------------------------------------------------- the verb and the sweep


def test_the_sweep_gives_every_open_request_an_owner_once(company, rita, paul):
    rule(rita, paul)
    many(6)
    assert assignment.sweep(TODAY) == 6 and assignment.sweep(TODAY) == 0
    assert owners().count(rita.pk) == owners().count(paul.pk) == 3
    events = Event.objects.filter(name="request.assigned")
    assert events.count() == 6 and all(one.facts["pick"] == "turns" and one.facts["place"] == 1 for one in events)


def test_load_counts_open_requests_only(company, rita, paul):
    rule(rita, paul, pick="fewest")
    many(2)
    Request.objects.update(owner=rita)
    busy = ask(email="third@example.org")
    assignment.sweep(TODAY)
    busy.refresh_from_db()
    assert busy.owner == paul


def test_what_no_rule_fits_holds_up_nothing_and_nobody(company, rita, django_assert_max_num_queries):
    rule(rita, rights=["delete"])
    many(3)
    late = ask("delete")
    with django_assert_max_num_queries(60):
        assert assignment.sweep(TODAY) == 1
    late.refresh_from_db()
    assert late.owner == rita and Request.objects.filter(owner=None).count() == 3


def test_who_is_away_gets_nothing_and_their_stand_in_does(company, rita, paul):
    rule(rita)
    row = away(rita)
    one = ask()
    assert assignment.sweep(TODAY) == 0  # nobody stands in: it waits in sight, without an owner
    row.stand_in = paul
    absences.keep(row, by=rita)
    assignment.sweep(TODAY)
    one.refresh_from_db()
    assert one.owner == paul
    assert Event.objects.get(name="request.assigned").facts["stands_in_for"] == rita.pk
    absences.back(row, by=rita)
    two = ask(email="b@example.org")
    assignment.sweep(TODAY)
    two.refresh_from_db()
    assert two.owner == rita


def test_an_absence_counts_from_its_first_to_its_last_day(rita):
    row = away(rita, days=2)
    assert [rita.pk in absences.away(row.starts_on + timedelta(days=one)) for one in (-1, 0, 2, 3)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("lost", ["inactive", "role"])
def test_who_left_or_lost_the_role_gets_nothing_and_loses_what_they_had(company, rita, paul, lost):
    rule(rita, paul)
    mine = ask()
    Request.objects.update(owner=rita)
    User.objects.filter(pk=rita.pk).update(is_active=lost != "inactive")
    if lost == "role":
        rita.user_permissions.clear()
    other = ask(email="b@example.org")
    assert assignment.sweep(TODAY) == 3  # one taken back, two given
    for one in (mine, other):
        one.refresh_from_db()
        assert one.owner == paul
    assert Event.objects.get(name="request.released").facts == {"was": rita.pk}


def test_by_hand_nobody_gets_a_request_who_is_not_there_or_may_not(company, rita, paul):
    one, stranger = ask(), builders.colleague("nora", "view_request")
    row = away(paul, rita)
    refusals = {}
    for name, to in (("role", stranger), ("away", paul)):
        with pytest.raises(Refused) as refused:
            assignment.assign(one, to=to, by=rita, today=TODAY)
        refusals[refused.value.code] = refused.value.message
        assert name in refusals
    assert "rita stands in" in refusals["away"] and f"{row.ends_on:%B %Y}" in refusals["away"]
    with pytest.raises(Refused) as refused:
        assignment.assign(one, to=rita, by=stranger, today=TODAY)
    assert refused.value.code == "not_allowed"
    one.refresh_from_db()
    assert one.owner is None
    assignment.assign(one, to=rita, by=User.objects.get(pk=paul.pk), today=TODAY)
    one.refresh_from_db()
    assert one.owner == rita
    assert paul.pk not in [int(key) for key, _ in assignment.offered(one, TODAY)]


def test_to_take_a_case_is_the_same_verb(company, rita):
    assert review.take(ask(), by=rita).owner == rita
    assert Event.objects.get(name="request.taken").facts == {"to": rita.pk}


def test_an_appeal_is_never_given_to_whom_it_appeals_against(company, rita, paul):
    olga = builders.approver("olga")
    rule(paul, olga)
    one = ask()
    appeal = ask(email="b@example.org")
    Request.objects.filter(pk=one.pk).update(decided_by=paul, owner=paul)
    Request.objects.filter(pk=appeal.pk).update(right="appeal", follows=one)
    assignment.sweep(TODAY)
    appeal.refresh_from_db()
    assert appeal.owner == olga


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends_on": date(2020, 1, 1)}, "absence_days"),
        ({"ends_on": date(2099, 1, 1)}, "absence_days"),
        ({}, "not_allowed"),
    ],
)
def test_an_absence_that_makes_no_sense_is_refused(rita, paul, change, code):
    row = Absence(person=rita, starts_on=TODAY, ends_on=TODAY, **{})
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(Refused) as refused:
        absences.keep(row, by=paul if code == "not_allowed" else rita)
    assert refused.value.code == code and not Absence.objects.exists()


def test_a_manager_may_enter_anybodys_absence(rita, paul):
    paul.user_permissions.add(Permission.objects.get(codename="change_absence"))
    absences.keep(Absence(person=rita, starts_on=TODAY, ends_on=TODAY), by=User.objects.get(pk=paul.pk))
    assert Event.objects.get(name="team.absence_kept").facts["person"] == rita.pk


def test_the_number_of_queries_of_one_assignment_does_not_grow_with_the_team(
    company, rita, django_assert_max_num_queries
):
    rule(rita)
    one = ask()
    with django_assert_max_num_queries(24) as few:
        assert assignment.by_rules(one.pk, TODAY)
    row = rule(*[builders.reviewer(f"r{number}") for number in range(12)], place=0, pick="fewest")
    two = ask(email="b@example.org")
    with django_assert_max_num_queries(len(few)):
        assert assignment.by_rules(two.pk, TODAY)
    assert Event.objects.filter(name="request.assigned").last().facts["rule"] == row.pk
