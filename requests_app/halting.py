"""The work of one request, stopped by a colleague and let go on: searches, changes in systems, the package."""

from django.contrib.auth.models import User
from django.db.models import F, QuerySet

from audit import actor as actors
from audit import log
from audit.bell import ring
from audit.refusal import Refused
from connectors import halting
from requests_app import attention, bells, guards, locks, workflow
from requests_app.models import Parcel, Request, State
from requests_app.policy import APPROVE, DECIDE

AT_WORK = (State.COLLECTING, State.DELIVERING)
PARCEL = "A colleague stopped this. Let it go on, or build it again."


def may(user: User) -> bool:
    """Whoever decides or approves may stop what was decided, and let it go on: the approval covers the same rows as before."""
    return any(user.has_perm(f"requests_app.{one}") for one in (DECIDE, APPROVE))


def can_stop(request: Request) -> bool:
    """Whether something is at work, or about to be."""
    if request.state not in AT_WORK or request.batch_id is None:
        return False
    return halting.stoppable(request.batch_id).exists() or _parcels(request).filter(state=Parcel.State.OPEN).exists()


def can_go_on(request: Request) -> bool:
    """Whether something was stopped by a colleague."""
    if request.state not in AT_WORK or request.batch_id is None or guards.stopped(request):
        return False
    return halting.stopped(request.batch_id).exists() or _stopped(request).exists()


def stop(request: Request, *, by: User) -> str:
    """Stop before the next rows. Says what was done already, which cannot be undone. Raises Refused."""
    _may(by)
    with log.atomic():
        fresh = locks.request(request.pk, "batch")
        if fresh.batch is None or not can_stop(fresh):
            raise Refused("Nothing is at work that could be stopped.", code="state_conflict")
        orders = halting.stop(fresh.batch, by=by)
        package = _parcels(fresh).filter(state=Parcel.State.OPEN)
        parcels = package.update(state=Parcel.State.PARKED, park_reason=PARCEL, lease_until=None, fence=F("fence") + 1)
        if not orders and not parcels:
            raise Refused("It was over before it could be stopped.", code="state_conflict")
        _record("request.halted", fresh, by, orders=orders, parcels=parcels)
        attention.refresh_locked(fresh, actor=actors.staff(by.pk))
        done = sum(one.rows_done for one in halting.stopped(fresh.batch_id) if one.operation != "find")
    return f"Stopped. {done:,} rows were done before and stay done." if done else "Stopped before a row was changed."


def go_on(request: Request, *, by: User) -> str:
    """Let it go on exactly where it stopped. Raises Refused."""
    _may(by)
    with log.atomic():
        fresh = locks.request(request.pk, "batch")
        if guards.stopped(fresh):
            raise Refused(workflow.STOPPED, code="stopped")
        if fresh.batch is None or not can_go_on(fresh):
            raise Refused("Nothing here was stopped by a colleague.", code="state_conflict")
        orders = halting.go_on(fresh.batch, by=by)
        parcel = _stopped(fresh).values_list("pk", flat=True).first()
        _stopped(fresh).update(state=Parcel.State.OPEN, park_reason="", attempts=0, next_try_at=None)
        if parcel is not None:
            ring(bells.build_parcel, parcel)
        _record("request.went_on", fresh, by, orders=orders, parcels=int(parcel is not None))
        attention.refresh_locked(fresh, actor=actors.staff(by.pk))
    return "It goes on where it stopped."


def _parcels(request: Request) -> "QuerySet[Parcel]":
    return Parcel.objects.filter(request=request.pk)


def _stopped(request: Request) -> "QuerySet[Parcel]":
    return _parcels(request).filter(state=Parcel.State.PARKED, park_reason=PARCEL)


def _may(by: User) -> None:
    if not may(by):
        raise Refused("Your role may not stop this work. Ask a colleague who reviews requests.", code="not_allowed")


def _record(name: str, request: Request, by: User, **facts: int) -> None:
    log.record(name, actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id, **facts)
