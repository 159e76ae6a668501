"""Devices that chose before anybody knew whose they are, and what becomes of their choices once somebody does.

What holds after a device was adopted, or two people turned out to be one:
1. for each purpose the newest choice wins;
2. so a No, by a signal, to a sale or otherwise, is never overruled by an older Yes;
3. and a No of the account to a sale, or by a signal, is not lifted by a Yes that somebody gave on the device before they were
   known, however new it is: an opt-out holds for the whole account on every device, until the person says Yes as themselves.
Nothing is moved or changed: what wins is appended again for the survivor, with the moment of the original and its id.
"""

import hashlib
import hmac
from uuid import UUID

from django.conf import settings

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from consent import choices, standing
from consent.models import Choice, Device, Standing
from subjects import registry
from subjects.models import DataSubject

SHORTEST, LONGEST = 16, 128


def digest(browser_id: str) -> str:
    """The keyed hash by which a device is known. Raises Refused for an id that could be guessed, or is none."""
    if not SHORTEST <= len(browser_id) <= LONGEST or not browser_id.isascii() or not browser_id.isprintable():
        raise Refused(
            f"A device is named by a random id of {SHORTEST} to {LONGEST} ASCII characters.", code="device_shape",
            field="device",
        )  # fmt: skip
    key = hashlib.sha256(b"privacyops device v1" + settings.INDEX_KEY.encode()).digest()
    return hmac.new(key, browser_id.encode(), hashlib.sha256).hexdigest()


def find(browser_id: str) -> Device | None:
    """The device with this id, if it chose before."""
    return Device.objects.filter(digest=digest(browser_id)).select_related("subject").first()


def find_or_make(browser_id: str) -> Device:
    """The device with this id. Two calls at once make one."""
    return Device.objects.get_or_create(digest=digest(browser_id))[0]


def holding(device: Device) -> dict[int, Standing]:
    """What holds on a device, by purpose id: its own choices, weighed against those of the account that it belongs to."""
    held: dict[int, Standing] = {one.purpose_id: one for one in standing.of(device.pk)}
    if device.subject_id is None:
        return held
    for account in standing.of(device.subject_id):
        own = held.get(account.purpose_id)
        if own is None or not lifts(own, account):
            held[account.purpose_id] = account
    return held


def lifts(anonymous: Standing | Choice, account: Standing | Choice) -> bool:
    """Whether what a device said holds against what its account said: the rules above. Of one purpose, which is loaded."""
    optout = not account.granted and (account.purpose.sale_or_sharing or account.act == Choice.Act.SIGNAL)
    if anonymous.granted and optout:
        return False
    return (anonymous.chosen_at, anonymous.recorded_at) > (account.chosen_at, account.recorded_at)


def adopt(device: Device, subject: DataSubject, *, actor: Actor) -> list[Choice]:
    """The device turned out to be this person's: what it chose holds for them by the rules above; the choices appended.

    Twice is once. Raises Refused for a device of somebody else: the browser then gets a new id.
    """
    with log.atomic():
        row = Device.objects.select_for_update().get(pk=device.pk)
        if row.subject_id not in (None, subject.pk):
            raise Refused("This device belongs to another account. Give the browser a new id.", code="device_conflict")
        Device.objects.filter(pk=row.pk, subject=None).update(subject=subject)
        device.subject = subject
        made = _append(row.pk, subject, why="device_adopted", anonymous=True)
        log.record("device.adopted", actor=actor, noun=row, subject_id=subject.pk, choices=len(made))
    return made


def merge(subject: DataSubject, into: DataSubject, *, actor: Actor) -> list[Choice]:
    """Two people turned out to be one: `into` stays, with the newest choice of both for each purpose; the choices appended."""
    with log.atomic():
        registry.merge(subject, into, actor=actor)
        made = _append(subject.pk, into, why="people_merged", anonymous=False)
        Device.objects.filter(subject=subject).update(subject=into)
        log.record("choices.merged", actor=actor, noun=into, subject_id=into.pk, choices=len(made))
    return made


def _append(holder: UUID, subject: DataSubject, *, why: str, anonymous: bool) -> list[Choice]:
    """Append for `subject` what `holder` said and wins."""
    mine = {one.purpose_id: one for one in standing.of(subject.pk)}
    made = []
    for held in standing.of(holder).order_by("purpose_id"):
        own = mine.get(held.purpose_id)
        newer = own is None or (held.chosen_at, held.recorded_at) > (own.chosen_at, own.recorded_at)
        if own is not None and not (lifts(held, own) if anonymous else newer):
            continue
        was = held.choice
        if own is not None and own.choice.evidence.get("from") == str(was.pk):
            continue
        made.append(
            Choice(
                subject=subject, device_id=was.device_id, purpose_id=was.purpose_id, granted=was.granted, act=was.act,
                source=was.source, notice_id=was.notice_id, wording_id=was.wording_id, language=was.language,
                region=was.region, guardian_id=was.guardian_id, evidence={"from": str(was.pk), "why": why},
                chosen_at=was.chosen_at, expires_at=was.expires_at,
            )
        )  # fmt: skip
    Choice.objects.bulk_create(made)
    standing.hold_many((subject.pk, one) for one in made)
    choices.took_hold(made)
    return made
