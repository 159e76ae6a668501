"""The local mailbox: where letters land when no mail server is configured, so that the demo can show them."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage


class MailboxBackend(BaseEmailBackend):
    """Writes each message as one .eml file; the name sorts by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = settings.MAILBOX_DIR
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            name = f"{time.time_ns()}-{secrets.token_hex(4)}"
            draft = folder / f".{name}"
            draft.write_bytes(message.message().as_bytes())
            draft.rename(folder / f"{name}.eml")  # a reader sees whole messages only
        return len(email_messages)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
