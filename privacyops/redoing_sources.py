"""What of consent is done again after a restore of our own database: every No of a person, unless they said Yes since.

Consent and retention know nothing of each other; here they meet. Noes of browsers that nobody knows are left out: the browser
keeps its choice itself and sends it again.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent import choices
from consent.models import Choice, Standing
from inventory.models import Purpose
from retention.models import SealedEntry
from retention.redoing import Deed, Redone, Source, register
from subjects import registry
from subjects.models import DataSubject

REDOER = actors.worker("retention.replays")
SLACK = timedelta(hours=1)
ORIGIN = "choice:"


def found(most: int) -> Iterator[Deed]:
    """Noes of people that stand in no entry yet, in the order in which they were recorded."""
    kept = SealedEntry.objects.filter(kind=SealedEntry.Kind.WITHDRAWAL)
    newest = kept.aggregate(at=Max("done_at"))["at"]
    rows = (
        Choice.objects.filter(granted=False, subject__isnull=False)
        .select_related("purpose")
        .order_by("recorded_at", "id")
    )
    known = set[str]()
    if newest is not None:
        rows = rows.filter(recorded_at__gte=newest - SLACK)
        known = set(kept.filter(done_at__gte=newest - SLACK).values_list("source", flat=True))
    new = [one for one in rows[: most + len(known)] if f"no:{one.pk.hex}" not in known][:most]
    for one in new:
        yield Deed(f"no:{one.pk.hex}", f"{ORIGIN}{one.pk}", one.recorded_at, _payload(one))


def _payload(one: Choice) -> dict[str, Any]:
    assert one.subject_id is not None
    return {
        "choice": str(one.pk), "people": [str(one.subject_id)], "identities": registry.values(one.subject_id),
        "purpose": one.purpose.key, "source": one.source, "act": one.act, "language": one.language, "region": one.region,
        "chosen_at": one.chosen_at.isoformat(),
    }  # fmt: skip


def redo(payloads: Sequence[dict[str, Any]]) -> Redone:
    """Record each No again where it is missing and nothing newer holds. The systems hear of it as of any No."""
    count = changed = overtaken = 0
    for one in payloads:
        count += 1
        done = _redo(one)
        changed += done == "changed"
        overtaken += done == "overtaken"
    return Redone(count, changed, overtaken)


def _redo(one: dict[str, Any]) -> str:
    purpose = Purpose.objects.filter(key=one["purpose"]).first()
    if purpose is None or Choice.objects.filter(pk=one["choice"]).exists():
        return ""
    chosen_at = datetime.fromisoformat(one["chosen_at"])
    with log.atomic():
        subject = _subject(one)
        same = Choice.objects.filter(subject=subject, purpose=purpose, granted=False, chosen_at=chosen_at)
        if same.exists():
            return ""
        held = Standing.objects.filter(holder=subject.pk, purpose=purpose).first()
        if held is not None and held.chosen_at >= chosen_at:
            return "overtaken" if held.granted else ""
        how = choices.How(act=one["act"], language=one["language"], region=one["region"])
        choices.record(subject, purpose, False, source=one["source"], actor=REDOER, how=how, chosen_at=chosen_at)
    return "changed"


def _subject(one: dict[str, Any]) -> DataSubject:
    """The person: by the id, which a restored database may know; by an identifier; or made anew under the old id."""
    pk = UUID(one["people"][0])
    known = DataSubject.objects.filter(pk=pk).first()
    if known is not None:
        return known.merged_into or known
    for kind, values in one["identities"].items():
        for value in values:
            with suppress(Refused):
                if (somebody := registry.known(kind, value)) is not None:
                    return somebody
    made = DataSubject.objects.create(pk=pk)
    log.record("subject.made", actor=REDOER, noun=made, subject_id=made.pk)
    for kind, values in one["identities"].items():
        for value in values:
            registry.add(made, kind, value, actor=REDOER)
    return made


def overtaken(origin: str) -> bool:
    """Whether what was switched off for a No is to stay on, because the person said Yes since."""
    if not origin.startswith(ORIGIN):
        return False
    choice = Choice.objects.filter(pk=origin.removeprefix(ORIGIN)).first()
    if choice is None or choice.subject_id is None:
        return False
    held = Standing.objects.filter(holder=choice.subject_id, purpose=choice.purpose_id).first()
    return held is not None and held.granted


register(Source(SealedEntry.Kind.WITHDRAWAL, found, redo, overtaken))
