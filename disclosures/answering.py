"""A client says itself what it thinks of a new sub-processor, by the link in its mail: one for each client and announcement.

The same door as a colleague's (`answers.record`), and narrower: until the day that stands in the mail, and once. What is known,
whoever entered it, stays; whoever thinks again writes to us.
"""

from datetime import date, datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from audit import log
from audit.refusal import Refused
from disclosures import answers, links
from disclosures.models import ClientAnswer, ListChange, ListMail

LINK = "disclosures.answering"
LONGEST, LONGEST_NAME = answers.LONGEST, 120


def invites(row: ListMail) -> bool:
    """Whether a mail asks a client what it thinks: it announces a change with a day for objections."""
    about_it = row.about == ListMail.About.ANNOUNCED and row.client_id is not None
    return about_it and row.change is not None and row.change.objections_until is not None


def token(row: ListMail) -> str:
    """The last part of a client's link."""
    return links.token(row.pk, LINK)


def by_token(text: str) -> ListMail | None:
    """The mail behind a link, or None; also for a client that is none of ours any more."""
    key = links.opened(text, LINK)
    rows = ListMail.objects.select_related("change", "client").filter(client__active=True)
    row = rows.filter(pk=key).first() if key else None
    return row if row is not None and invites(row) else None


def known(row: ListMail) -> ClientAnswer | None:
    """What this client said to this change already, by whichever way."""
    return ClientAnswer.objects.filter(change=row.change_id, client=row.client_id).first()


def open_for(change: ListChange, today: date) -> bool:
    """Whether a client can still say something to it here."""
    until = change.objections_until
    return change.state == ListChange.State.ANNOUNCED and until is not None and today <= until


def answer(row: ListMail, *, answer: str, words: str, name: str, now: datetime) -> ClientAnswer:
    """Note what the client says; twice is once, and changes nothing.

    Raises Refused: "too_late", "change_over", "choice_unknown", "name_missing", and as `answers.record` does.
    """
    change, client = row.change, row.client
    assert change is not None and client is not None  # `by_token` gives no other
    today = timezone.localdate(now)
    with log.atomic():
        change = ListChange.objects.select_for_update().get(pk=change.pk)
        before = known(row)
        if before is not None:
            return before
        if change.state == ListChange.State.WITHDRAWN:
            raise Refused(gettext("This change was withdrawn. There is nothing to object to."), code="change_over")
        if not open_for(change, today):
            raise Refused(too_late(), code="too_late")
        if answer not in ClientAnswer.Answer.values:
            raise Refused(gettext("Choose one of the answers."), code="choice_unknown", field="answer")
        if not name.strip() or len(name) > LONGEST_NAME:
            raise Refused(gettext("Say who is writing."), code="name_missing", field="name")
        signed = answers.Signed(name.strip())
        return answers.record(change, client, answer=answer, said_on=today, words=words, by=signed)


def too_late() -> str:
    """That the day is over, and whom to write to."""
    return gettext("It is too late to object here. Write to %(mailbox)s.") % {"mailbox": settings.COMPANY_EMAIL}
