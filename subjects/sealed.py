"""A stream that is encrypted while it is written, so that plain bytes never reach the disk. Pure but for `cryptography`.

Format: 8 magic bytes, then frames of up to 64 KiB plain text, each AES-256-GCM with its 16-byte tag. The nonce is the frame's
number, for every file has a key of its own; number and "this is the last frame" are authenticated. So a frame that was
changed, moved, left out or cut off does not decrypt. The frame layout is that of STREAM (Hoang, Reyhanitabar, Rogaway,
Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015).
"""

import hashlib
import io
import secrets
from collections.abc import Iterator
from typing import Any, BinaryIO

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


def opened(source: BinaryIO, key: bytes) -> io.BufferedReader:
    """The plain bytes of a sealed file as a seekable stream. Raises Tampered here or when it is read."""
    return io.BufferedReader(_Plain(source, key), FRAME)


class _Plain(io.RawIOBase):
    """The plain bytes of a sealed file as a seekable, readable stream: a frame is decrypted when it is asked for.

    Raises Tampered from `read`. Closing it closes `source`.
    """

    def __init__(self, source: BinaryIO, key: bytes) -> None:
        self._source, self._cipher = source, AESGCM(key)
        whole = source.seek(0, io.SEEK_END) - len(MAGIC)
        self._frames = max(1, -(-whole // (FRAME + TAG)))
        self._length = max(0, whole - self._frames * TAG)
        self._at = 0
        self._kept: tuple[int, bytes] = (-1, b"")
        source.seek(0)
        if source.read(len(MAGIC)) != MAGIC:
            raise Tampered("this is not a sealed file")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, target: Any) -> int:
        """Up to a frame's rest."""
        if self._at >= self._length:
            return 0
        number, begin = divmod(self._at, FRAME)
        piece = self._frame(number)[begin : begin + len(target)]
        target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._source.close()
        super().close()

    def _frame(self, number: int) -> bytes:
        if self._kept[0] != number:
            self._source.seek(len(MAGIC) + number * (FRAME + TAG))
            data = self._source.read(FRAME + TAG)
            try:
                plain = self._cipher.decrypt(_nonce(number), data, _bound(number, number == self._frames - 1))
            except InvalidTag as error:
                raise Tampered(f"frame {number} is not what was written") from error
            self._kept = (number, plain)
        return self._kept[1]
