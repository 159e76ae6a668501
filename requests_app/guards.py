"""The conditions that moves ask for, inside the transaction of the move. Reads only."""

from collections.abc import Callable

from django.db.models import QuerySet

from connectors import batches
from connectors.models import Authorisation, Receipt, WorkOrder
from disclosures import notices
from requests_app import plans
from requests_app.models import Outcome, Parcel, Request, Right


def needs_proof(request: Request) -> bool:
    """Whether this request still waits for the person to show who they are."""
    return plans.thaw(request.plan).needs_proof and request.proved_at is None


def needs_authority(request: Request) -> bool:
    """Whether a colleague has yet to accept the authority of whoever asks for the person."""
    return request.authority not in (Request.Authority.NONE, Request.Authority.ACCEPTED)


def waits(request: Request) -> bool:
    """Whether nothing may be searched yet: for the person, or for a colleague's look at an authority."""
    return needs_proof(request) or needs_authority(request)


def stopped(request: Request) -> bool:
    """Whether somebody on file said that they did not ask for this, and no colleague cleared it."""
    return request.stopped_at is not None


def mutating(request: Request) -> "QuerySet[WorkOrder]":
    """The orders that carry out what was asked for."""
    operation = plans.thaw(request.plan).operation
    return WorkOrder.objects.filter(batch=request.batch_id, operation=operation)


def found(request: Request) -> bool:
    """Whether the search is over, with nothing parked."""
    return request.batch is not None and batches.settled(request.batch, WorkOrder.Operation.FIND)


def authorised(request: Request) -> bool:
    """Whether leave was given to do what was asked for with what was found."""
    operation = plans.thaw(request.plan).operation
    return Authorisation.objects.filter(batch=request.batch_id, operation=operation).exists()


def carried_out(request: Request) -> bool:
    """Whether all orders are settled and the package, where there is one, is ready."""
    plan = plans.thaw(request.plan)
    if request.batch is None or not batches.settled(request.batch, plan.operation):
        return False
    return not Parcel.objects.filter(request=request).exclude(state=Parcel.State.READY).exists()


def untouched(request: Request) -> bool:
    """No row has been changed yet, so the work can still be stopped."""
    operation = plans.thaw(request.plan).operation
    return not Receipt.objects.filter(order__batch=request.batch_id, order__operation=operation).exists()


def searched_anew(request: Request) -> bool:
    """Whether a new search may begin: the right is one that is searched for, and nothing is being carried out."""
    busy = mutating(request).filter(state__in=(WorkOrder.State.OPEN, WorkOrder.State.RUNNING))
    return plans.thaw(request.plan).find and not busy.exists()


def proved_late(request: Request) -> bool:
    """Closed for want of proof, and the person gave it afterwards."""
    return request.outcome == Outcome.UNVERIFIED and not waits(request)


def appeal_won(request: Request) -> bool:
    """A colleague granted an appeal against how this request ended, after it had ended."""
    won = Request.objects.filter(follows=request.pk, right=Right.APPEAL, outcome=Outcome.FULFILLED)
    return won.filter(closed_at__gte=request.closed_at).exists() if request.closed_at else False


GUARDS: dict[str, Callable[[Request], bool]] = {
    "needs_proof": waits,
    "may_work": lambda request: not waits(request),
    "may_end": lambda request: True,
    "found": lambda request: plans.thaw(request.plan).review and found(request),
    "needs_no_review": lambda request: not plans.thaw(request.plan).review and found(request) and authorised(request),
    "searched_anew": searched_anew,
    "approved": authorised,
    "carried_out": carried_out,
    "untouched": untouched,
    "told": lambda request: notices.settled(request.reference),
    "may_reopen": lambda request: proved_late(request) or appeal_won(request),
    "needs_no_search": lambda request: not plans.thaw(request.plan).find,
}
