"""The "test connection" button, and the same for programs."""

from django.utils import timezone

from audit import log
from audit.actor import Actor
from connectors.kinds import base
from connectors.models import Connection


def check(connection: Connection, *, actor: Actor) -> tuple[bool, str]:
    """Try a connection and keep the sentence; (works, sentence)."""
    try:
        works, sentence = True, base.open_kind(connection).check()
    except base.Permanent as error:
        works, sentence = False, error.sentence
    except base.Temporary:
        works, sentence = (
            False,
            "The system did not answer. Check its address, its port and our network, then test again.",
        )
    with log.atomic():
        Connection.objects.filter(pk=connection.pk).update(checked_at=timezone.now(), check_result=sentence[:200])
        log.record("connection.checked", actor=actor, noun=connection, works=works)
    return works, sentence
