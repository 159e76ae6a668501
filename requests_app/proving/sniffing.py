"""What a file is, by its content and never by its name: a whole PDF, JPEG or PNG, and nothing behind its end. Pure.

Data before or behind a picture is how one file is two things at once (a polyglot). Nothing is decoded here: the size that a PNG
claims is read, so that a picture of a billion dots is refused before any program opens it.
"""

import re
import struct
import zlib

from django.utils.translation import gettext_lazy as _

from audit.refusal import Refused

MOST_BYTES = 5 * 1024 * 1024
MOST_DOTS = 60_000_000
ODD = _("Send a photo or scan as JPEG, PNG or PDF, as your camera or scanner made it.")
EMPTY = _("This file is empty. Choose another one.")
LARGE = _("This file is larger than 5 MB. A smaller photo will do.")
# What makes a PDF do something when it is opened, or carry other files.
ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|OpenAction|AA|RichMedia|XFA|GoToR|SubmitForm)\b")
TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}
PNG = b"\x89PNG\r\n\x1a\n"


def kind(data: bytes) -> str:
    """ "pdf", "jpeg" or "png". Raises Refused (field "file") for anything else."""
    if not data:
        raise Refused(str(EMPTY), code="file_empty", field="file")
    if len(data) > MOST_BYTES:
        raise Refused(str(LARGE), code="file_large", field="file")
    found = "pdf" if _pdf(data) else "jpeg" if _jpeg(data) else "png" if _png(data) else ""
    if not found:
        raise Refused(str(ODD), code="file_kind", field="file")
    return found


def _pdf(data: bytes) -> bool:
    if not re.match(rb"%PDF-[12]\.\d", data) or not re.search(rb"%%EOF\s*\Z", data[-32:]):
        return False
    return not ACTIVE.search(data) and b"/Encrypt" not in data


def _jpeg(data: bytes) -> bool:
    """From the first marker through the segments to the end, where nothing follows."""
    if data[:3] != b"\xff\xd8\xff":
        return False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        mark, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            return False
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            high, wide = struct.unpack(">HH", data[at + 5 : at + 9])
            if not 0 < high * wide <= MOST_DOTS:
                return False
        at += 2 + length
        if mark == 0xDA:  # what follows is the picture: it ends with the only end marker
            return data.endswith(b"\xff\xd9") and data.find(b"\xff\xd9", at) == len(data) - 2
    return False


def _png(data: bytes) -> bool:
    """Every chunk with its checksum, from IHDR to IEND, where nothing follows."""
    if not data.startswith(PNG) or data[12:16] != b"IHDR" or len(data) < 45:
        return False
    wide, high = struct.unpack(">II", data[16:24])
    at, name = len(PNG), b""
    while at + 12 <= len(data) and name != b"IEND":
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 8 + length
        if data[end : end + 4] != zlib.crc32(data[at + 4 : end]).to_bytes(4, "big"):
            return False
        at = end + 4
    return name == b"IEND" and at == len(data) and 0 < wide * high <= MOST_DOTS
