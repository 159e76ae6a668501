"""PNG and JPEG, drawn anew: the picture is kept, everything else of the file is not. Pure but for Pillow."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

MAGIC = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff"}
ENDINGS = {"PNG": ".png", "JPEG": ".jpg"}
MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg"}
# About the largest scan that anybody sends (A3 at 400 dpi); 120 MB while it is open.
MOST_PIXELS = 40_000_000
FAULTS = (
    UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, MemoryError, TypeError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


class Unreadable(Exception):
    """Not a picture of that kind, a broken one, or one too large to open."""


def kind(data: bytes) -> str:
    """ "PNG", "JPEG", or nothing."""
    return next((name for name, magic in MAGIC.items() if data.startswith(magic)), "")


def redrawn(data: bytes, name: str) -> bytes:
    """The same picture in a new file, upright and without metadata. Raises Unreadable.

    The size stands in the header and is looked at before a single pixel is unpacked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=(name,)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Unreadable("too many pixels")
                picture.load()
                upright = ImageOps.exif_transpose(picture)
        return _saved(upright, name)
    except FAULTS as error:
        raise Unreadable(type(error).__name__) from error


def _saved(picture: Image.Image, name: str) -> bytes:
    modes = ("L", "RGB") if name == "JPEG" else ("1", "L", "LA", "RGB", "RGBA")
    plain = picture if picture.mode in modes else picture.convert("RGB" if name == "JPEG" else "RGBA")
    bare = Image.new(
        plain.mode, plain.size
    )  # a new picture: what hangs on the old one (comments, profiles) stays there
    bare.paste(plain)
    target = io.BytesIO()
    bare.save(target, name, **({"quality": 88} if name == "JPEG" else {"compress_level": 6}))
    return target.getvalue()
