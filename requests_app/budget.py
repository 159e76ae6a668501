"""What a form may ask for each right, and why. A form that asks for more stops the start-up (check privacyops.E009). Pure.

California fined a company for eight fields where two sufficed, for every right alike; the GDPR says the same in art. 5(1)(c).
"""

from collections.abc import Collection
from dataclasses import dataclass

import law
from requests_app import plans


@dataclass(frozen=True)
class Need:
    """Why one field is needed, and the section that lets us ask for it."""

    why: str
    cite: str


# For every right: who it is about, and which law sets the days.
ALWAYS = {
    "email": Need("where we look, and where our answer goes", "11 CCR 7060(c); GDPR art. 12(6)"),
    "residence": Need("which law applies, and until when we answer", "GDPR art. 3; Civ. Code 1798.140(i)"),
    "right": Need("what is asked for", "GDPR art. 12(2)"),
    "asked_by": Need("whether a person asks for themselves", "11 CCR 7063; GDPR art. 12(6)"),
    "relation": Need(
        "whether the law covers applicants, staff and contacts; optional", "Civ. Code 1798.145(m), expired"
    ),
}
# Where data is looked at, changed or handed out.
PROVED = {
    "name": Need("to address the person, and to tell people with one mailbox apart; optional", "11 CCR 7060(c)"),
    "details": Need("which data it is about; optional", "GDPR recital 63"),
}
CHANGES = Need("what is wrong, and what is right", "GDPR art. 16; 11 CCR 7023")
# Of whoever asks for somebody else, never of the person.
ASKERS = {
    "asker_name": Need("who asks", "11 CCR 7063(a)"),
    "asker_email": Need("where the acknowledgement goes", "11 CCR 7063(a)"),
    "basis": Need("what shows that they may", "11 CCR 7063; EDPB Guidelines 01/2022, section 3.4"),
}
AGENTS = {"asker_organisation": Need("which agent it is; optional", "11 CCR 7063(a)")}


def budget(right: str, asked_by: str = law.SELF) -> dict[str, Need]:
    """The fields that a form may show for this right to somebody who asks in this capacity."""
    found = dict(ALWAYS)
    if plans.PLANS[right].needs_proof:
        found |= PROVED
    if plans.PLANS[right].asks_changes:
        found["change_*"] = CHANGES
    if asked_by != law.SELF:
        found |= ASKERS
    if asked_by == law.AGENT:
        found |= AGENTS
    return found


def beyond(asked: Collection[str], right: str, asked_by: str = law.SELF) -> list[str]:
    """The fields that are asked for and not needed."""
    allowed = budget(right, asked_by)
    return sorted(one for one in asked if _named(one) not in allowed)


def _named(field: str) -> str:
    return "change_*" if field.startswith("change_") else field
