"""Whether a run that anonymised did: its rows are looked at once more, and what is not anonymous waits for a colleague.

Nothing is called anonymised that was not measured: k over what is left of the fields, l where a field is sensitive, links cut.
Otherwise the certificate says "pseudonymised", and with it who agreed to leave it so.

What an erasure of a person's own request masks is measured as well, and called what it is on the case. Nobody waits for that:
the person asked for what was done, and it is done.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.bell import ring
from audit.refusal import Refused
from connectors import anonymity
from connectors.kinds.base import Permanent, Temporary
from connectors.models import WorkOrder
from retention.bells import advance_run, check_anonymity
from retention.models import AnonymityCheck, Run

# Erasures that were over before are not looked at anew; the rest is looked at within minutes.
LOOKED_BACK, MOST_AT_ONCE = timedelta(days=7), 50
CHECKER = actors.worker("retention.anonymity")
WHY = {
    "k_not_computed": "how many rows are alike could not be counted",
    "k_too_small": "too few rows are alike",
    "l_too_small": "rows that are alike share one sensitive value",
    "links_left": "fields still link rows to each other",
    "free_text_scrubbed": "free text was scrubbed, which is never sure",
}


def settled(run: Run) -> bool:
    """Whether a run may be called done: it deleted, or what it anonymised is anonymous, or a colleague agreed. Asks for the
    look, in the caller's transaction.
    """
    orders = WorkOrder.objects.filter(batch=run.batch_id, operation=WorkOrder.Operation.ANONYMISE)
    if not orders.exists():
        return True
    found = AnonymityCheck.objects.filter(run=run).first()
    if found is None:
        ring(check_anonymity, run.pk)
        return False
    return found.anonymous or found.decided_by_id is not None


def check(run_id: UUID) -> None:
    """Look at what a run anonymised. Safe to repeat: the first look counts."""
    run = Run.objects.select_related("batch", "schedule").get(pk=run_id)
    if run.state != Run.State.RUNNING or run.batch is None or AnonymityCheck.objects.filter(run=run).exists():
        return
    try:
        reports = anonymity.report(run.batch, settings.ANONYMOUS_K, settings.ANONYMOUS_L)
    except Temporary:
        return  # asked again by the next sweep
    except Permanent as error:
        reports = [anonymity.Report("unknown", why=["k_not_computed"])]
        Run.objects.filter(pk=run_id).update(note=error.sentence[:300])
    why = sorted({code for one in reports for code in one.why})
    facts = {
        "k": settings.ANONYMOUS_K,
        "l": settings.ANONYMOUS_L,
        "collections": {one.place: one.facts() for one in reports},
    }
    with log.atomic():
        _, made = AnonymityCheck.objects.get_or_create(run=run, defaults={"anonymous": not why, "facts": facts})
        if not made:
            return
        if why:
            words = "; ".join(WHY[code] for code in why)
            Run.objects.filter(pk=run_id).update(note=f"Not anonymous yet: {words}. A colleague has to decide."[:300])
        log.record("run.looked_at", actor=CHECKER, noun=run, anonymous=not why, why=why)
        ring(advance_run, run_id)


def accept(run: Run, *, by: User, reason: str) -> None:
    """Leave the rows as they are, called pseudonymised. Raises Refused: "not_allowed", "reason_missing", "state_conflict"."""
    if not by.has_perm("retention.approve_run"):
        raise Refused("Your role may not decide on retention runs. Ask your privacy officer.", code="not_allowed")
    if not reason.strip():
        raise Refused("Say why the rows may stay as they are.", code="reason_missing", field="reason")
    with log.atomic():
        waiting = AnonymityCheck.objects.filter(run=run, anonymous=False, decided_by=None)
        if not waiting.update(decided_by=by, decided_at=timezone.now(), reason=reason.strip()[:300]):
            raise Refused("This run does not wait for a decision. Load the page again.", code="state_conflict")
        log.record("run.left_pseudonymous", actor=actors.staff(by.pk), noun=run)
        ring(advance_run, run.pk)


def waits(run: Run) -> bool:
    """Whether a colleague has to decide."""
    return AnonymityCheck.objects.filter(run=run, anonymous=False, decided_by=None).exists()


def measure_requests(now: datetime) -> int:
    """Look at what erasures of people's requests masked, once each; how many findings. A system that is away is asked again."""
    count = 0
    for finding in anonymity.unmeasured(now - LOOKED_BACK, MOST_AT_ONCE):
        try:
            one = anonymity.report_of(finding, settings.ANONYMOUS_K, settings.ANONYMOUS_L)
        except Temporary:
            continue
        except Permanent:
            one = anonymity.Report(f"{finding.dataset}.{finding.collection}", why=["k_not_computed"])
        called = "pseudonymised" if one.why else "anonymised"
        figures = {"called": called, "least_k": settings.ANONYMOUS_K, "least_l": settings.ANONYMOUS_L}
        with log.atomic():
            anonymity.note(finding, {**one.facts(), **figures, "checked_at": now.isoformat()})
            log.record(
                "erasure.looked_at", actor=CHECKER, noun=finding.batch, subject_id=finding.batch.subject_id,
                origin=finding.batch.origin, collection=one.place, called=called, why=one.why,
            )  # fmt: skip
        count += 1
    return count


def said(facts: Mapping[str, Any]) -> str:
    """What a look found, in words for the desk; "" where nobody looked."""
    if not facts:
        return ""
    k = f"k {facts['k']}" if facts.get("k") is not None else ""
    why = "; ".join(WHY.get(code, code) for code in facts.get("why", ()))
    return f"{facts['called']} ({', '.join(filter(None, (k, why)))})"


def paper(run: Run) -> dict[str, Any] | None:
    """For the certificate: what the rows are called, and the figures."""
    found = AnonymityCheck.objects.filter(run=run).first()
    if found is None:
        return None
    return {
        "called": str(found),
        "checked_at": found.checked_at.isoformat(),
        "left_by": found.decided_by_id,
        **found.facts,
    }
