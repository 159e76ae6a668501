"""The table of moves between states. What is not in it does not happen. Pure: no framework.

`permission` None means that the conductor moves by itself (or the person does, by withdrawing); `guard` names a condition in
`workflow.GUARDS` that is asked inside the transaction of the move.
"""

from dataclasses import dataclass
from typing import NamedTuple

RECEIVED, VERIFYING, COLLECTING = "received", "verifying", "collecting"
IN_REVIEW, DELIVERING, NOTIFYING, CLOSED = "in_review", "delivering", "notifying", "closed"
STATES = (RECEIVED, VERIFYING, COLLECTING, IN_REVIEW, DELIVERING, NOTIFYING, CLOSED)


class Pair(NamedTuple):
    """From one state to another."""

    source: str
    to: str


@dataclass(frozen=True)
class Move:
    """One legal step: its verb, its words, who may make it, what must hold, and the event that it leaves."""

    name: str
    label: str
    permission: str | None
    guard: str
    event: str


MOVES: dict[Pair, Move] = {
    Pair(RECEIVED, VERIFYING): Move("ask_proof", "Wait for proof", None, "needs_proof", "request.proof_asked"),
    Pair(RECEIVED, COLLECTING): Move("search", "Search our systems", None, "may_work", "request.search_started"),
    Pair(RECEIVED, IN_REVIEW): Move("consider", "Consider", None, "needs_no_search", "request.considered"),
    Pair(RECEIVED, CLOSED): Move("close", "Close", None, "may_end", "request.closed"),
    Pair(VERIFYING, COLLECTING): Move("search", "Search our systems", None, "may_work", "request.search_started"),
    Pair(VERIFYING, CLOSED): Move("close", "Close", None, "may_end", "request.closed"),
    Pair(COLLECTING, IN_REVIEW): Move("review", "Begin the review", None, "found", "request.found"),
    Pair(COLLECTING, DELIVERING): Move(
        "carry_out", "Carry out without review", None, "needs_no_review", "request.carrying_out"
    ),
    Pair(COLLECTING, CLOSED): Move("close", "Close", None, "may_end", "request.closed"),
    Pair(IN_REVIEW, COLLECTING): Move(
        "collect_again", "Search again", "decide_request", "searched_anew", "request.searched_again"
    ),
    Pair(IN_REVIEW, DELIVERING): Move(
        "approve", "Approve and carry out", "approve_request", "approved", "request.carrying_out"
    ),
    Pair(IN_REVIEW, CLOSED): Move("close", "Close", None, "may_end", "request.closed"),
    Pair(DELIVERING, COLLECTING): Move(
        "collect_again", "Search again", "decide_request", "searched_anew", "request.searched_again"
    ),
    Pair(DELIVERING, NOTIFYING): Move("notify", "Tell recipients", None, "carried_out", "request.carried_out"),
    Pair(DELIVERING, CLOSED): Move("close", "Close", None, "untouched", "request.closed"),
    Pair(NOTIFYING, CLOSED): Move("close", "Close", None, "told", "request.closed"),
    # The person proved themselves after the case had been closed for want of proof, or won an appeal.
    Pair(CLOSED, COLLECTING): Move("reopen", "Open again", None, "may_reopen", "request.reopened"),
}


def legal(source: str, to: str) -> bool:
    """Whether the table holds this move."""
    return Pair(source, to) in MOVES
