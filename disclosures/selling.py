"""In which way data goes to a recipient, as California and other states count it. The one place that decides it.

By what the register says of the recipient: whether data is sold to it, shared with it, or both. A third party of which nobody
said which, and everybody for a purpose that is marked as sale or sharing, counts as both.
"""

from collections.abc import Collection
from enum import StrEnum

from disclosures.models import Recipient


class Way(StrEnum):
    """Cal. Civ. Code § 1798.140(ad) sale, (ah) sharing for cross-context behavioural advertising, (e) business purpose."""

    SOLD = "sold"
    SHARED = "shared"
    BUSINESS = "business"


SALE_OR_SHARING = frozenset({Way.SOLD, Way.SHARED})


def ways(recipient: Recipient, purpose: str = "", *, marked: Collection[str] = ()) -> frozenset[Way]:
    """How data goes to this recipient for a purpose; `marked`: keys of the purposes that count as sale or sharing."""
    said = {Way.SOLD: recipient.sold, Way.SHARED: recipient.shared}
    found = frozenset(way for way, so in said.items() if so)
    if not found and (recipient.role == Recipient.Role.THIRD_PARTY or purpose in marked):
        return SALE_OR_SHARING
    return found or frozenset({Way.BUSINESS})
