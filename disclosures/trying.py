"""The log of tries: a row before each call, its outcome after it. What never came back is seen by its empty code."""

from datetime import datetime

from disclosures.models import Attempt, Notice
from disclosures.outcomes import Outcome


def begin(notice: Notice, way: str, now: datetime, *, reminder: bool = False) -> Attempt:
    """Note that we try now, under the claim that we hold."""
    return Attempt.objects.create(notice=notice, number=notice.fence, way=way, begun_at=now, reminder=reminder)


def end(attempt: Attempt, outcome: Outcome, ms: int) -> None:
    """Note what came of it, whoever owns the notice by now: it happened."""
    wait = round(outcome.wait.total_seconds()) if outcome.wait is not None else None
    Attempt.objects.filter(pk=attempt.pk).update(
        ms=ms, code=outcome.code[:20], verdict=outcome.verdict, wait_seconds=wait, said=outcome.said
    )


def of(notice: Notice) -> list[Attempt]:
    """All tries of a notice, in order."""
    return list(Attempt.objects.filter(notice=notice).order_by("begun_at", "number"))
