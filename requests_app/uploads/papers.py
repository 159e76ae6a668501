"""PDF: documents without anything that runs, opens, sends or hides. Pure.

No reader is written here, and none is trusted: the bytes are searched for the names that every reader needs in order to act,
as they are, with their `#xx` escapes undone, and unpacked where a PDF may pack its objects (object streams). What cannot be
searched (encrypted, packed in an unusual way) is refused.
"""

import re
import zlib

MAGIC = b"%PDF-"
ACTIVE = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|Rendition|SubmitForm|ImportData|GoToR|GoToE|XFA)(?![A-Za-z0-9])"
)
LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
PACKED = re.compile(rb"/ObjStm(?![A-Za-z0-9])")
STREAM = re.compile(rb"stream\r?\n")
TAIL = re.compile(rb"%%EOF[\s\x00]*\Z")
ZIP_END = b"PK\x05\x06"
MOST_UNPACKED = 64 * 1024 * 1024
MOST_STREAMS = 5000
PIECE = 64 * 1024
# A stream's dictionary is short, and stands around the name of its type.
NEAR = 2048

# What is wrong: something behind its end; it runs, opens, sends or hides something; it cannot be looked into.
WRONG_END, RUNS, SHUT = "end", "runs", "shut"


def fault(data: bytes) -> str:
    """What is wrong with this PDF, as a code; nothing for one that may come in."""
    if not TAIL.search(data[-1024:]) or ZIP_END in data[-70_000:]:
        return WRONG_END
    flat = _plain(data)
    if LOCKED.search(flat):
        return SHUT
    if ACTIVE.search(flat):
        return RUNS
    return _packed_fault(data)


def _packed_fault(data: bytes) -> str:
    """Objects may lie in compressed object streams: each is unpacked, within bounds, and searched as well."""
    left, seen = MOST_UNPACKED, set[int]()
    if len(PACKED.findall(_plain(data))) != len(PACKED.findall(data)):
        return SHUT  # nobody writes the name of that type in escapes, unless to hide it
    for number, found in enumerate(PACKED.finditer(data)):
        start = STREAM.search(data, found.end(), found.end() + NEAR)
        head = data[max(0, found.start() - NEAR) : start.start() if start else found.end()]
        head = head[head.rfind(b" obj") + 1 :]
        if start is None or number >= MOST_STREAMS or b"FlateDecode" not in head or _odd(head) or left < 1:
            return SHUT
        if start.end() in seen:
            continue
        seen.add(start.end())
        unpacked = _unpacked(data, start.end(), left)
        if unpacked is None:
            return SHUT
        left -= len(unpacked)
        if ACTIVE.search(_plain(unpacked)):
            return RUNS
    return ""


def _odd(head: bytes) -> bool:
    """Packed twice, or with a predictor: legal, and in no object stream that a common program writes."""
    return head.count(b"Decode") - head.count(b"DecodeParms") > 1 or b"DecodeParms" in head or b"Crypt" in head


def _unpacked(data: bytes, start: int, most: int) -> bytes | None:
    """The bytes of a packed stream, if they are no more than `most` and end as they should."""
    worker, plain = zlib.decompressobj(), bytearray()
    try:
        for at in range(start, len(data), PIECE):
            plain += worker.decompress(data[at : at + PIECE], most - len(plain) + 1)
            if worker.eof or worker.unconsumed_tail or len(plain) > most:
                break
    except zlib.error:
        return None
    return bytes(plain) if worker.eof and len(plain) <= most else None


def _plain(data: bytes) -> bytes:
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)
