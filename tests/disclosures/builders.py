"""Recipients, a person whose mailbox is proved, and a mail server of our own."""

import contextlib
import re
import socket
from typing import Any

from aiosmtpd.controller import Controller
from django.utils import timezone

from disclosures import notices
from disclosures.models import Notice, Recipient
from inventory.models import DataCategory
from subjects import registry
from subjects.models import DataSubject
from tests.consent.builders import CLERK


def person(mail: str = "ada@example.org", *, proved: bool = True) -> DataSubject:
    subject = registry.find_or_make("email", mail, actor=CLERK)
    if proved:
        registry.prove(subject.identifiers.get(kind="email"), at=timezone.now(), actor=CLERK)
    return subject


def recipient(key: str, *categories: str, **more: Any) -> Recipient:
    """A recipient of these categories; made as they are needed."""
    values = {"name": key.title(), "role": "processor", "kind": "Mail", "contact": f"{key}@recipient.example"}
    row = Recipient.objects.create(key=key, **values | {"country": "DE"} | more)
    row.categories.set([category(one) for one in categories])
    return row


def category(key: str) -> DataCategory:
    return DataCategory.objects.get_or_create(key=key, defaults={"name": key})[0]


def tell(kind: str = "erasure", origin: str = "PR-TEST", subject: DataSubject | None = None) -> list[Notice]:
    """Queue notices to whoever gets contact data."""
    return notices.queue(subject or person(), kind, origin=origin, categories={"contact"}, actor=CLERK)


class Post:
    """A real SMTP server that can be told to refuse, and switched off and on at the same port."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.answer = ""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.controller: Controller | None = None

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        if self.controller is not None:
            with contextlib.suppress(AssertionError, RuntimeError, OSError):
                self.controller.stop()
        self.controller = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer.startswith("rcpt "):
            return self.answer.removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("data "):
            return self.answer.removeprefix("data ")
        self.got.append(envelope)
        return "250 OK"

    def text(self, place: int = -1) -> str:
        return self.got[place].content.decode()

    def link(self, place: int = -1) -> str:
        """The path of the link in a mail."""
        found = re.search(r"(/ack/[A-Za-z0-9_=-]+/)", self.text(place).replace("=\r\n", "").replace("=3D", "="))
        assert found, "there is no link in this mail"
        return found[1]
