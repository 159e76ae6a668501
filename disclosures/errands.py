"""Notices by hand: a colleague tells the recipient in the recipient's own portal, or the recipient does it on our page.

The errand has a day, is taken by somebody, says whom it is about only when asked (an event), and is signed off with an answer.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from disclosures import acknowledging, channels, naming
from disclosures.models import Channel, Errand, Notice

MAY_SIGN = "disclosures.sign_errand"
KEEPER = actors.worker("disclosures.errands")
LONGEST_NOTE = 2000
Answer = Notice.Answer
NOT_YOURS = Refused("This task is somebody else's. Ask them, or have it assigned to you.", code="not_yours")


def open_for(notice: Notice, channel: Channel) -> Errand:
    """The errand of a notice, in the caller's transaction; one that was cancelled is opened again with a new day."""
    due = timezone.localdate() + timedelta(days=channel.confirm_days)
    theirs = channel.kind == Channel.Kind.PAGE
    errand, made = Errand.objects.get_or_create(notice=notice, defaults={"due_on": due, "theirs": theirs})
    if not made and errand.state != Errand.State.OPEN:
        Errand.objects.filter(pk=errand.pk).update(
            state=Errand.State.OPEN, due_on=due, theirs=theirs, overdue_at=None, signed_at=None, signed_by=None
        )
    return errand


def take(errand: Errand, *, by: User) -> None:
    """Take an open errand of ours, also from a colleague. Raises Refused."""
    with log.atomic():
        _open(errand, by)
        Errand.objects.filter(pk=errand.pk).update(assignee=by)
        acknowledging.note("errand.taken", errand.notice, actors.staff(by.pk))


def reveal(errand: Errand, *, by: User) -> str:
    """Whom the errand is about, for who has it; that they looked is an event. Raises Refused."""
    with log.atomic():
        _open(errand, by)
        if errand.assignee_id != by.pk:
            raise (
                NOT_YOURS
                if errand.assignee_id
                else Refused("Nobody has this task yet. Take it first.", code="not_assigned")
            )
        return ", ".join(shown(errand, actors.staff(by.pk)))


def shown(errand: Errand, actor: Actor) -> list[str]:
    """The signs of the person, with the event of the look, in the caller's transaction."""
    notice = errand.notice
    Errand.objects.filter(pk=errand.pk, seen_at=None).update(seen_at=timezone.now())
    acknowledging.note("errand.viewed", notice, actor)
    return [one.said for one in naming.names(notice, channels.of(notice.recipient))]


def sign(errand: Errand, *, by: User, answer: str, note: str = "") -> None:
    """Sign off what the recipient was told and what it says, as the one who has the errand. Raises Refused.

    `answer`: "told" (told; they will confirm themselves), or one of Notice.Answer.
    """
    note = note.strip()
    if answer not in ("told", *Answer.values):
        raise Refused("Choose one of the list.", code="choice_unknown", field="answer")
    if len(note) > LONGEST_NOTE:
        raise Refused(f"The note is longer than {LONGEST_NOTE} characters.", code="too_long", field="note")
    if answer == Answer.CANNOT and not note:
        raise Refused("Say in the note why it was not possible.", code="note_missing", field="note")
    who, now = actors.staff(by.pk), timezone.now()
    with log.atomic():
        _open(errand, by)
        if errand.assignee_id != by.pk:
            raise NOT_YOURS
        done = {"state": Errand.State.DONE, "note": note, "signed_by": by, "signed_at": now}
        if not Errand.objects.filter(pk=errand.pk, state=Errand.State.OPEN).update(**done):
            raise Refused("This task is signed off already.", code="signed_conflict")
        notice = Notice.objects.select_related("recipient").get(pk=errand.notice_id)
        handed = Notice.objects.filter(pk=notice.pk, state=Notice.State.HANDED)
        if handed.update(state=Notice.State.SENT, sent_at=now):
            acknowledging.note("recipient.told", notice, who, way=Channel.Kind.DESK)
        if answer != "told":
            acknowledging.settle(notice, answer, words=note, actor=who, now=now)


def sweep(now: datetime) -> int:
    """Cancel what nobody needs any more, and note what is overdue, once each; how many."""
    ended = (Notice.State.ACKNOWLEDGED, Notice.State.WAIVED, Notice.State.EXCUSED)
    stale = Errand.objects.filter(state=Errand.State.OPEN, notice__state__in=ended)
    changed = stale.update(state=Errand.State.CANCELLED)
    for errand in overdue(now).filter(overdue_at=None).select_related("notice__recipient")[:200]:
        with log.atomic():
            if Errand.objects.filter(pk=errand.pk, overdue_at=None).update(overdue_at=now):
                acknowledging.note("errand.overdue", errand.notice, KEEPER)
                changed += 1
    return changed


def overdue(now: datetime) -> "QuerySet[Errand]":
    """Errands of ours whose day has passed. The recipient's own are chased as any other notice is."""
    return Errand.objects.filter(state=Errand.State.OPEN, theirs=False, due_on__lt=timezone.localdate(now))


def _open(errand: Errand, by: User) -> None:
    """Locks the errand and reads it anew. Raises Refused when `by` may not, or it is not open to us."""
    if not by.has_perm(MAY_SIGN):
        raise Refused("Your role may not tell recipients. Ask your privacy officer.", code="not_allowed")
    fresh = Errand.objects.select_for_update(of=("self",)).get(pk=errand.pk)
    errand.assignee_id, errand.state = fresh.assignee_id, fresh.state
    if fresh.theirs:
        raise Refused("The recipient does this on our page.", code="not_yours")
    if fresh.state != Errand.State.OPEN:
        raise Refused("This task is not open any more.", code="task_conflict")
