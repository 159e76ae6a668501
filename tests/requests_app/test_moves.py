from itertools import product

import pytest

from audit.log import declared
from audit.refusal import Refused
from requests_app import moves, plans, workflow
from requests_app.models import Request, Right, State
from tests.requests_app import builders

PAIRS = list(product(moves.STATES, repeat=2))


def test_the_table_knows_exactly_the_states_of_a_request():
    assert set(moves.STATES) == set(State.values)


def test_every_right_has_a_plan():
    assert set(plans.PLANS) == set(Right.values)


def test_a_plan_survives_being_frozen():
    for plan in plans.PLANS.values():
        assert plans.thaw(plan.frozen()) == plan


def test_every_guard_is_known_and_every_event_declared():
    for move in moves.MOVES.values():
        assert move.guard in workflow.GUARDS
        assert move.event in declared()


def test_nothing_leaves_closed_but_a_late_proof_or_an_appeal_that_was_won():
    assert [pair.to for pair in moves.MOVES if pair.source == moves.CLOSED] == [moves.COLLECTING]
    assert moves.MOVES[moves.Pair(moves.CLOSED, moves.COLLECTING)].guard == "may_reopen"


def test_no_way_leads_to_work_from_an_unproved_state_but_through_the_guard():
    for pair, move in moves.MOVES.items():
        if pair.source in (moves.RECEIVED, moves.VERIFYING) and pair.to not in (moves.VERIFYING, moves.CLOSED):
            # An appeal or a complaint has no search and hands out nothing.
            assert move.guard == ("needs_no_search" if pair.to == moves.IN_REVIEW else "may_work")


@pytest.mark.parametrize(("source", "to"), PAIRS)
def test_a_request_moves_exactly_where_the_table_says(company, monkeypatch, source, to):
    request = builders.ask("opt_out_sale")
    monkeypatch.setattr(workflow, "GUARDS", {name: lambda _: True for name in workflow.GUARDS})
    closed = {"outcome": "unverified", "closed_at": builders.NOW} if source == "closed" else {}
    if source == "verifying":
        request = builders.ask("access", email="other@example.org")
    Request.objects.filter(pk=request.pk).update(state=source, **closed)
    request.refresh_from_db()
    changes = (
        {"outcome": "withdrawn", "closed_at": builders.NOW} if to == "closed" else {"outcome": "", "closed_at": None}
    )
    if (source, to) == ("received", "verifying"):
        Request.objects.filter(pk=request.pk).update(right="access")
    if to not in ("received", "verifying", "closed"):
        changes["proved_at"] = builders.NOW
    if moves.legal(source, to):
        assert workflow.move(request, to, actor=workflow.CONDUCTOR, **changes).state == to
    else:
        with pytest.raises(Refused) as refused:
            workflow.move(request, to, actor=workflow.CONDUCTOR, **changes)
        assert refused.value.code == "illegal_move"
        request.refresh_from_db()
        assert request.state == source


def test_of_two_who_move_the_same_request_one_wins(company):
    request = builders.ask("opt_out_sale")
    mine, theirs = Request.objects.get(pk=request.pk), Request.objects.get(pk=request.pk)
    changes = {"outcome": "withdrawn", "closed_at": builders.NOW}
    workflow.move(mine, State.CLOSED, actor=workflow.CONDUCTOR, **changes)
    with pytest.raises(Refused) as refused:
        workflow.move(theirs, State.CLOSED, actor=workflow.CONDUCTOR, **changes)
    assert refused.value.code == "state_conflict"
