"""Files for the tests: good ones, and ones that are made to hurt. Made here, none is stored."""

import io
import struct
import zlib

from PIL import Image

CANARY = b"canary-of-the-photograph"


def png(size: tuple[int, int] = (8, 6), **more: object) -> bytes:
    """A small red picture."""
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, "PNG", **more)
    return target.getvalue()


def jpeg_with_place() -> bytes:
    """A photograph that tells where it was taken, lies on its side, and has words in its comment."""
    picture, exif, target = Image.new("RGB", (40, 20), "blue"), Image.Exif(), io.BytesIO()
    exif[0x010E] = CANARY.decode()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    picture.save(target, "JPEG", exif=exif, comment=CANARY)
    return target.getvalue()


def flood() -> bytes:
    """A PNG of a few hundred bytes that says it has 50,000 by 50,000 pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def pdf(*objects: bytes, tail: bytes = b"%%EOF\n") -> bytes:
    """A document of these objects."""
    body = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R/Fit]>>\nendobj\n" + b"".join(objects)
    return b"%PDF-1.7\n" + body + b"trailer\n<</Root 1 0 R>>\n" + tail


def packed(body: bytes, kind: bytes = b"/ObjStm", extra: bytes = b"") -> bytes:
    """Objects packed into a stream, as most programs write them."""
    data = zlib.compress(body)
    head = b"7 0 obj\n<</Type%s/N 1/First 4/Filter/FlateDecode%s/Length %d>>\nstream\r\n" % (kind, extra, len(data))
    return head + data + b"\nendstream\nendobj\n"
