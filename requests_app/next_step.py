"""What a request waits for next, in a word or two for a row of the queue. Costs no query; the case page says the rest."""

from django.contrib.auth.models import User

from requests_app.models import Request, State
from requests_app.policy import APPROVE

BY_STATE: dict[str, str] = {
    State.RECEIVED: "Waits for proof", State.VERIFYING: "Waits for proof", State.COLLECTING: "The search goes on",
    State.DELIVERING: "Being carried out", State.NOTIFYING: "Recipients are told", State.CLOSED: "",
}  # fmt: skip


def words(one: Request, user: User) -> str:
    """The next action on a request, as this colleague sees it."""
    if one.state == State.CLOSED and not one.attention:
        return ""
    if one.stopped_at is not None:
        return "Look into the stop"
    if one.authority == Request.Authority.AWAITING:
        return "Look at the authority"
    if one.attention:
        return "See to what needs attention"
    if one.waiting_since is not None:
        return "Waits for the person"
    if one.state == State.IN_REVIEW:
        if one.proposed_by_id is None:
            return "Review"
        may = one.proposed_by_id != user.pk and user.has_perm(f"requests_app.{APPROVE}")
        return "Approve" if may else "Waits for a second person"
    return BY_STATE[one.state]
