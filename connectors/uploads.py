"""Which files a colleague may hand in: told by what is in them, never by what they are called."""

import io
import zipfile
from typing import Any

from django.core.files.base import File

from audit.refusal import Refused

MOST_BYTES = 10 * 1024 * 1024
KINDS = "PDF, JPEG, PNG, TXT, CSV or DOCX"
MARKS = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


def taken(file: "File[Any]") -> tuple[str, bytes]:
    """(extension, content) of an uploaded file. Raises Refused when it is empty, too big or of another kind."""
    if not file.size:
        raise Refused("This file is empty. Choose another one.", code="file_empty", field="file")
    if file.size > MOST_BYTES:
        raise Refused("This file is larger than 10 MB. Hand it in in parts.", code="file_size", field="file")
    content = bytes(file.read())
    return extension(content, file.name or ""), content


def extension(content: bytes, name: str = "") -> str:
    """pdf, jpg, png, docx, csv or txt, by the content; `name` only tells CSV from TXT. Raises Refused for anything else."""
    for mark, found in MARKS:
        if content.startswith(mark):
            return found
    if content.startswith(b"PK\x03\x04"):
        return _docx(content)
    return _text(content, name)


def _docx(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise _odd() from None
    # A document with macros is another format; under this name it would still run them.
    if not {"[Content_Types].xml", "word/document.xml"} <= names or any("vbaproject" in one.lower() for one in names):
        raise _odd()
    return "docx"


def _text(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _odd() from None
    if any(ord(one) < 32 and one not in "\t\r\n\f" for one in text):
        raise _odd()
    return "csv" if name.lower().endswith(".csv") else "txt"


def _odd() -> Refused:
    return Refused(
        f"This file is none that we take. Hand in {KINDS}; save texts as UTF-8.", code="file_kind", field="file"
    )
