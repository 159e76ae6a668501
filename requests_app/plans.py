"""What differs between rights, as rows and not as branches. Pure: no framework."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Refuses = Literal["", "sale", "consent", "legitimate"]


@dataclass(frozen=True)
class Plan:
    """How a request of one right is carried out. A request keeps the row that it was received under."""

    right: str
    proof: Literal["none", "mailbox"]
    find: bool
    review: bool
    second_person: bool
    operation: Literal["export", "erase", "correct", "suppress", "restrict", ""]
    recipients: Literal["", "erasure", "correction", "restriction", "opt_out"]
    delivers: Literal["parcel", "letter"]
    letter: str
    asks_changes: bool = False
    # It holds from now on for every purpose of this kind, also where no system has a mark for it.
    chooses: bool = False
    refuses: Refuses = "sale"

    @property
    def needs_proof(self) -> bool:
        """Whether work waits until the person showed who they are."""
        return self.proof != "none"

    def frozen(self) -> dict[str, Any]:
        """The row as JSON, to be kept with the request."""
        return asdict(self)


# What stops at once, and which purposes it says No to. Of sensitive data no purpose knows: the marks in the systems count.
STOPS: tuple[tuple[str, Refuses], ...] = (
    ("opt_out_targeted_ads", "sale"),
    ("opt_out_profiling", "legitimate"),
    ("limit_sensitive", ""),
    ("withdraw_consent", "consent"),
)

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
        # The same rows in the same package: they lie in it as JSON and CSV, which is what a portable form means.
        Plan(
            right="portability",
            proof="mailbox",
            find=True,
            review=True,
            second_person=False,
            operation="export",
            recipients="",
            delivers="parcel",
            letter="package_ready",
        ),
        # The package names every recipient: by name, with date and category.
        Plan(
            right="third_party_list",
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
        # What follows is as the opt-out of sale: no proof, no review, at once.
        *(
            Plan(
                right=right,
                proof="none",
                find=True,
                review=False,
                second_person=False,
                operation="suppress",
                recipients="opt_out",
                delivers="letter",
                letter="stopped",
                chooses=True,
                refuses=refuses,
            )
            for right, refuses in STOPS
        ),
        # Weighed by a colleague: reasons of ours may outweigh it (GDPR art. 21(1)), except against advertising.
        Plan(
            right="object",
            proof="mailbox",
            find=True,
            review=True,
            second_person=False,
            operation="suppress",
            recipients="opt_out",
            delivers="letter",
            letter="objected",
            chooses=True,
            refuses="legitimate",
        ),
        Plan(
            right="restrict",
            proof="mailbox",
            find=True,
            review=True,
            second_person=False,
            operation="restrict",
            recipients="restriction",  # GDPR art. 19
            delivers="letter",
            letter="restricted",
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
