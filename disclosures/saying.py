"""What a person reads about telling recipients: what each was asked, what came of it, and why one was not told.

GDPR Art. 19: the person is informed about those recipients when they ask. 11 CCR 7022(b)(3): who is not told because that is
impossible or a disproportionate effort is explained with facts, not with those words alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from disclosures.deciding import GROUNDS
from disclosures.models import Notice
from subjects.models import DataSubject

MOST = 200
State = Notice.State


@dataclass(frozen=True)
class Said:
    """One notice in words for the person; `why` are a colleague's own words."""

    recipient: str
    reference: str
    asked: str
    became: str
    why: str = ""


def of(subject: DataSubject) -> list[Said]:
    """What recipients were asked about this person, the newest first. One query."""
    rows = Notice.objects.filter(subject=subject).select_related("recipient", "purpose").order_by("-queued_at")
    return lines(rows[:MOST])


def for_origin(origin: str) -> list[Said]:
    """The same for one request. One query."""
    return lines(Notice.objects.filter(origin=origin).select_related("recipient", "purpose").order_by("queued_at"))


def lines(notices: Iterable[Notice]) -> list[Said]:
    """Each notice in words."""
    return [
        Said(one.recipient.name, _reference(one), asked(one), became(one), one.ground_words or "") for one in notices
    ]


def _reference(notice: Notice) -> str:
    return "" if notice.origin.startswith("choice:") else notice.origin


def asked(notice: Notice) -> str:
    """What they were asked to do."""
    words = {
        Notice.Kind.ERASURE: _("We ask them to erase your data."),
        Notice.Kind.CORRECTION: _("We ask them to correct your data."),
        Notice.Kind.RESTRICTION: _("We ask them to use your data for nothing for now."),
        Notice.Kind.OPT_OUT: _("We ask them to stop selling and sharing your data."),
        Notice.Kind.WITHDRAWAL: _("We ask them to stop using your data for a purpose to which you said no."),
    }
    return words[Notice.Kind(notice.kind)]


def became(notice: Notice) -> str:
    """What came of it."""
    if notice.state == State.EXCUSED:
        return str(GROUNDS[notice.ground])
    if notice.state == State.WAIVED:
        return _waived(notice.ground)
    if notice.state == State.ACKNOWLEDGED and notice.acknowledged_at:
        day = {"day": date_format(localtime(notice.acknowledged_at), _("j F Y"))}
        if notice.answer == Notice.Answer.NOTHING:
            return _("On %(day)s they answered that they have nothing about you.") % day
        return _("On %(day)s they confirmed that it is done.") % day
    if notice.sent_at is None:
        return _("They have not been told yet. We are working on it.")
    day = {"day": date_format(localtime(notice.sent_at), _("j F Y"))}
    if notice.answer == Notice.Answer.CANNOT:
        return _("Told on %(day)s. They say that they cannot do it; we are talking to them.") % day
    return _("Told on %(day)s.") % day


def _waived(ground: str) -> str:
    words = {
        "told_otherwise": _("They were told in another way."),
        "recipient_gone": _("They no longer exist."),
        "never_had_it": _("They never had your data."),
    }
    return words.get(ground, _("They could not be told."))
