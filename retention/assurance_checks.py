"""What this app answers for, in the notice's promises."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from audit.assurance import Finding, check
from connectors.models import WorkOrder
from retention import runs
from retention.models import Run, Schedule

SLACK = timedelta(days=1)


@check("P14", "retention.on_time", "Every active schedule was counted in time")
def on_time() -> Finding:
    """Counts active schedules whose run is more than a day late."""
    late = len(runs.due(timezone.now() - SLACK))
    active = Schedule.objects.filter(active=True).count()
    return Finding(not late, f"{late} of {active} active schedules are late.")


@check("P14", "retention.approved", "No proposed run waits longer than a week for its approval")
def approved() -> Finding:
    """Counts runs that were proposed more than seven days ago."""
    old = timezone.now() - timedelta(days=7)
    waiting = Run.objects.filter(state=Run.State.PROPOSED, proposed_at__lt=old).count()
    return Finding(not waiting, f"{waiting} runs have waited longer than a week.")


@check("P14", "retention.carried_out", "No retention run is stuck")
def carried_out() -> Finding:
    """Counts open runs with a parked work order."""
    parked = Q(batch__orders__state=WorkOrder.State.PARKED)
    stuck = Run.objects.filter(parked, state__in=runs.OPEN).distinct().count()
    return Finding(not stuck, f"{stuck} runs wait for a colleague.")
