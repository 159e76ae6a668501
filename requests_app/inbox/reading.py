"""A mail taken apart: who says they sent it, what it answers, its words, its files. Pure; whatever it is given, it ends soon.

Nothing here proves anything: each header but those of our own mail server is what a stranger typed.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

MOST_PARTS = 300
DEEPEST = 20
MOST_FILES = 50
LONGEST_HEADER = 998
LONGEST_TEXT = 100_000
HEADERS_AT_MOST = 500
TEXT_BYTES = 1024 * 1024
MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
PART = re.compile(rb"^content-(?:type|disposition|transfer-encoding)\s*:", re.IGNORECASE | re.MULTILINE)
METHOD = re.compile(r"\b(spf|dkim|dmarc)\s*=\s*([a-z]{1,12})", re.IGNORECASE)
QUIET = ("style", "script", "head", "title")
BREAKS = ("br", "br/", "/p", "/div", "/tr", "/li", "/h1", "/h2", "/h3", "/h4", "/h5", "/h6")


class Unreadable(Exception):
    """Too many parts, too deep, or no mail at all."""


@dataclass(frozen=True)
class Part:
    """A file of a mail, by the name that its sender gave it."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """What a mail says. `returned`: the Message-IDs of mails of ours that it reports as undeliverable, with `status`."""

    message_id: str = ""
    answers: tuple[str, ...] = ()
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    files: tuple[Part, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    report: str = ""
    returned: tuple[str, ...] = ()
    status: str = ""
    action: str = ""


def read(raw: bytes) -> Mail:
    """The mail in these bytes. Raises Unreadable."""
    if len(PART.findall(raw)) > 3 * MOST_PARTS:
        raise Unreadable("too many parts")
    try:
        whole = message_from_bytes(raw, policy=policy.compat32)
        parts = list(_parts(whole, 0))
        return _mail(whole, parts)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise Unreadable(type(error).__name__) from error


def authentication(raw: bytes, trusted: list[str]) -> str:
    """What our own mail server noted in its Authentication-Results, as `spf=pass dkim=fail`; "" where it noted nothing.

    The topmost header of that name only, for a mail may bring others along, and only under a name that is ours (RFC 8601, 5).
    """
    names = {one.lower() for one in trusted}
    for value in message_from_bytes(raw.partition(b"\r\n\r\n")[0][:200_000]).get_all("Authentication-Results", [])[:20]:
        text = " ".join(str(value).split())
        server, _, results = text.partition(";")
        if server.split(" ")[0].lower() in names:
            plain = re.sub(r"\([^()]*\)", "", results)  # comments may say anything
            found = {name.lower(): result.lower() for name, result in reversed(METHOD.findall(plain))}
            return " ".join(f"{name}={found[name]}" for name in ("spf", "dkim", "dmarc") if name in found)
    return ""


def _mail(whole: Message, parts: list[Message]) -> Mail:
    name, address = _sender(whole)
    headers = {str(key).lower(): _header(value) for key, value in whole.items()[:HEADERS_AT_MOST]}
    answers = MESSAGE_ID.findall(f"{headers.get('in-reply-to', '')} {headers.get('references', '')}")
    own = MESSAGE_ID.search(headers.get("message-id", ""))
    report = str(whole.get_param("report-type", "")).lower() if whole.get_content_type() == "multipart/report" else ""
    returned, status, action = _returned(parts) if report else ((), "", "")
    return Mail(
        message_id=own[0] if own else "",
        answers=tuple(dict.fromkeys(answers))[:50],
        sender=address,
        sender_name=name,
        subject=_header(whole.get("Subject", "")),
        text=_text(parts),
        files=tuple(_files(parts)),
        headers=headers,
        report=report,
        returned=returned,
        status=status,
        action=action,
    )


def _parts(one: Message, depth: int) -> Iterator[Message]:
    """Every part that holds something itself; a mail within a mail is a file and is not opened."""
    if depth > DEEPEST:
        raise Unreadable("too deep")
    content = one.get_payload()
    if one.get_content_maintype() == "multipart" and isinstance(content, list):
        if len(content) > MOST_PARTS:
            raise Unreadable("too many parts")
        for number, part in enumerate(content):
            if number > MOST_PARTS:
                raise Unreadable("too many parts")
            yield from _parts(part, depth + 1)
    else:
        yield one


def _sender(whole: Message) -> tuple[str, str]:
    """(name, address) of the first From; a mail with two senders has none."""
    values = [_header(value) for value in whole.get_all("From", [])[:2]]
    found = [(name, address) for name, address in getaddresses(values) if "@" in address]
    return (clean(found[0][0], 200), found[0][1].strip()[:254]) if len(found) == 1 else ("", "")


def _header(value: object) -> str:
    """A header in plain words on one line, whatever its coding; what cannot be decoded stays as it came."""
    text = str(value)[: 4 * LONGEST_HEADER]
    try:
        decoded = str(make_header(decode_header(text)))
    except (LookupError, ValueError, TypeError, UnicodeError):
        decoded = text
    return clean(decoded, LONGEST_HEADER)


def clean(text: str, longest: int, *, lines: bool = False) -> str:
    """Words without control or direction characters and without halves of characters; on one line unless `lines`."""
    kept = "".join(
        one if (lines and one in "\n\t") or unicodedata.category(one) not in ("Cc", "Cf", "Cs") else " "
        for one in text.replace("\r\n", "\n").replace("\r", "\n")[: 2 * longest]
    )
    return (kept if lines else " ".join(kept.split())).strip()[:longest].strip()


def _is_file(part: Message) -> bool:
    named = bool(part.get_filename()) or part.get_content_disposition() == "attachment"
    return named or part.get_content_maintype() not in ("text", "message")


def _text(parts: list[Message]) -> str:
    """The words: the plain parts, or else those of the first HTML part without its marks."""
    texts = [one for one in parts if not _is_file(one) and one.get_content_maintype() == "text"]
    plain = [_words(one) for one in texts if one.get_content_type() == "text/plain"][:20]
    joined = clean("\n\n".join(one for one in plain if one.strip()), LONGEST_TEXT, lines=True)
    if joined:
        return joined
    pages = [one for one in texts if one.get_content_type() == "text/html"]
    return clean(unmarked(_words(pages[0])), LONGEST_TEXT, lines=True) if pages else ""


def unmarked(page: str) -> str:
    """The words of an HTML page."""
    first, *rest = page[: 2 * LONGEST_TEXT].split("<")
    words, quiet = [first], ""
    for piece in rest:  # one pass: no pattern that a made-up page could send round in circles
        mark, closed, after = piece.partition(">")
        name = mark.split(None, 1)[0].lower() if mark.strip() else ""
        if quiet:
            quiet = "" if name == f"/{quiet}" else quiet
            words.append(after if not quiet else "")
        elif closed and name in QUIET:
            quiet = name
        else:
            words.append(f"\n{after}" if name in BREAKS else f" {after if closed else piece}")
    text = html.unescape("".join(words)).replace("\xa0", " ")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _words(part: Message) -> str:
    data = _bytes(part)[:TEXT_BYTES]
    charset = str(part.get_content_charset("utf-8"))
    for name in (charset, "utf-8"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("latin-1")


def _bytes(part: Message) -> bytes:
    """The bytes of a part. The coding is undone; what cannot be undone stays as it came."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _files(parts: list[Message]) -> Iterator[Part]:
    found = [one for one in parts if _is_file(one) or one.get_content_type() == "message/rfc822"]
    for one in found[:MOST_FILES]:
        name = clean(_header(one.get_filename() or ""), 200) or one.get_content_type().replace("/", ".")
        inner = one.get_payload()
        if isinstance(inner, list):  # a mail that was sent along
            yield Part(name, b"".join(part.as_bytes() for part in inner[:1] if isinstance(part, Message)))
        else:
            yield Part(name, _bytes(one))


def _returned(parts: list[Message]) -> tuple[tuple[str, ...], str, str]:
    """Of a delivery report: Message-IDs of what came back, the status code, and what became of it (RFC 3464)."""
    ids: list[str] = []
    status, action = "", ""
    for one in parts:
        kind, inner = one.get_content_type(), one.get_payload()
        if kind == "message/delivery-status" and isinstance(inner, list):
            for block in (two for two in inner[:50] if isinstance(two, Message)):
                status = status or _matched(r"\b([245]\.\d{1,3}\.\d{1,3})\b", block.get("Status", ""))
                action = action or _matched(r"\b(failed|delayed|delivered|relayed|expanded)\b", block.get("Action", ""))
        elif kind == "message/rfc822" and isinstance(inner, list) and inner and isinstance(inner[0], Message):
            ids += MESSAGE_ID.findall(_header(inner[0].get("Message-ID", "")))
        elif kind == "text/rfc822-headers":
            ids += MESSAGE_ID.findall(_header(message_from_bytes(_bytes(one)[:100_000]).get("Message-ID", "")))
    return tuple(dict.fromkeys(ids))[:10], status, action


def _matched(pattern: str, value: object) -> str:
    found = re.search(pattern, str(value)[:200].lower())
    return found[1] if found else ""
