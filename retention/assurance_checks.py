"""What this app answers for, in the notice's promises."""

from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from audit.assurance import Finding, check
from audit.refusal import Refused
from connectors.models import Connection, WorkOrder
from retention import (
    copies,
    departing,
    erased,
    house,
    immutable,
    moves,
    nights,
    remaining,
    runs,
    scopes,
    sealed,
    versions,
)
from retention.models import Replay, ReplayPart, Run, Schedule

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
    stuck = Run.objects.filter(parked, state__in=moves.OPEN).distinct().count()
    return Finding(not stuck, f"{stuck} runs wait for a colleague.")


@check("P14", "retention.counted", "Every schedule was counted in the last two nights")
def counted() -> Finding:
    """Counts schedules that hold and have no count of last night or the night before, or one that failed."""
    last = list(nights.latest())
    wanted = Schedule.objects.filter(active=True).exclude(pk__in=scopes.overruled()).count()
    failed = sum(1 for one in last if one.fault)
    missing = wanted - len(last)
    return Finding(
        not missing and not failed, f"{missing} of {wanted} schedules were not counted, {failed} could not be."
    )


@check("P14", "retention.nothing_past", "Nothing is past its date without an explanation")
def nothing_past() -> Finding:
    """Adds up last night's rows that are past their date and neither held, in a run, nor treated."""
    last = list(nights.latest())
    rows, held = sum(one.unexplained for one in last), sum(one.held for one in last)
    waiting = sum(one.waiting + one.in_grace for one in last)
    return Finding(not rows, f"{rows:,} rows are past their date unexplained; {held:,} are held, {waiting:,} in a run.")


@check("P14", "retention.versioned", "Every schedule in force says what a second person approved")
def versioned() -> Finding:
    """Counts active schedules without an approved version, and such as differ from theirs; looks for the triggers."""
    bare, other = versions.unapproved(), len(versions.differing())
    guarded = immutable.installed(connection)
    words = f"{bare} schedules stand on no approved version, {other} differ from theirs."
    return Finding(not bare and not other and guarded, words if guarded else f"{words} The triggers are missing.")


@check("P14", "retention.duties", "Nothing that a law of the library keeps goes before its time")
def duties() -> Finding:
    """Counts active schedules from the library that are shorter than the duty that they name."""
    short = versions.shortened()
    return Finding(not short, f"{len(short)} schedules erase sooner than the law that their entry names.")


@check("P14", "retention.house", "What the portal keeps itself goes when its time is over")
def own_house() -> Finding:
    """Counts rows of ours that a purge should have taken by now."""
    late = {one.title: many for one in house.purges() if (many := one.late(timezone.now()))}
    return Finding(not late, "; ".join(f"{many} of {title}" for title, many in late.items()) or "Nothing is late.")


@check("P15", "retention.revived", "Nobody who was erased is back for longer than a week")
def revived() -> Finding:
    """Counts tasks about revived rows that wait longer than a week."""
    late = erased.overdue(timezone.now())
    return Finding(not late, f"{late} tasks about rows of people who were erased wait longer than a week.")


@check("P15", "retention.listed", "Whom a schedule erased is on the list of who was erased")
def listed() -> Finding:
    """Counts runs that were over for two days and whose identifiers are not on the list."""
    waiting = departing.late(timezone.now() - timedelta(days=2))
    return Finding(not waiting, f"{waiting} runs of which the list does not know yet.")


@check("P15", "retention.copies_end", "No backup or archive is past its date")
def copies_end() -> Finding:
    """Counts copies that should be gone, locked ones aside."""
    late = copies.overdue(timezone.now()).count()
    return Finding(not late, f"{late} copies are past their date.")


@check("P15", "retention.copies_known", "Every system that is searched has its backups in the register")
def copies_known() -> Finding:
    """Counts connected systems of whose backups nobody said anything."""
    systems = list(Connection.objects.filter(active=True).values_list("system__key", flat=True))
    silent = remaining.unregistered(systems)
    return Finding(not silent, f"{len(silent)} of {len(systems)} systems are not in the register of backups.")


@check("P15", "retention.sealed_list", "The sealed list of erasures is whole, inside and outside the database")
def sealed_list() -> Finding:
    """Walks the chain, and compares its end with the file."""
    faults = sum(1 for _ in sealed.faults())
    try:
        agrees = sealed.agrees()
    except (Refused, OSError):
        agrees = False
    told = "the file says the same" if agrees else "its file does not say the same"
    return Finding(not faults and agrees, f"{faults} entries do not hold; {told}.")


@check("P15", "retention.replayed", "No replay after a restore is stuck")
def replayed() -> Finding:
    """Counts replays with a part that waits for a colleague, and those older than a day."""
    old = timezone.now() - timedelta(days=1)
    rows = Replay.objects.filter(state=Replay.State.RUNNING)
    stuck = rows.filter(Q(parts__state=ReplayPart.State.PARKED) | Q(opened_at__lt=old)).distinct().count()
    return Finding(not stuck, f"{stuck} replays wait.")
