"""How much may go wrong with an open request, from what its row says: high, raised or ordinary; as a query and for a row.

It orders a queue; it decides nothing.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from requests_app.models import Request, State

NEAR, SOON = timedelta(days=3), timedelta(days=7)
CHOICES = [
    ("high", "High: late, under 3 days, or stopped"),
    ("raised", "Raised: under 7 days, attention, or asked for somebody else"),
    ("ordinary", "Ordinary"),
]


def where(level: str, now: datetime) -> Q:
    """Requests of this level; closed ones bear none."""
    still_open = ~Q(state=State.CLOSED)
    high = Q(due_at__lte=now + NEAR) | Q(stopped_at__isnull=False)
    raised = Q(due_at__lte=now + SOON) | ~Q(attention="") | ~Q(asked_by=Request.AskedBy.SELF)
    # Beside a NULL a comparison is neither true nor false, and so is its opposite.
    calm = (Q(due_at=None) | Q(due_at__gt=now + SOON)) & Q(attention="", asked_by=Request.AskedBy.SELF)
    if level == "high":
        return still_open & high
    if level == "raised":
        return still_open & raised & (Q(due_at=None) | Q(due_at__gt=now + NEAR)) & Q(stopped_at=None)
    return still_open & calm & Q(stopped_at=None)


def of(request: Request, now: datetime) -> str:
    """The level of one request; empty for a closed one."""
    if request.state == State.CLOSED:
        return ""
    left = request.due_at - now if request.due_at is not None else None
    if request.stopped_at is not None or (left is not None and left <= NEAR):
        return "high"
    near = left is not None and left <= SOON
    if near or request.attention or request.asked_by != Request.AskedBy.SELF:
        return "raised"
    return "ordinary"
