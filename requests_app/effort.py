"""What a case costs: minutes that colleagues note on it, if they do. Nothing is measured behind anybody's back."""

from django.contrib.auth.models import User

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app.models import Note, Request
from requests_app.policy import NOTE, printable

LONGEST_MINUTES = 24 * 60
LONGEST_TEXT = 200


def spend(request: Request, *, by: User, minutes: str, text: str = "") -> Note:
    """Note time that was spent on a case, and on what, if that is said. Raises Refused."""
    if not by.has_perm(f"requests_app.{NOTE}"):
        raise Refused("Your role may not write notes on cases.", code="not_allowed")
    given = minutes.strip()
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:5]) <= LONGEST_MINUTES):
        raise Refused("Write whole minutes, from 1 to 1,440.", code="minutes", field="minutes")
    words = text.strip()
    if len(words) > LONGEST_TEXT or not printable(words, lines=True):
        raise Refused("Say in at most 200 characters on what.", code="text_long", field="text")
    with log.atomic():
        row = Note.objects.create(request=request, author=by, text=words or "Time spent", minutes=int(given))
        who = actors.staff(by.pk)
        log.record("request.time_noted", actor=who, noun=request, subject_id=request.subject_id, minutes=row.minutes)
    return row
