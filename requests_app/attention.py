"""Why a colleague must look at a request: worked out from the rows each time, so that it never outlives its reason."""

from uuid import UUID

from django.db.models import Count

from audit import log
from audit.actor import Actor
from connectors.models import LegalHold, WorkOrder
from disclosures.models import Notice
from requests_app import locks
from requests_app.models import Clock, Letter, Parcel, Request, State


def reasons(request: Request) -> list[tuple[str, str]]:
    """(code, sentence) for everything about this request that waits for a person; each sentence names the next step."""
    found = _parked_letters(request)
    if request.state == State.CLOSED:
        return found
    return [*_orders(request), *_parcel(request), *_notices(request), *found, *_clocks(request)]


def refresh(request_id: UUID, *, actor: Actor) -> None:
    """Bring `Request.attention` up to date; an event only when it changes."""
    with log.atomic():
        request = locks.request(request_id)
        due = reasons(request)
        text = " ".join(sentence for _, sentence in due)[:300]
        if text == request.attention:
            return
        Request.objects.filter(pk=request.pk).update(attention=text)
        name = "request.attention_asked" if text else "request.attention_ended"
        log.record(name, actor=actor, noun=request, subject_id=request.subject_id, codes=[code for code, _ in due])


def _orders(request: Request) -> list[tuple[str, str]]:
    if request.batch_id is None:
        return []
    parked = WorkOrder.objects.filter(batch=request.batch_id, state=WorkOrder.State.PARKED)
    counts = {row["park_code"]: row["many"] for row in parked.values("park_code").annotate(many=Count("pk")).order_by()}
    found = []
    if counts.pop("held", 0) or (
        counts and LegalHold.objects.filter(subject=request.subject_id, released_at=None).exists()
    ):
        found.append(("held", "A legal hold stops this work. Release the hold, then retry the parked orders."))
    if counts.pop("stale", 0):
        found.append(("stale", "Rows changed after the approval. Search again, then decide on what is found."))
    if counts:
        many = sum(counts.values())
        words = "1 work order is" if many == 1 else f"{many} work orders are"
        found.append(("parked", f"{words} parked. Retry, or waive with a reason."))
    return found


def _parcel(request: Request) -> list[tuple[str, str]]:
    if Parcel.objects.filter(request=request, state=Parcel.State.PARKED).exists():
        return [("parcel", "The package could not be built. Look at its reason, then retry.")]
    return []


def _notices(request: Request) -> list[tuple[str, str]]:
    if Notice.objects.filter(origin=request.reference, state=Notice.State.PARKED).exists():
        return [("notice", "A recipient could not be told. Look at the notice's reason, then retry or waive it.")]
    return []


def _parked_letters(request: Request) -> list[tuple[str, str]]:
    many = Letter.objects.filter(request=request, state=Letter.State.PARKED).count()
    return (
        [("letter", "A letter could not be sent. Look at its reason, then retry or use another way.")] if many else []
    )


def _clocks(request: Request) -> list[tuple[str, str]]:
    rows = list(Clock.objects.filter(request=request, kind=Clock.Kind.RESPOND, met_at=None).order_by("due_at"))
    if any(row.breached_at for row in rows):
        return [("overdue", "The deadline has passed. Answer now.")]
    if any("three_days" in row.warned for row in rows):
        return [("due_soon", f"The answer is due by {rows[0].due_on}.")]
    return []
