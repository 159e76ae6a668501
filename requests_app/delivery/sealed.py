"""A stream that is encrypted while it is written, so that plain bytes never reach the disk. Pure but for `cryptography`.

Format: 8 magic bytes, then frames of up to 64 KiB plain text, each AES-256-GCM with its 16-byte tag. The nonce is the frame's
number, for every file has a key of its own; number and "this is the last frame" are authenticated. So a frame that was
changed, moved, left out or cut off does not decrypt. The frame layout is that of STREAM (Hoang, Reyhanitabar, Rogaway,
Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015).
"""

import hashlib
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"POSEAL1\n"
FRAME = 64 * 1024
TAG = 16


class Tampered(Exception):
    """The file is not what was written, or the key is another one's."""


def new_key() -> bytes:
    """A random 256-bit key for one file."""
    return secrets.token_bytes(32)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(number: int, last: bool) -> bytes:
    return MAGIC + number.to_bytes(8, "big") + (b"\x01" if last else b"\x00")


class Writer:
    """A writable, non-seekable binary stream over `target`; `close` writes the last frame and leaves `target` open."""

    def __init__(self, target: BinaryIO, key: bytes) -> None:
        self._target = target
        self._cipher = AESGCM(key)
        self._buffer = bytearray()
        self._number = 0
        self._digest = hashlib.sha256()
        self.size = 0
        self.closed = False
        target.write(MAGIC)

    def write(self, data: bytes) -> int:
        """Take `data`; whole frames go out once more follows them, for the last one is marked."""
        self._digest.update(data)
        self.size += len(data)
        self._buffer += data
        while len(self._buffer) > FRAME:
            self._frame(bytes(self._buffer[:FRAME]), last=False)
            del self._buffer[:FRAME]
        return len(data)

    def flush(self) -> None:
        """Nothing: a frame is written when it is full."""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Write the last frame."""
        if not self.closed:
            self._frame(bytes(self._buffer), last=True)
            self._buffer.clear()
            self.closed = True

    @property
    def digest(self) -> str:
        """SHA-256 of what was written so far, plain."""
        return self._digest.hexdigest()

    def _frame(self, plain: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number), plain, _bound(self._number, last)))
        self._number += 1


def read(source: BinaryIO, key: bytes) -> Iterator[bytes]:
    """The plain bytes, a frame at a time; each is checked before it is handed out. Raises Tampered."""
    if source.read(len(MAGIC)) != MAGIC:
        raise Tampered("this is not a sealed file")
    cipher = AESGCM(key)
    number = 0
    sealed = source.read(FRAME + TAG)
    while True:
        following = source.read(FRAME + TAG)
        try:
            yield cipher.decrypt(_nonce(number), sealed, _bound(number, last=not following))
        except InvalidTag as error:
            raise Tampered(f"frame {number} is not what was written") from error
        if not following:
            return
        sealed, number = following, number + 1
