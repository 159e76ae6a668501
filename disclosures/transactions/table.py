"""Which state of a transaction may follow which. Pure."""

PREPARING, SIGNED, TELLING, PROPOSED = "preparing", "signed", "telling", "proposed"
CLOSING, CLOSED, ABANDONED = "closing", "closed", "abandoned"

# Until here a dataset or a person can be entered.
EARLY = (PREPARING, SIGNED)
OPEN = (PREPARING, SIGNED, TELLING, PROPOSED, CLOSING)
# Signed goes straight to a proposed closing only where no records of people go over.
MOVES: dict[str, tuple[str, ...]] = {
    PREPARING: (SIGNED, ABANDONED),
    SIGNED: (TELLING, PROPOSED, ABANDONED),
    TELLING: (PROPOSED, ABANDONED),
    PROPOSED: (SIGNED, TELLING, CLOSING, ABANDONED),
    CLOSING: (CLOSED,),
    CLOSED: (),
    ABANDONED: (),
}


def may(state: str, to: str) -> bool:
    """Whether `to` may follow `state`."""
    return to in MOVES.get(state, ())
