"""Playbooks: what they may say, what they do, and that they do nothing else."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction

from audit.models import Event
from audit.refusal import Refused
from connectors import batches, holds
from connectors.models import Authorisation, Finding
from requests_app import automatic, letters, plans, playbooks, playing, review, together
from requests_app.models import Playbook, PlaybookText, Request, StepTick
from tests.requests_app import builders
from tests.requests_app.builders import ask, mails_to, prove, pump

PARAGRAPH = "Ask for Ms Chen at the desk."


@pytest.fixture
def maya(db) -> User:
    """The manager who keeps playbooks."""
    return builders.colleague("maya", "change_playbook", "decide_request", "approve_request")


def book(by: User, right: str = "object", texts: list | None = None, **more: object) -> Playbook:
    return playing.keep(Playbook(name="Ours", right=right, **more), texts or [], by=by)


def in_review(right: str = "object", **more: object) -> Request:
    request = ask(right, **more)
    prove(request)
    pump()
    return fresh(request)


def fresh(request: Request) -> Request:
    return Request.objects.select_related("batch", "subject").get(pk=request.pk)


def mark(request: Request) -> str:
    return batches.fingerprint(fresh(request).batch)


# ---------------------------------------------------------------- what no playbook may say


@pytest.mark.parametrize(
    ("right", "wanted", "field", "words"),
    [
        ("delete", {"auto_approve": True}, "auto_approve", playbooks.SECOND),
        ("delete", {"defaults": {"second_person": False}}, "defaults", playbooks.SECOND),
        ("access", {"auto_approve": True}, "auto_approve", "needs a colleague's look"),
        ("opt_out_sale", {"auto_approve": True}, "auto_approve", "carried out at once"),
        ("object", {"auto_approve": True, "extra_approval": True}, "auto_approve", "Choose one of the two"),
        ("object", {"auto_approve": True, "defaults": {"second_person": True}}, "auto_approve", "Choose one of the two"),
        ("opt_out_sale", {"extra_approval": True}, "extra_approval", playbooks.DELAY),
        ("withdraw_consent", {"extra_approval": True}, "extra_approval", playbooks.DELAY),
        ("limit_sensitive", {"review_over": 5}, "review_over", playbooks.DELAY),
        ("opt_out_sale", {"categories": ["contact"]}, "categories", playbooks.DELAY),
        ("opt_out_targeted_ads", {"defaults": {"second_person": True}}, "defaults", playbooks.DELAY),
        ("opt_out_sale", {"defaults": {"review": True}}, "defaults", playbooks.DELAY),
        ("opt_out_sale", {"defaults": {"wait_days": 10}}, "defaults", playbooks.DELAY),
        ("delete", {"defaults": {"cooling_off": 0}}, "defaults", playbooks.WHEN),
        ("delete", {"defaults": {"proof": "none"}}, "defaults", playbooks.PROOF),
        ("access", {"defaults": {"Needs_Proof ": False}}, "defaults", playbooks.PROOF),
        ("delete", {"defaults": {"legal_hold": "ignore"}}, "defaults", playbooks.HOLD),
        ("access", {"defaults": {"review": False}}, "defaults", playbooks.REVIEW),
        ("access", {"defaults": {"colour": "red"}}, "defaults", "knows no “colour”"),
        ("access", {"defaults": ["proof"]}, "defaults", "as JSON"),
        ("access", {"defaults": {"masks": {}}}, "defaults", "Masks are for erasures"),
        ("delete", {"categories": ["contact"]}, "categories", "Only a copy can be limited"),
        ("access", {"categories": ["contact"]}, "categories", "must be told of a limit"),
        ("appeal", {}, "right", "requests are made for"),
        ("opt_out_sale", {"steps": "Look\n! Ask legal"}, "steps", playbooks.DELAY),
        ("withdraw_consent", {"steps": "!Ask legal"}, "steps", playbooks.DELAY),
        ("access", {"steps": "x\n" * 21}, "steps", "At most 20 steps"),
        ("access", {"texts": [("erased", "en", "Hi")]}, "texts", "about this right"),
        ("access", {"texts": [("phone_code", "en", "Hi")]}, "texts", "about this right"),
        ("access", {"texts": [("package_ready", "xx", "Hi")]}, "texts", "Choose a language"),
        ("access", {"texts": [("package_ready", "en", "a\x00b")]}, "texts", "plain characters"),
    ],
)  # fmt: skip
def test_a_playbook_that_says_what_none_may_say_is_refused_in_words(right, wanted, field, words):
    found = playbooks.faults(right, wanted)
    assert [one.field for one in found] == [field] and words in found[0].words


def test_such_a_playbook_is_not_kept_and_its_author_reads_why(maya):
    with pytest.raises(Refused) as refused:
        book(maya, "delete", auto_approve=True)
    assert refused.value.message == playbooks.SECOND and not Playbook.objects.exists()
    with pytest.raises(Refused) as refused:
        book(builders.reviewer(), "access")
    assert refused.value.code == "not_allowed"
    with pytest.raises(Refused, match="no such law"):
        book(maya, "access", statute="lex-nova")
    with pytest.raises(Refused) as refused:
        book(maya, "access", categories=["no.such"], texts=[("package_ready", "en", "Only some.")])
    assert "No data category" in refused.value.message


@pytest.mark.parametrize("right", ["delete", "opt_out_sale", "access"])
def test_one_that_came_past_the_verb_applies_to_nothing(company, maya, right):
    Playbook.objects.create(
        name="Bad", right=right, auto_approve=True, auto_rows=9999, defaults={"proof": "none"}, changed_by=maya
    )
    request = ask(right)
    assert fresh(request).playbook == {} and fresh(request).plan == plans.PLANS[right].frozen()


def test_even_one_that_is_frozen_with_an_erasure_approves_nothing_and_delays_no_opt_out(company, maya):
    erasure = in_review("delete")
    forged = playing.frozen(Playbook(name="Forged", right="delete", auto_approve=True, auto_rows=9999, changed_by=maya))
    Request.objects.filter(pk=erasure.pk).update(playbook=forged | {"by": maya.pk})
    assert automatic.sweep() == 0 and not automatic.approve(erasure.pk) and fresh(erasure).state == "in_review"
    out = ask("opt_out_sale", email="bob@example.org")
    Request.objects.filter(pk=out.pk).update(playbook=forged | {"extra": True, "over": 0})
    pump()
    assert fresh(out).state == "closed" and fresh(out).outcome == "fulfilled"


def test_the_last_look_before_work_asks_for_the_second_person_whichever_way_somebody_comes(company, maya):
    erasure = in_review("delete")
    for proposer in (None, maya):
        erasure.proposed_by = proposer
        with pytest.raises(Refused) as refused, transaction.atomic():
            review.carry_out(erasure, maya, actor=automatic.PLAYBOOK, event="request.approved_by_playbook")
        assert refused.value.code == "same_person"
    assert not Authorisation.objects.exists()


# ---------------------------------------------------------------- versions


def test_a_request_keeps_the_version_under_which_it_was_received(company, maya):
    row = book(maya, "access", steps="Look at the address\n\n  Call   back ")
    first = ask()
    row.steps = "Something else"
    playing.keep(row, [], by=maya)
    second = ask(email="b@example.org")
    assert [fresh(one).playbook["version"] for one in (first, second)] == [1, 2]
    assert playbooks.thaw(fresh(first).playbook).steps == ("Look at the address", "Call back")
    assert [one.facts["version"] for one in Event.objects.filter(name="playbook.kept").order_by("number")] == [1, 2]


def test_the_playbook_of_the_law_goes_before_the_one_for_every_law(company, maya):
    law = ask(email="a@example.org").laws[0]["statute"]
    every, own = book(maya, "access"), book(maya, "access", statute=law)
    assert fresh(ask()).playbook["id"] == own.pk
    assert fresh(ask(email="b@example.org", residence="US-CA")).playbook["id"] == every.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        book(maya, "access")


# ---------------------------------------------------------------- what it approves by itself


def test_an_objection_of_low_risk_is_approved_once_in_the_managers_name(company, maya):
    row = book(maya, auto_approve=True)
    request = in_review()
    assert request.state == "in_review"
    assert automatic.sweep() == 1 and automatic.sweep() == 0 and not automatic.approve(request.pk)
    event = Event.objects.get(name="request.approved_by_playbook")
    assert event.actor == "worker:requests.playbook"
    assert event.facts == {
        "playbook": row.pk,
        "version": 1,
        "manager": maya.pk,
        "rows": event.facts["rows"],
        "findings": 3,
    }
    assert (fresh(request).approved_by, fresh(request).proposed_by) == (maya, None)
    assert not Event.objects.filter(name="request.approved").exists() and Authorisation.objects.count() == 1
    pump()
    assert fresh(request).state == "closed" and fresh(request).outcome == "fulfilled"


def test_without_its_box_ticked_a_playbook_approves_nothing(company, maya):
    book(maya)
    assert in_review().playbook["auto"] is False and automatic.sweep() == 0


def test_what_is_not_plainly_of_low_risk_waits_for_a_colleague(company, maya, rita):
    book(maya, auto_approve=True)
    request, row = in_review(), fresh

    def stays(why: str) -> None:
        assert not automatic.approve(request.pk), why
        assert row(request).state == "in_review" and not Authorisation.objects.exists()

    one = Finding.objects.filter(batch=request.batch_id, rows__gt=0).first()
    for change, back in (
        ({"shared": True}, {"shared": False}), ({"decision": "open"}, {"decision": "include"}), ({"rows": 101}, {"rows": 1}),
        ({"decision": "keep", "ground": "legal_claims"}, {"decision": "include", "ground": ""}),
    ):  # fmt: skip
        Finding.objects.filter(pk=one.pk).update(**change)
        stays(str(change))
        Finding.objects.filter(pk=one.pk).update(**back)
    for change, back in (
        ({"attention": "Look."}, {"attention": ""}), ({"waiting_since": request.received_at}, {"waiting_since": None}),
        ({"stopped_at": request.received_at}, {"stopped_at": None}), ({"asked_by": "agent"}, {"asked_by": "self"}),
        ({"proposed_by": rita}, {"proposed_by": None}),
    ):  # fmt: skip
        Request.objects.filter(pk=request.pk).update(**change)
        stays(str(change))
        Request.objects.filter(pk=request.pk).update(**back)
    hold = holds.place(request.subject, matter="C", reason="A claim", review_on=builders.today(), by=holder())
    stays("hold")
    holds.ask_release(hold, by=holder("hanna"), reason="Settled.")
    holds.release(hold, by=holder("hugo"))
    maya.user_permissions.remove(Permission.objects.get(codename="decide_request"))
    stays("the manager's role is gone")
    maya.user_permissions.add(Permission.objects.get(codename="decide_request"))
    User.objects.filter(pk=maya.pk).update(is_active=False)
    stays("the manager left")
    User.objects.filter(pk=maya.pk).update(is_active=True)
    assert automatic.approve(request.pk)


def holder(name: str = "holder") -> User:
    user, _ = User.objects.get_or_create(username=name, defaults={"is_superuser": True, "is_staff": True})
    return user


# ---------------------------------------------------------------- one more colleague


def test_an_erasure_over_so_many_rows_needs_a_third_person(company, maya, rita, paul):
    book(maya, "delete", review_over=2)
    request = in_review("delete")
    assert playing.rows(request) > 2
    review.propose(request, by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=paul, fingerprint=mark(request))
    assert fresh(request).state == "in_review" and not Authorisation.objects.exists()
    for twice in (rita, paul):
        with pytest.raises(Refused) as refused:
            review.approve(fresh(request), by=twice, fingerprint=mark(request))
        assert refused.value.code in ("same_person", "not_allowed")
    assert "approve" not in {one.name for one in review.actions(fresh(request), paul)}
    review.approve(fresh(request), by=maya, fingerprint=mark(request))
    assert fresh(request).state == "delivering" and fresh(request).approved_by == maya
    assert Event.objects.filter(name="request.approved_first").count() == 1


def test_a_small_erasure_needs_two_people_as_ever(company, maya, rita, paul):
    book(maya, "delete", review_over=1000)
    request = in_review("delete")
    review.propose(request, by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=paul, fingerprint=mark(request))
    assert fresh(request).state == "delivering"


def test_a_first_approval_falls_with_its_proposal(company, maya, rita, paul):
    book(maya, "delete", extra_approval=True)
    request = in_review("delete")
    review.propose(request, by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=paul, fingerprint=mark(request))
    review.send_back(fresh(request), by=paul, reason_code="incomplete")
    review.propose(fresh(request), by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=maya, fingerprint=mark(request))
    assert fresh(request).state == "in_review", "paul's approval was of the first proposal"
    review.approve(fresh(request), by=paul, fingerprint=mark(request))
    assert fresh(request).state == "delivering"


@pytest.mark.parametrize("more", [{"extra_approval": True}, {"defaults": {"second_person": True}}])
def test_a_copy_needs_a_second_person_where_its_playbook_wants_one(company, maya, rita, paul, more):
    book(maya, "access", **more)
    request = in_review("access")
    button = next(one for one in review.actions(request, rita) if one.name == "propose")
    assert button.label == "Propose to a second person"
    review.propose(request, by=rita, fingerprint=mark(request))
    assert fresh(request).state == "in_review"
    with pytest.raises(Refused):
        review.approve(fresh(request), by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=paul, fingerprint=mark(request))
    assert fresh(request).state == "delivering"


# ---------------------------------------------------------------- defaults, checklist, paragraphs


def test_a_copy_is_limited_where_nobody_limited_it_otherwise(company, maya):
    book(maya, "access", [("package_ready", "en", "Only your contact data.")], categories=["contact"])
    assert fresh(ask()).categories == ["contact"] and fresh(ask(email="c@example.org")).playbook["limited"]
    own = fresh(ask(email="b@example.org", categories=("financial",)))
    assert own.categories == ["financial"] and not own.playbook["limited"]


def test_masks_are_a_default_for_erasures(company, maya):
    masks = {"category:contact": {"strategy": "null"}}
    with pytest.raises(Refused):
        book(maya, "delete", defaults={"masks": {"category:nowhere": {"strategy": "null"}}})
    book(maya, "delete", defaults={"masks": masks})
    assert fresh(ask("delete")).masks == masks


def test_the_steps_of_a_checklist_are_ticked_by_name_and_once(company, maya, rita):
    book(maya, "access", steps="One\nTwo")
    request = ask()
    for _ in range(2):
        playing.tick(request, number=2, done=True, by=rita)
    assert StepTick.objects.get().by == rita and Event.objects.filter(name="request.step_ticked").count() == 1
    for number in (0, 3):
        with pytest.raises(Refused):
            playing.tick(request, number=number, done=True, by=rita)
    with pytest.raises(Refused):
        playing.tick(request, number=1, done=True, by=builders.colleague("nora", "view_request"))
    playing.tick(request, number=2, done=False, by=rita)
    assert not StepTick.objects.exists()


def test_a_paragraph_of_our_own_stands_in_the_letter_of_its_kind_and_language_only(company, maya):
    book(maya, "access", [("acknowledgement", "en", PARAGRAPH), ("acknowledgement", "de", "Fragen Sie am Empfang.")])
    for email, language, there, not_there in (
        ("a1@example.org", "en", PARAGRAPH, "Fragen Sie"), ("a2@example.org", "de", "Fragen Sie am Empfang.", PARAGRAPH),
        ("a3@example.org", "fr", "", PARAGRAPH),
    ):  # fmt: skip
        request = ask(email=email, language=language)
        pump()
        body = mails_to(email)[0].body
        assert there in body and not_there not in body
    shown = letters.preview(fresh(request), "acknowledgement", {"link": ""}, "en")
    assert PARAGRAPH in shown.body and shown.body.index(PARAGRAPH) < shown.body.index(request.reference + ". Questions")
    assert PARAGRAPH not in letters.preview(fresh(request), "withdrawn", {}, "en").body


def test_a_paragraph_is_kept_once_for_each_letter_and_language(maya):
    row = book(maya, "access", [("withdrawn", "en", "One")])
    playing.keep(row, [("withdrawn", "en", "Two")], by=maya)
    assert list(PlaybookText.objects.values_list("words", flat=True)) == ["Two"]


# ---------------------------------------------------------------- steps that block


def test_nothing_is_carried_out_before_a_blocking_step_is_ticked_whichever_way(company, maya, rita):
    book(maya, "access", steps="Look\n! Ask   legal")
    request = in_review("access")
    with pytest.raises(Refused, match="Tick “Ask legal” on the checklist first"):
        review.propose(request, by=maya, fingerprint=mark(request))
    assert fresh(request).state == "in_review" and not Authorisation.objects.exists()
    for given in together.preview(together.deed("propose", maya), [fresh(request)], maya):
        assert "Tick “Ask legal”" in given.hindered
    results = together.carry_out(together.deed("propose", maya), {request.pk: mark(request)}, maya, {})
    assert [one.ok for one in results] == [False] and "Ask legal" in results[0].sentence
    playing.tick(request, number=1, done=True, by=rita)
    with pytest.raises(Refused, match="Ask legal"):
        review.propose(request, by=maya, fingerprint=mark(request))
    playing.tick(request, number=2, done=True, by=rita)
    assert review.propose(request, by=maya, fingerprint=mark(request)).state == "delivering"


def test_a_blocking_step_stops_the_second_person_and_the_playbook_itself(company, maya, rita):
    book(maya, "delete", steps="! Ask legal")
    erasure = in_review("delete")
    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    with pytest.raises(Refused, match="Ask legal"):
        review.approve(erasure, by=maya, fingerprint=mark(erasure))
    book(maya, "object", auto_approve=True, steps="! Ask legal")
    objection = in_review("object", email="bob@example.org")
    assert automatic.sweep() == 0 and fresh(objection).state == "in_review"
    playing.tick(objection, number=1, done=True, by=maya)
    assert automatic.sweep() == 1
    playing.tick(erasure, number=1, done=True, by=maya)
    assert review.approve(erasure, by=maya, fingerprint=mark(erasure)).state == "delivering"


def test_a_blocking_step_that_came_past_the_refusal_holds_up_no_opt_out(company, maya):
    book(maya, "opt_out_sale", steps="Ask legal")
    Playbook.objects.update(steps="! Ask legal")
    request = ask("opt_out_sale", residence="US-CA")
    Request.objects.filter(pk=request.pk).update(
        playbook={"id": 1, "name": "x", "version": 1, "by": maya.pk, "steps": ["Ask legal"], "must": [1]}
    )
    pump()
    assert fresh(request).state == "closed" and playing.open_steps(fresh(request)) == []
