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


def forget_if_moved(connection: Connection) -> None:
    """Empty the result of the last test of a connection that is about to be saved with another address, kind or description:
    it says nothing about the new one.
    """
    said = Connection.objects.filter(pk=connection.pk).first()
    if said is not None and any(
        getattr(said, name) != getattr(connection, name) for name in ("system_id", "kind", "address", "described")
    ):
        connection.checked_at, connection.check_result = None, ""
