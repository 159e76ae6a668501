"""What differs between rights, as rows and not as branches. Pure: no framework."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Plan:
    """How a request of one right is carried out. A request keeps the row that it was received under."""

    right: str
    proof: Literal["none", "mailbox"]
    find: bool
    review: bool
    second_person: bool
    operation: Literal["export", "erase", "correct", "suppress", ""]
    recipients: Literal["", "erasure", "correction", "opt_out"]
    delivers: Literal["parcel", "letter"]
    letter: str
    asks_changes: bool = False
    chooses: bool = False

    @property
    def needs_proof(self) -> bool:
        """Whether work waits until the person showed who they are."""
        return self.proof != "none"

    def frozen(self) -> dict[str, Any]:
        """The row as JSON, to be kept with the request."""
        return asdict(self)


PLANS = {
    plan.right: plan
    for plan in (
        Plan(
            right="access",
            proof="mailbox",
            find=True,
            review=True,
            second_person=False,
            operation="export",
            recipients="",
            delivers="parcel",
            letter="package_ready",
        ),
        Plan(
            right="delete",
            proof="mailbox",
            find=True,
            review=True,
            second_person=True,
            operation="erase",
            recipients="erasure",
            delivers="letter",
            letter="erased",
        ),
        Plan(
            right="correct",
            proof="mailbox",
            find=True,
            review=True,
            second_person=False,
            operation="correct",
            recipients="correction",
            delivers="letter",
            letter="corrected",
            asks_changes=True,
        ),
        # No proof (California and others forbid asking for it), no review: it takes effect at once.
        Plan(
            right="opt_out_sale",
            proof="none",
            find=True,
            review=False,
            second_person=False,
            operation="suppress",
            recipients="opt_out",
            delivers="letter",
            letter="opted_out",
            chooses=True,
        ),
        # Decided by a colleague who did not decide before; nothing is searched, and nothing is handed out.
        Plan(
            right="appeal",
            proof="none",
            find=False,
            review=True,
            second_person=False,
            operation="",
            recipients="",
            delivers="letter",
            letter="appeal_refused",
        ),
        Plan(
            right="complaint",
            proof="none",
            find=False,
            review=True,
            second_person=False,
            operation="",
            recipients="",
            delivers="letter",
            letter="complaint_answered",
        ),
    )
}


# What the public form and the API take in; an appeal or a complaint follows a request and is made from its page.
OFFERED = tuple(right for right, plan in PLANS.items() if plan.find)


def thaw(row: dict[str, Any]) -> Plan:
    """The plan that a request was received under. Raises TypeError for a row of another shape."""
    return Plan(**row)
