"""Which ways to show who is asking each right allows: as little as the right needs, and never more. Pure: no framework.

The law asks for proportion, not for certainty: GDPR art. 12(6) allows further information only on reasonable doubt, and the
EDPB wants no more than was needed to use the service (Guidelines 01/2022 on access, paras. 58-79). California's rules grade by
what is handed out: a reasonable degree of certainty for a correction or a harmless deletion, a reasonably high one for the
pieces of data themselves (11 CCR 7060(c), 7062(b)-(d)). An opt-out is never asked for proof (`law.NO_PROOF_RIGHTS`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from law import NO_PROOF_RIGHTS


@dataclass(frozen=True)
class Way:
    """One way: its code in events, its words, why it is proportionate, and whether it shows who is there right now."""

    code: str
    words: str
    cite: str
    by_staff: bool = False
    last_resort: bool = False


WAYS = {
    one.code: one
    for one in (
        Way("mailbox", "A link or code mailed to an address on file", "EDPB Guidelines 01/2022, para. 65"),
        Way("phone", "A code sent to a phone number on file", "EDPB Guidelines 01/2022, para. 65"),
        Way("host", "Signed in to the company's own site", "11 CCR 7061(a); GDPR recital 57"),
        Way("openid", "Signed in by OpenID Connect", "11 CCR 7061(a); GDPR recital 57"),
        Way("data_compared", "They knew data that we hold about them", "11 CCR 7062(b)-(c)"),
        Way("in_person", "They came in person", "GDPR art. 12(1)", by_staff=True),
        Way("signed_in", "They were signed in to their account", "11 CCR 7061(a)", by_staff=True),
        Way("called_back", "We called them back at a number that we had", "11 CCR 7060(c)(3)", by_staff=True),
        Way("document", "A colleague looked at a document", "EDPB Guidelines 01/2022, paras. 73-79", last_resort=True),
    )
}

EVERY = tuple(one for one in WAYS if one != "document")
# How many facts must fit: two for a reasonable, three for a reasonably high degree of certainty (11 CCR 7062(b), (c)).
# Rights that are not here are proved in every way but by a document.
BY_RIGHT: dict[str, tuple[tuple[str, ...], int]] = {
    "access": ((*EVERY, "document"), 3),
    "portability": ((*EVERY, "document"), 3),
    "delete": ((*EVERY, "document"), 3),
    "correct": ((*EVERY, "document"), 2),
}
FACTS = 3
PUBLIC = {"full_name", "first_name", "last_name", "email", "phone", "address", "city", "country", "date_of_birth"}


def of(right: str) -> tuple[str, ...]:
    """The ways that this right allows; none for one that needs no proof."""
    if right in NO_PROOF_RIGHTS:
        return ()
    return BY_RIGHT.get(right, (EVERY, FACTS))[0]


def allowed(right: str, way: str) -> bool:
    """Whether this right may be proved in this way."""
    return way in of(right)


def facts(right: str) -> int:
    """How many facts must fit; nought where facts prove nothing."""
    return BY_RIGHT.get(right, (EVERY, FACTS))[1] if allowed(right, "data_compared") else 0


def ask_about(right: str, known: Sequence[str]) -> list[str]:
    """As many of the known attributes as this right needs, in their order; nothing where they prove nothing.

    At least one must be no public knowledge, or whoever can look the person up could answer them all.
    """
    many = facts(right)
    chosen = list(known)[:many]
    enough = many and len(chosen) == many and not set(chosen) <= PUBLIC
    return chosen if enough else []


def by_staff() -> dict[str, str]:
    """The ways that a colleague vouches for, with their words."""
    return {one.code: one.words for one in WAYS.values() if one.by_staff or one.code == "data_compared"}
