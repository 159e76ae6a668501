"""Global Privacy Control: a browser's standing wish not to have its person's data sold or shared.

California (11 CCR 7025) and others make it binding. For somebody who is signed in it becomes a choice on record, once: a Yes
that the person gives later in the same session, knowing of the signal, is theirs to give and stays.
"""

from django.http import HttpRequest

from audit import actor as actors
from audit import log
from consent import choices, notices
from consent.models import Choice
from inventory.models import Purpose
from requests_app.models import PersonSession

SIGNAL = choices.How(act=Choice.Act.SIGNAL)


def signalled(request: HttpRequest) -> bool:
    """Whether this browser sends the signal."""
    return request.headers.get("Sec-GPC") == "1"


def honour(session: PersonSession) -> bool:
    """Record the opt-out for this session's person where it is not on record yet; whether anything was recorded."""
    current = choices.current(session.subject)
    selling = Purpose.objects.filter(sale_or_sharing=True)
    waiting = [one for one in selling if not _settled(current.get(one.key), session)]
    if not waiting:
        return False
    actor, notice = actors.person(session.subject_id), notices.current()
    with log.atomic():
        for purpose in waiting:
            choices.record(
                session.subject, purpose, False, source=Choice.Source.PORTAL, actor=actor, notice=notice, how=SIGNAL
            )
    return True


def _settled(choice: Choice | None, session: PersonSession) -> bool:
    if choice is None:
        return False
    return not choice.granted or choice.chosen_at >= session.created_at
