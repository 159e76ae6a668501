"""The package as a ZIP with a password (AES-256, WinZip's AE-2), made while it is fetched: the password is kept nowhere."""

import io
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import pyzipper
from django.utils.translation import gettext

from audit.refusal import Refused
from subjects import sealed

SHORTEST, LONGEST = 12, 128
PIECE = 256 * 1024


def check(password: str, again: str) -> str:
    """A password that is long enough, typed twice the same; nothing where none was wanted. Raises Refused."""
    if not password and not again:
        return ""
    if password != again:
        raise Refused(
            gettext("The two passwords differ. Type the same one twice."), code="password_differs", field="password"
        )
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(
            gettext("Choose a password of %(least)d to %(most)d characters, or leave both fields empty.")
            % {"least": SHORTEST, "most": LONGEST},
            code="password_length", field="password",
        )  # fmt: skip
    return password


def pieces(source: BinaryIO, key: bytes, password: str) -> Iterator[bytes]:
    """The files of a sealed package, one after the other into a new ZIP that `password` opens; memory stays flat.

    Raises sealed.Tampered in the middle when the file is not what was written. Closes `source`.
    """
    pipe = _Pipe()
    with sealed.opened(source, key) as plain, zipfile.ZipFile(plain) as whole:
        with pyzipper.AESZipFile(pipe, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as target:
            target.setpassword(password.encode())
            for entry in whole.infolist():
                with whole.open(entry) as reads, target.open(entry.filename, "w", force_zip64=True) as writes:
                    while piece := reads.read(PIECE):
                        writes.write(piece)
                        yield pipe.take()
        yield pipe.take()


class _Pipe(io.RawIOBase):
    """What was written and not yet taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Keep it until it is taken."""
        self._held += data
        return len(data)

    def take(self) -> bytes:
        """What came since."""
        taken = bytes(self._held)
        self._held.clear()
        return taken
