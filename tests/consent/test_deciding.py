"""May we, and why: the rule as a table, and the call by both of its roads."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit import clients
from audit.models import ApiClient
from consent import choices, decide_api, doubly, regimes
from consent.choices import How
from consent.deciding import Facts, Held, rule
from consent.models import Terms
from inventory.models import Purpose
from subjects import registry
from subjects.models import DataSubject
from tests.consent.builders import ADA, CLERK, Caller, ada
from tests.consent.builders import live_purpose as purpose

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DECIDE = "/api/v1/consent/decide/"


def facts(basis: str, *, required: bool = False, sale: bool = False) -> Facts:
    return Facts(1, "p", basis, required, sale)


def held(said: str, *, ended: bool = False) -> Held | None:
    if said == "nothing":
        return None
    return Held(uuid.uuid4(), said == "given", said, NOW - timedelta(days=400), NOW if ended else None)


@pytest.mark.parametrize(
    ("basis", "more", "said", "regime", "allowed", "code"),
    [
        ("consent", {}, "nothing", "opt_in", False, "no_choice"),
        ("consent", {}, "nothing", "opt_out", False, "no_choice"),
        ("consent", {}, "nothing", "none", False, "no_choice"),
        ("consent", {}, "given", "opt_in", True, "given"),
        ("consent", {}, "refused", "opt_out", False, "refused"),
        ("consent", {}, "withdrawn", "opt_in", False, "withdrawn"),
        ("consent", {"required": True}, "withdrawn", "opt_in", False, "withdrawn"),
        ("legitimate_interests", {}, "nothing", "opt_in", True, "not_objected"),
        ("legitimate_interests", {}, "objected", "none", False, "objected"),
        ("legitimate_interests", {"required": True}, "objected", "none", False, "objected"),
        ("contract", {}, "nothing", "opt_in", True, "contract"),
        ("contract", {"required": True}, "refused", "opt_in", True, "contract"),
        ("contract", {}, "refused", "opt_in", False, "refused"),
        ("legal_obligation", {"required": True}, "nothing", "opt_in", True, "legal_obligation"),
        ("vital_interests", {}, "nothing", "opt_in", True, "vital_interests"),
        ("public_task", {}, "nothing", "none", True, "public_task"),
        ("legitimate_interests", {"sale": True}, "nothing", "opt_in", False, "no_choice"),
        ("legitimate_interests", {"sale": True}, "nothing", "opt_out", True, "not_opted_out"),
        ("legitimate_interests", {"sale": True}, "nothing", "none", True, "not_opted_out"),
        ("legitimate_interests", {"sale": True}, "signal", "opt_out", False, "signal"),
        ("contract", {"sale": True, "required": True}, "signal", "opt_out", False, "signal"),
        ("consent", {"sale": True}, "nothing", "opt_out", False, "no_choice"),
        ("legitimate_interests", {"sale": True}, "given", "opt_in", True, "given"),
    ],
)
def test_the_rule(basis: str, more: dict, said: str, regime: regimes.Regime, allowed: bool, code: str) -> None:
    found = rule(facts(basis, **more), held(said), regime, NOW)
    assert (found.allowed, found.code) == (allowed, code)
    assert found.words.endswith(".")


@pytest.mark.parametrize(
    ("basis", "sale", "regime", "allowed", "code"),
    [
        ("consent", False, "none", False, "expired"),
        ("legitimate_interests", True, "opt_in", False, "expired"),
        ("legitimate_interests", True, "opt_out", False, "expired"),
        ("legitimate_interests", False, "opt_in", True, "not_objected"),
        ("contract", False, "opt_in", True, "contract"),
    ],
)
def test_a_yes_that_ended_is_no_yes(basis: str, sale: bool, regime: regimes.Regime, allowed: bool, code: str) -> None:
    found = rule(facts(basis, sale=sale), held("given", ended=True), regime, NOW)
    assert (found.allowed, found.code) == (allowed, code)


@pytest.mark.parametrize(
    ("region", "regime"),
    [("DE", "opt_in"), ("de", "opt_in"), ("GB", "opt_in"), ("US", "opt_out"), ("US-CA", "opt_out"), ("us-ny", "opt_out"),
     ("NZ", "none"), ("XX", "opt_in"), ("", "opt_in")],
)  # fmt: skip
def test_a_region_has_one_regime_and_an_unknown_one_the_strictest(region: str, regime: str) -> None:
    assert regimes.of(region) == regime


# ---------------------------------------------------------------- the call


@pytest.fixture
def site(db) -> Caller:
    purpose()
    return Caller("consent:read", "consent:write")


def ask(site: Caller, **more) -> dict:
    answer = site.post(DECIDE, {"identifier": ADA, "purpose": "news"} | more, key=None)
    assert answer.status_code == 200, answer.content
    return answer.json()


def both(site: Caller, **more) -> dict:
    """The answer to one question, and the same of a list: the two roads agree."""
    one = ask(site, **more)
    body = {"questions": [{"identifier": ADA, "purpose": "news"} | more]}
    (listed,) = site.post(DECIDE, body, key=None).json()["answers"]
    assert {**one, "decided_at": ""} == {**listed, "decided_at": ""}
    return one


def test_a_person_whom_nobody_knows_is_answered_in_the_same_shape_by_the_rule_of_the_region(site) -> None:
    unknown = both(site)
    ada()
    known = both(site)
    assert {**unknown, "decided_at": ""} == {**known, "decided_at": ""}
    assert unknown["reason"] == "no_choice" and unknown["choice"] is None and not unknown["allowed"]
    purpose("ads", lawful_basis="legitimate_interests", sale_or_sharing=True)
    assert (
        both(site, purpose="ads", region="US-CA")["allowed"] and not both(site, purpose="ads", region="DE")["allowed"]
    )
    assert DataSubject.objects.count() == 1


def test_what_stands_decides_and_is_named(site) -> None:
    choice = choices.record(ada(), purpose("sms"), True, source="portal", actor=CLERK)
    found = both(site, purpose="sms")
    assert found["allowed"] and found["reason"] == "given" and found["choice"] == str(choice.pk)
    assert datetime.fromisoformat(found["expires_at"]) == choice.expires_at
    assert datetime.fromisoformat(found["chosen_at"]) == choice.chosen_at
    site.post("/api/v1/consent/withdraw/", {"identifier": ADA, "purpose": "sms"})
    assert both(site, purpose="sms")["reason"] == "withdrawn"


def test_a_yes_ends_by_the_clock(site) -> None:
    how = How(expires_at=timezone.now() - timedelta(seconds=1))
    choices.record(ada(), purpose("sms"), True, source="portal", actor=CLERK, how=how)
    assert both(site, purpose="sms")["reason"] == "expired"


def test_a_yes_that_awaits_its_link_is_said_to(site) -> None:
    sms = purpose("sms")
    Terms.objects.create(purpose=sms, double_opt_in=True)
    assert both(site, purpose="sms")["reason"] == "no_choice"
    mail = registry.add(ada(), "email", "ada@example.org", actor=CLERK)
    doubly.ask(mail, sms, source="portal", actor=CLERK)
    assert both(site, purpose="sms")["reason"] == "awaiting_confirmation"


def test_where_two_share_an_identifier_a_no_of_one_is_a_no(site) -> None:
    first, second = ada(), DataSubject.objects.create()
    registry.add(second, "email", "ada@example.org", actor=CLERK)
    news = choices.named("news")
    choices.record(first, news, True, source="portal", actor=CLERK)
    assert not both(site)["allowed"]
    choices.record(second, news, True, source="portal", actor=CLERK)
    assert both(site)["allowed"]
    DataSubject.objects.filter(pk=second.pk).update(merged_into=first)
    choices.record(second, news, False, source="portal", actor=CLERK)
    assert both(site)["allowed"]


def test_a_purpose_that_nobody_was_told_of_as_it_is_now_is_not_live(site) -> None:
    choices.record(ada(), choices.named("news"), True, source="portal", actor=CLERK)
    assert both(site)["allowed"]
    Purpose.objects.filter(key="news").update(description="To train a model.")
    assert both(site)["reason"] == "not_live"


def test_a_key_that_is_switched_off_decides_nothing_from_that_moment(site) -> None:
    ask(site)
    clients.switch(site.client, active=False, actor=CLERK)
    assert site.post(DECIDE, {"identifier": ADA, "purpose": "news"}, key=None).status_code == 401


def test_one_decision_is_one_statement_and_a_list_is_five(site, django_assert_num_queries) -> None:
    choices.record(ada(), choices.named("news"), True, source="portal", actor=CLERK)
    ask(site)
    with django_assert_num_queries(1):
        ask(site)
    people = [{"kind": "email", "value": f"p{n}@example.org"} for n in range(40)]
    body = {"questions": [{"identifier": one, "purpose": "news"} for one in [ADA, *people]]}
    with django_assert_num_queries(5):  # the key, its last use, purposes, people, what stands
        assert len(site.post(DECIDE, body, key=None).json()["answers"]) == 41


def test_the_last_use_of_a_key_is_noted_once_a_minute(site) -> None:
    ask(site)
    first = ApiClient.objects.get(pk=site.client.pk).last_used_at
    ask(site)
    assert first is not None and ApiClient.objects.get(pk=site.client.pk).last_used_at == first


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"identifier": ADA, "purpose": "nothing"}, 422, "unknown_purpose"),
        ({"identifier": ADA}, 400, "malformed"),
        ({"identifier": {"kind": "name", "value": "Ada"}, "purpose": "news"}, 400, "malformed"),
        ({"identifier": {"kind": "email", "value": "nobody"}, "purpose": "news"}, 422, "email_shape"),
        ({"identifier": ADA, "purpose": "news", "region": "Bavaria"}, 400, "malformed"),
        ({"questions": []}, 422, "too_many"),
        ({"questions": {}}, 422, "too_many"),
        ({"questions": [{}] * 1001}, 422, "too_many"),
        ([], 400, "malformed"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(site, body, status: int, code: str) -> None:
    answer = site.post(DECIDE, body, key=None)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_a_question_of_a_list_that_cannot_be_answered_refuses_itself(site) -> None:
    asked = [{"identifier": ADA, "purpose": "nothing"}, {"identifier": ADA, "purpose": "news"}, 7, {"purpose": "news"}]
    answers = site.post(DECIDE, {"questions": asked}, key=None).json()["answers"]
    assert [one.get("refused", {}).get("code") for one in answers] == [
        "unknown_purpose",
        None,
        "malformed",
        "malformed",
    ]


@pytest.mark.parametrize("body", ["{", "null", "[" * 5000, '"x"', "1e999"])
def test_a_body_that_is_no_question_is_refused(site, body: str) -> None:
    headers = {"Authorization": f"Bearer {site.key}"}
    answer = site.browser.post(DECIDE, body, content_type="application/json", headers=headers)
    assert answer.status_code == 400 and answer.json()["code"] in ("malformed", "parse_error")


def test_who_may_not_read_gets_no_decision(db) -> None:
    purpose()
    assert Caller("consent:write").post(DECIDE, {"identifier": ADA, "purpose": "news"}).status_code == 403
    other = Caller("consent:read", name="other")
    other.key = "po_wrong"
    assert other.post(DECIDE, {"identifier": ADA, "purpose": "news"}).status_code == 401
    assert other.browser.get(DECIDE).status_code in (401, 405)


def test_questions_are_counted_by_both_roads(site, settings, monkeypatch) -> None:
    monkeypatch.setattr(decide_api.asking, "_purses", {})
    settings.DECISIONS_PER_MINUTE = 5
    ask(site)
    body = {"questions": [{"identifier": ADA, "purpose": "news"}] * 4}
    assert site.post(DECIDE, body, key=None).status_code == 200
    for asked in ({"identifier": ADA, "purpose": "news"}, body):
        answer = site.post(DECIDE, asked, key=None)
        assert answer.status_code == 429 and int(answer["Retry-After"]) in range(1, 61)
        assert answer.json()["code"] == "throttled"
