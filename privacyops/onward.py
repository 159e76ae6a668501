"""A No reaches the recipients who use the purpose: where consent and disclosures, which do not know each other, meet.

Each No of a person is looked at once (a row in disclosures, written with the notices), the oldest first. Carried on is one that
takes something back and still holds: a withdrawn consent, an objection, a browser's signal, and any No to a sale or sharing,
for there the law lets data flow until somebody says No. A No that came by a request is told by that request's own plan.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from audit import actor as actors
from audit import log
from consent import choices, standing
from consent.models import Choice
from disclosures import notices, onward
from disclosures.models import Onward

CARRIER = actors.worker("privacyops.onward")
TAKES_BACK = (Choice.Act.WITHDRAWN, Choice.Act.OBJECTED, Choice.Act.SIGNAL)
AT_ONCE = 200


def sweep(now: datetime) -> int:
    """Look at the Noes that nobody looked at; how many. At most AT_ONCE, the rest at the next sweep."""
    found = 0
    for one in _next(now):
        with log.atomic():
            told = _tell(one)
            onward.seen(one.pk, one.recorded_at, told)
        found += 1
    if not found:
        onward.prune()
    return found


def _next(now: datetime) -> "QuerySet[Choice]":
    """The oldest Noes that were not looked at."""
    looked_at = Onward.objects.filter(choice=OuterRef("pk"))
    rows = choices.withdrawn_since(onward.since(now)).filter(~Exists(looked_at))
    return rows.select_related("purpose", "subject")[:AT_ONCE]


def _tell(choice: Choice) -> int:
    """Queue the notices of one No; how many."""
    subject, purpose = choice.subject, choice.purpose
    if subject is None or choice.source == Choice.Source.REQUEST:
        return 0
    if choice.act not in TAKES_BACK and not purpose.sale_or_sharing:
        return 0
    held = standing.of(subject.pk).filter(purpose=purpose).first()
    if held is None or held.granted:
        return 0  # they said Yes again
    return len(notices.queue_withdrawal(subject, purpose, origin=f"choice:{choice.pk}", actor=CARRIER))
