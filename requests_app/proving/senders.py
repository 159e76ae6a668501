"""How a text reaches a phone: by a sender that the company names in PHONE_SENDER. None is bundled; docs/proof.md has a sample.

A sender is called with number and text. It returns when the text was taken, raises OSError for what may pass (it is called
again later) and Rejected for a number that takes no texts. After a crash it is called again: a code may arrive twice.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

Sender = Callable[[str, str], None]


class Rejected(Exception):
    """This number, or this text, is refused for good."""


def offered() -> bool:
    """Whether codes can go to phones here."""
    return bool(settings.PHONE_SENDER)


def deliver(number: str, text: str) -> None:
    """Hand one text over. Raises OSError or Rejected; OSError too where no sender is set any more."""
    if not settings.PHONE_SENDER:
        raise OSError("no PHONE_SENDER")
    sender: Sender = import_string(settings.PHONE_SENDER)
    sender(number, text)


def demo(number: str, text: str) -> None:
    """For the demo and for development: the text lands in the mailbox beside the letters, and nowhere else."""
    digits = "".join(one for one in number if one.isdigit())
    EmailMessage("Text message", text, settings.DEFAULT_FROM_EMAIL, [f"phone-{digits}@sms.invalid"]).send()
