"""Which state may follow which, and the codes that decisions are made with. Pure."""

RECEIVED, CHECKING, NARROWED, APPROVED = "received", "checking", "narrowed", "approved"
DISCLOSED, REFUSED, WITHDRAWN = "disclosed", "refused", "withdrawn"

OPEN = (RECEIVED, CHECKING, NARROWED, APPROVED)
# What may follow; nothing follows an end.
MOVES: dict[str, tuple[str, ...]] = {
    RECEIVED: (CHECKING, REFUSED, WITHDRAWN),
    CHECKING: (NARROWED, REFUSED, WITHDRAWN),
    NARROWED: (CHECKING, APPROVED, REFUSED, WITHDRAWN),
    APPROVED: (CHECKING, DISCLOSED, REFUSED, WITHDRAWN),
    DISCLOSED: (),
    REFUSED: (),
    WITHDRAWN: (),
}

# Why nothing is given. "nothing_held" is an answer of its own in the transparency report.
GROUNDS = {
    "no_power": "Whoever issued it has no power to ask for this",
    "not_valid": "It is not valid: signature, form or service is missing",
    "wrong_company": "It is not addressed to us",
    "too_broad": "It is too broad, and was not narrowed when we asked",
    "no_treaty": "A foreign authority without a treaty or an order of our own courts (GDPR Art. 48)",
    "privileged": "What it asks for is privileged or protected by law",
    "not_verified": "We could not verify that it is real",
    "objection": "The person objected with success",
    "nothing_held": "We hold nothing of what it asks for",
    "other": "Another ground (say which)",
}
NOTHING_HELD = "nothing_held"

# Why the person is never told, where nothing forbids it: legal approves it with the rest.
NEVER = {
    "no_address": "We have no way to reach the person",
    "danger": "Telling them would endanger somebody's life or health",
    "knows": "The person was told by the authority or asked for it themself",
    "forbidden": "A law forbids it for good",
}


def may(state: str, to: str) -> bool:
    """Whether `to` may follow `state`."""
    return to in MOVES.get(state, ())
