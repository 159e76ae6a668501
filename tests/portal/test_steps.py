"""The progress line of a request, for every right and state."""

import itertools

import pytest

from requests_app import moves
from requests_app.glance import steps
from requests_app.plans import PLANS


@pytest.mark.parametrize(("right", "state"), list(itertools.product(PLANS, moves.STATES[:-1])))
def test_an_open_request_is_at_exactly_one_step(right, state):
    places = [step.place for step in steps(PLANS[right], state, "")]
    assert places.count("now") == 1
    assert places == sorted(places, key=("done", "now", "ahead").index)


@pytest.mark.parametrize("right", PLANS)
def test_a_fulfilled_request_has_nothing_ahead(right):
    assert {step.place for step in steps(PLANS[right], "closed", "fulfilled")} == {"done"}


@pytest.mark.parametrize("outcome", ["withdrawn", "denied", "unverified", "duplicate"])
def test_a_request_that_ended_early_shows_no_steps_that_never_were(outcome):
    assert steps(PLANS["delete"], "closed", outcome) == []


def test_an_opt_out_has_no_step_of_proof_or_review():
    codes = [step.code for step in steps(PLANS["opt_out_sale"], "received", "")]
    assert codes == ["received", "collecting", "delivering", "notifying", "closed"]
