"""What may come in from outside, told by content alone: PDF, PNG, JPEG and plain text. No database, no disk.

Neither the name nor the type that the sender claims decides anything; the name's ending is set anew from what the file is.
Pictures are drawn anew, so that nothing but the picture is kept: no place of the photograph, no second file behind it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from audit.refusal import Refused
from requests_app.uploads import images, papers

LONGEST_STEM = 60
# Plain text that a program would run or draw: it is not a letter.
ACTIVE = re.compile(r"^\s*(<|#!|GIF8|%!PS|\{\\rtf|MZ\b)", re.IGNORECASE)
# Names that Windows keeps for devices.
DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


@dataclass(frozen=True)
class Given:
    """A file as it came: the name that its sender gave it, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Clean:
    """What is kept of a file."""

    name: str
    media: str
    data: bytes


def judge(given: Given) -> Clean:
    """What is kept of this file. Raises Refused (field "files") in words that name the file and say what to do."""
    shown = safe_name(given.name, "")
    if not given.data:
        raise _no(_("“%(name)s” is empty. Choose the file again."), "file_empty", shown)
    if len(given.data) > settings.ATTACHMENT_MB * 1024 * 1024:
        most = str(settings.ATTACHMENT_MB)
        raise _no(_("“%(name)s” is larger than %(most)s MB. Send a smaller copy."), "file_large", shown, most=most)
    if given.data.startswith(papers.MAGIC):
        fault = papers.fault(given.data)
        if fault:
            raise _no(_paper_words(fault), "file_active", shown)
        return Clean(safe_name(given.name, ".pdf"), "application/pdf", given.data)
    kind = images.kind(given.data)
    if kind:
        try:
            drawn = images.redrawn(given.data, kind)
        except images.Unreadable as error:
            raise _no(_("“%(name)s” cannot be read as a picture. Save it anew."), "file_broken", shown) from error
        return Clean(safe_name(given.name, images.ENDINGS[kind]), images.MEDIA[kind], drawn)
    return Clean(safe_name(given.name, ".txt"), "text/plain", _text(given.data, shown))


def judge_all(files: Iterable[Given]) -> list[Clean]:
    """Several files of one message. Raises Refused for the first that is not taken, and for too many."""
    rows = list(files)
    refused = too_much([len(one.data) for one in rows])
    if refused is not None:
        raise refused
    return [judge(one) for one in rows]


def too_much(sizes: list[int]) -> Refused | None:
    """Why files of these sizes may not come in together, if they may not."""
    if len(sizes) > settings.ATTACHMENTS_PER_MESSAGE:
        words = _("At most %(most)s files go with one message.") % {"most": settings.ATTACHMENTS_PER_MESSAGE}
        return Refused(words, code="files_many", field="files")
    most = 2 * settings.ATTACHMENT_MB
    if sum(sizes) > most * 1024 * 1024:
        words = _("Together these files are larger than %(most)s MB. Send them in several messages.") % {"most": most}
        return Refused(words, code="files_large", field="files")
    return None


def safe_name(name: str, ending: str) -> str:
    """A name for the screen and for a disk: no path, no control or direction characters, the ending that the content has."""
    plain = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    last = re.split(r"[/\\]", plain)[-1]
    kept = "".join(one for one in last if unicodedata.category(one)[0] not in "CZ" or one == " ")
    stem = kept.split(".")[0] if ending else kept
    stem = re.sub(r"[<>:\"|?*%;]+", "_", stem).strip(" ._")[:LONGEST_STEM].strip(" .")
    if not stem or DEVICES.match(stem):
        stem = _("file")
    return f"{stem}{ending}"


def _text(data: bytes, shown: str) -> bytes:
    """Text in UTF-8 without control characters, and nothing that a browser or a shell would take for more than text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no(_("“%(name)s” is none of: PDF, PNG, JPEG, plain text (UTF-8)."), "file_kind", shown) from error
    if any(unicodedata.category(one) == "Cc" and one not in "\n\r\t\f" for one in text) or ACTIVE.match(text):
        raise _no(_("“%(name)s” is none of: PDF, PNG, JPEG, plain text (UTF-8)."), "file_kind", shown)
    return text.encode()


def _paper_words(fault: str) -> str:
    if fault == papers.WRONG_END:
        return _("“%(name)s” has something behind its end. Print it to a new PDF and send that.")
    if fault == papers.RUNS:
        return _("“%(name)s” holds scripts, other files or commands. Print it to a new PDF and send that.")
    return _("“%(name)s” is locked, or packed so that we cannot look into it. Print it to a new PDF and send that.")


def _no(words: str, code: str, name: str, **facts: str) -> Refused:
    return Refused(words % {"name": name, **facts}, code=code, field="files")
