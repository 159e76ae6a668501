"""What the workers do with mail that arrived."""

from django.utils import timezone

from requests_app import inbox
from requests_app.inbox import mailbox
from requests_app.models import InboundMail


def look() -> None:
    """A round of the workers."""
    mailbox.poll()
    for pk in inbox.waiting(timezone.now()):
        inbox.settle(pk)


def only() -> InboundMail:
    """The one mail that was taken."""
    return InboundMail.objects.get()
