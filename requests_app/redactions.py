"""Single items of a package: a colleague hides them from it, or shows another person's, each with a reason."""

from collections.abc import Sequence

from django.contrib.auth.models import User

from audit import log
from audit.refusal import Refused
from connectors import redacting
from connectors.models import Finding, Redaction
from inventory.graph import CollectionSpec
from requests_app import plans, policy, review
from requests_app.models import Request, State

RULE = "rule"
MOST = 500
ACTIONS = {Redaction.Action.REDACT: "Hide", Redaction.Action.REVEAL: "Show"}


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be done with an item, with its reasons, as the desk offers it: (heading, [(code, words)])."""
    offered = [
        (f"{words}, because", [(f"{action}:{code}", why) for code, why in redacting.REASONS[action].items()])
        for action, words in ACTIONS.items()
    ]
    return [("", [("", "Choose")]), *offered, ("", [(RULE, "Leave them to the rule again")])]


def may(request: Request, finding: Finding, user: User) -> bool:
    """Whether this colleague could decide about items of this finding now."""
    return (
        request.state == State.IN_REVIEW
        and finding.batch_id == request.batch_id
        and plans.thaw(request.plan).delivers == "parcel"
        and user.has_perm(f"requests_app.{policy.DECIDE}")
    )


def decide(
    request: Request, finding: Finding, spec: CollectionSpec, items: Sequence[tuple[str, str]], *, choice: str, by: User
) -> int:
    """Hide, show or leave to the rule the given (mark of the row, field); how many. An open proposal falls.

    To show another person's data needs somebody who may approve. Raises Refused.
    """
    action, _, reason = choice.partition(":")
    if not items:
        raise Refused("Tick the items first.", code="nothing_ticked", field="item")
    if len(items) > MOST:
        raise Refused(f"Decide about at most {MOST} items at a time.", code="too_many", field="item")
    if action == Redaction.Action.REVEAL and not by.has_perm(f"requests_app.{policy.APPROVE}"):
        raise Refused(review.NOT_ALLOWED[policy.APPROVE], code="not_allowed")
    with log.atomic():
        fresh = review.deciding(request, finding, by)
        for row, field in items:
            if action == RULE:
                redacting.take_back(finding, row, field, by=by)
            else:
                redacting.decide(finding, spec, row, field, action=action, reason=reason, by=by)
        review.fall(fresh, by)
    return len(items)
