"""A PNG picture, taken apart and written anew: pixels and colours stay, everything else is left behind. Pure: no framework.

So a file that is two things at once, carries a place or a name, or unpacks to gigabytes does not get onto our pages.
"""

import struct
import zlib
from collections.abc import Iterator

MARK = b"\x89PNG\r\n\x1a\n"
WIDEST, HIGHEST = 1600, 800
# Depths that PNG allows for each colour type, and its samples per pixel.
SHAPES = {0: ((1, 2, 4, 8, 16), 1), 2: ((8, 16), 3), 3: ((1, 2, 4, 8), 1), 4: ((8, 16), 2), 6: ((8, 16), 4)}


class Unfit(ValueError):
    """Not a picture that we take; the message says why, for the person who chose it."""


def cleaned(data: bytes) -> bytes:
    """The picture with nothing but its pixels, palette and transparency. Raises Unfit."""
    if not data.startswith(MARK):
        raise Unfit("This is not a PNG picture. Save the logo as PNG and choose that file.")
    kept: dict[bytes, bytes] = {}
    for kind, body in _chunks(data):
        if kind == b"IDAT":
            kept[kind] = kept.get(kind, b"") + body
        elif kind in (b"IHDR", b"PLTE", b"tRNS"):
            kept.setdefault(kind, body)
    if b"IHDR" not in kept or b"IDAT" not in kept:
        raise Unfit("This picture is incomplete. Save it as PNG once more.")
    raw = _pixels(kept[b"IHDR"], kept[b"IDAT"])
    made = MARK + _chunk(b"IHDR", kept[b"IHDR"])
    for kind in (b"PLTE", b"tRNS"):
        if kind in kept:
            made += _chunk(kind, kept[kind])
    return made + _chunk(b"IDAT", zlib.compress(raw, 9)) + _chunk(b"IEND", b"")


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture that `cleaned` made."""
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(MARK)
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        if len(body) != length or check != struct.pack(">I", zlib.crc32(kind + body)):
            raise Unfit("This picture is damaged. Save it as PNG once more.")
        if kind == b"IEND":
            return
        yield kind, body
        at += 12 + length
    raise Unfit("This picture is cut off. Save it as PNG once more.")


def _pixels(head: bytes, packed: bytes) -> bytes:
    if len(head) != 13:
        raise Unfit("This picture is damaged. Save it as PNG once more.")
    width, height, depth, colour, _, _, woven = struct.unpack(">IIBBBBB", head)
    depths, samples = SHAPES.get(colour, ((), 0))
    if depth not in depths or head[10:12] != b"\0\0":
        raise Unfit("This kind of PNG is unknown. Save it as an ordinary PNG with 8 bits for each colour.")
    if woven:
        raise Unfit("Save the PNG without interlacing.")
    if not (0 < width <= WIDEST and 0 < height <= HIGHEST):
        raise Unfit(f"The picture is {width} × {height} pixels; at most {WIDEST} × {HIGHEST} are taken.")
    line = (width * samples * depth + 7) // 8 + 1
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(packed, line * height + 1)
    except zlib.error as error:
        raise Unfit("This picture is damaged. Save it as PNG once more.") from error
    if len(raw) != line * height or any(raw[at] > 4 for at in range(0, len(raw), line)):
        raise Unfit("This picture is damaged. Save it as PNG once more.")
    return raw


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
