"""The file of a sealed archive: AES-256-GCM in frames, so that it is written and read with flat memory.

A header of 16 bytes (the archive's id), then frames: four bytes of length, then ciphertext. Each frame's nonce is its number;
id, number and whether it is the last are authenticated, so that frames can be neither swapped, nor dropped, nor cut off. The
key is made for this one file, so a number is never used twice.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from subjects.vault import Undecryptable

FRAME = 1 << 18


def write(path: Path, archive_id: UUID, key: bytes, lines: Iterable[bytes]) -> tuple[int, int, str]:
    """Write the lines, replace what was there in one step; (lines, bytes, SHA-256 of the file)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".part")
    cipher, sha, count, number, waiting = AESGCM(key), hashlib.sha256(), 0, 0, bytearray()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:

        def put(piece: bytes) -> None:
            sha.update(piece)
            out.write(piece)

        def frame(plain: bytes, last: bool) -> None:
            sealed = cipher.encrypt(_nonce(number), plain, _bound(archive_id, number, last))
            put(struct.pack(">I", len(sealed)) + sealed)

        put(archive_id.bytes)
        for line in lines:
            waiting += line + b"\n"
            count += 1
            while len(waiting) >= FRAME:
                frame(bytes(waiting[:FRAME]), False)
                del waiting[:FRAME]
                number += 1
        frame(bytes(waiting), True)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, path)
    return count, path.stat().st_size, sha.hexdigest()


def read(path: Path, archive_id: UUID, key: bytes) -> Iterator[bytes]:
    """The lines. Raises Undecryptable for a file that was changed or cut off, FileNotFoundError."""
    cipher, rest = AESGCM(key), b""
    with path.open("rb") as source:
        if source.read(16) != archive_id.bytes:
            raise Undecryptable("this is the file of another archive")
        number, head = 0, source.read(4)
        if not head:
            raise Undecryptable("the archive was cut off")
        while head:
            sealed = source.read(struct.unpack(">I", head)[0] if len(head) == 4 else 0)
            head = source.read(4)
            try:
                rest += cipher.decrypt(_nonce(number), sealed, _bound(archive_id, number, not head))
            except InvalidTag:
                raise Undecryptable("the archive was changed or cut off") from None
            number += 1
            *whole, rest = rest.split(b"\n")
            yield from whole


def sha256(path: Path) -> str:
    """The digest of a file."""
    sha = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def _nonce(number: int) -> bytes:
    return struct.pack(">IQ", 0, number)


def _bound(archive_id: UUID, number: int, last: bool) -> bytes:
    return archive_id.bytes + struct.pack(">Q?", number, last)
