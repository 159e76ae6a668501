"""What a visitor chose in a banner goes into the ledger: of their device, and of the person if it is known whose it is."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent import browsers, choices, devices
from consent.banner import regimes
from consent.models import BannerAnswer, Choice, Device, NoticeVersion, Site, Wording

KEY = re.compile(r"^[A-Za-z0-9-]{8,64}$")
MOST_PURPOSES = 50
BANNER = actors.worker("consent.banner")
MALFORMED = "This is not an answer of our banner."


@dataclass(frozen=True)
class Answer:
    """What the script sent, read and checked for its shape."""

    device: str
    key: str
    chosen: Mapping[str, bool]
    shown: str
    language: str
    region: str
    notice: int | None
    notice_language: str
    button: str


def read(given: Any) -> Answer:
    """The answer in what was sent. Raises Refused (code "malformed") for any other shape."""
    try:
        notice = given.get("notice")
        found = Answer(
            device=given["device"], key=given["key"], chosen=dict(given["choices"]), shown=given["shown"],
            language=str(given.get("language", ""))[:12], region=regimes.region(str(given.get("region", ""))),
            notice=notice, notice_language=str(given.get("notice_language") or "")[:12], button=given["button"],
        )  # fmt: skip
        browsers.checked(found.device)
        good = (
            KEY.match(found.key)
            and 0 < len(found.chosen) <= MOST_PURPOSES
            and all(isinstance(value, bool) for value in found.chosen.values())
            and re.match(r"^[0-9a-f]{64}$", found.shown)
            and found.button in BannerAnswer.Button
            and (notice is None or (type(notice) is int and 0 < notice < 1_000_000))
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        good = None
    if not good:
        raise Refused(MALFORMED, code="malformed")
    return found


def record(site: Site, answer: Answer) -> list[Choice]:
    """Put every choice of an answer on record, in one transaction; an answer that was sent before is not recorded again.

    Raises Refused: codes "banner_changed" (words that we never showed: load the page again), "unknown_purpose",
    "required_purpose", "idempotency_conflict".
    """
    words = Wording.objects.filter(digest=answer.shown).first()
    notice = _notice(answer)
    if words is None or (answer.notice and notice is None):
        raise Refused("The words of this banner have changed. Load the page again.", code="banner_changed")
    purposes = {one.key: one for one in site.purposes.all()}
    if not answer.chosen.keys() <= purposes.keys():
        raise Refused("This site has no such purpose.", code="unknown_purpose")
    with log.atomic():
        device = browsers.find_or_make(answer.device)
        if not _first(site, device, answer):
            return []
        how = choices.How(
            words=words.text, language=words.language, region=answer.region,
            evidence={"site": site.key, "button": answer.button},
            expires_at=timezone.now() + timedelta(days=site.ask_again_days),
        )  # fmt: skip
        return [
            choices.record(
                device.subject, purposes[key], granted, source=Choice.Source.BANNER, actor=BANNER, device=device,
                notice=notice, how=replace(how, act=_act(answer, granted)),
            )
            for key, granted in sorted(answer.chosen.items())
        ]  # fmt: skip


def held(browser: str) -> dict[str, bool]:
    """What holds for the person whose browser this is, by purpose; nothing for one that belongs to nobody yet."""
    device = browsers.known(browser)
    if device is None or device.subject_id is None:
        return {}
    return {row.purpose.key: row.granted for row in devices.holding(device).values()}


def _first(site: Site, device: Device, answer: Answer) -> bool:
    """Whether this key is new. Of two at the same moment one makes the row; the other waits for it and reads it."""
    said = json.dumps([answer.device, answer.shown, answer.button, sorted(answer.chosen.items())])
    digest = hashlib.sha256(said.encode()).hexdigest()
    try:
        with transaction.atomic():
            BannerAnswer.objects.create(
                site=site, device=device, key=answer.key, digest=digest, button=answer.button, region=answer.region
            )
    except IntegrityError:
        if BannerAnswer.objects.get(site=site, key=answer.key).digest != digest:
            raise Refused("This key was used for another answer.", code="idempotency_conflict") from None
        return False
    return True


def _act(answer: Answer, granted: bool) -> str:
    return Choice.Act.SIGNAL if answer.button == BannerAnswer.Button.SIGNAL and not granted else ""


def _notice(answer: Answer) -> NoticeVersion | None:
    if not answer.notice:
        return None
    rows = NoticeVersion.objects.filter(key="privacy", language=answer.notice_language, number=answer.notice)
    return rows.filter(published_at__isnull=False).first()
