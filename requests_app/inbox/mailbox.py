"""The mailbox over IMAP. A mail is marked as seen, or moved, only after its row is committed: a stop at any line loses nothing.

Which mails are new is told by their numbers (UIDs) and not by marks, for colleagues may read the mailbox, too. In a mailbox
that we never saw, or that its server made anew, we begin with what nobody has seen and what came since our last look;
fingerprints tell what we had before.
"""

import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from imap_tools import (
    AND,
    OR,
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailBoxStartTls,
    MailBoxUnencrypted,
    MailMessageFlags,
    U,
)

from audit.failpoints import failpoint
from requests_app.inbox import taking
from requests_app.models import InboundMail

logger = logging.getLogger(__name__)
SECONDS = 20
AT_ONCE = 200
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
ARRIVED = re.compile(rb'INTERNALDATE "([^"]+)"')
TROUBLE = (imaplib.IMAP4.error, ImapToolsError, OSError, ssl.SSLError)


class Misconfigured(ValueError):
    """MAILBOX_IMAP_URL cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Place:
    """Where the mailbox is, from MAILBOX_IMAP_URL."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str


def place(address: str) -> Place:
    """Read the setting. Raises Misconfigured: without TLS only this machine is spoken to."""
    parts = urlsplit(address)
    ports = {"imaps": 993, "imap+tls": 143, "imap": 143}
    if parts.scheme not in ports or not parts.hostname or not parts.username:
        raise Misconfigured("MAILBOX_IMAP_URL: write imaps://user:password@host/INBOX, or imap+tls://… for STARTTLS.")
    if parts.scheme == "imap" and parts.hostname not in LOOPBACK:
        raise Misconfigured("MAILBOX_IMAP_URL: imap:// is not encrypted. Use imaps:// or imap+tls://.")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    port = parts.port or ports[parts.scheme]
    return Place(parts.scheme, parts.hostname, port, unquote(parts.username), unquote(parts.password or ""), folder)


def poll() -> int:
    """Take what is new; how many mails. Nothing where no mailbox is set; a server that is away is asked again later."""
    if not settings.MAILBOX_IMAP_URL:
        return 0
    try:
        where = place(settings.MAILBOX_IMAP_URL)
        with opened(where) as box:
            validity = int(box.folder.status(where.folder, ["UIDVALIDITY"])["UIDVALIDITY"])
            _file_rest(box, where.folder, validity)
            return _take_new(box, where.folder, validity)
    except Misconfigured as error:
        logger.error("%s", error)
    except TROUBLE as error:
        logger.warning("the mailbox could not be read now: %s", type(error).__name__)
    return 0


@contextmanager
def opened(where: Place) -> Iterator[BaseMailBox]:
    """A signed-in connection with the folder chosen. Certificates are checked. Raises what TROUBLE names."""
    box: BaseMailBox
    if where.scheme == "imaps":
        box = MailBox(where.host, where.port, timeout=SECONDS, ssl_context=ssl.create_default_context())
    elif where.scheme == "imap+tls":
        box = MailBoxStartTls(where.host, where.port, timeout=SECONDS, ssl_context=ssl.create_default_context())
    else:
        box = MailBoxUnencrypted(where.host, where.port, timeout=SECONDS)
    try:
        yield box.login(where.user, where.password, initial_folder=where.folder)
    finally:
        try:
            box.logout()
        except TROUBLE:
            logger.info("the mail server hung up first")


def _take_new(box: BaseMailBox, folder: str, validity: int) -> int:
    taken = 0
    for uid in _new(box, folder, validity)[:AT_ONCE]:
        row = _take(box, folder, validity, uid)
        if row is None:
            continue  # somebody moved it meanwhile
        failpoint("mail.after_row")
        _file(box, row)
        taken += 1
    return taken


def _new(box: BaseMailBox, folder: str, validity: int) -> list[int]:
    ours = InboundMail.objects.filter(folder=folder)
    last = ours.filter(validity=validity).aggregate(last=Max("uid"))["last"]
    if last is not None:
        found = box.uids(AND(uid=U(str(last + 1), "*")))
        return sorted(int(one) for one in found if int(one) > last)  # "n:*" names the last one even below n
    before = ours.aggregate(last=Max("arrived_at"))["last"]
    since = (before - timedelta(days=1)).date() if before else None
    return sorted(int(one) for one in box.uids(OR(seen=False, date_gte=since) if since else AND(seen=False)))


def _take(box: BaseMailBox, folder: str, validity: int, uid: int) -> InboundMail | None:
    about = _fetched(box, uid, "(UID INTERNALDATE RFC822.SIZE)")
    size = SIZE.search(about[0])
    if size is None:
        return None
    large = int(size[1]) > settings.MAILBOX_MB * 1024 * 1024
    raw = _fetched(box, uid, "(UID BODY.PEEK[HEADER])" if large else "(UID BODY.PEEK[])")[1]
    if not raw:
        return None
    return taking.take(raw, folder=folder, validity=validity, uid=uid, arrived_at=_arrived(about[0]), size=int(size[1]))


def _fetched(box: BaseMailBox, uid: int, what: str) -> tuple[bytes, bytes]:
    """(the line about it, the bytes that came with it)."""
    _, answer = box.client.uid("FETCH", str(uid), what)
    line, body = b"", b""
    for one in answer:
        if isinstance(one, tuple):
            line, body = line + one[0], one[1]
        elif isinstance(one, bytes):
            line += one
    return line, body


def _arrived(line: bytes) -> datetime:
    found = ARRIVED.search(line)
    try:
        return datetime.strptime(found[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC) if found else _now()
    except ValueError:
        return _now()


def _now() -> datetime:
    return timezone.now()


def _file_rest(box: BaseMailBox, folder: str, validity: int) -> None:
    """Mails whose row was committed and whose mark was not set, for something stopped us in between."""
    for row in InboundMail.objects.filter(folder=folder, validity=validity, filed_at=None).order_by("uid")[:AT_ONCE]:
        _file(box, row)


def _file(box: BaseMailBox, row: InboundMail) -> None:
    """Mark as seen, and move where a folder is named; done twice it is the same."""
    box.flag(str(row.uid), [MailMessageFlags.SEEN], True)
    if settings.MAILBOX_DONE_FOLDER:
        box.move(str(row.uid), settings.MAILBOX_DONE_FOLDER)
    failpoint("mail.after_filed")
    InboundMail.objects.filter(pk=row.pk).update(filed_at=timezone.now())
