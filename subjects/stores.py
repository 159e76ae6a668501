"""Where sealed packages lie: in a folder of this machine, or in a bucket of an S3-compatible store (setting PARCEL_STORE).

Both only ever see ciphertext. A package is written to a draft in PARCEL_DIR first; `keep` makes it stay under its name.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from django.conf import settings


class Store(Protocol):
    """Names are random and end in ".zip.sealed"."""

    def keep(self, draft: Path, name: str) -> None:
        """Store a finished draft under `name`, durably; the draft may be gone afterwards. Raises OSError."""

    def open(self, name: str) -> BinaryIO:
        """The sealed bytes, seekable. Raises OSError."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing where it is not. Raises OSError."""

    def older(self, limit: datetime) -> Iterator[str]:
        """Names of files that were last written before `limit`."""


def store() -> Store:
    """The store of packages that the settings name."""
    return _named(settings.PARCEL_DIR, "")


def files() -> Store:
    """The store of files that came or went with messages and mail: beside the packages, in a folder of its own."""
    return _named(settings.UPLOAD_DIR, "files")


def demands() -> Store:
    """The store of sealed copies of what left for an authority."""
    return _named(settings.DEMAND_DIR, "demands")


def _named(folder: Path, within: str) -> Store:
    if not settings.PARCEL_STORE:
        return Folder(folder)
    # Loaded by name: who keeps packages in a folder does not pay for the S3 library.
    made: Store = import_module("subjects.bucket").Bucket(settings.PARCEL_STORE, within)
    return made


class Folder:
    """A folder with mode 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, draft: Path, name: str) -> None:
        """Rename: whole or not at all."""
        os.replace(draft, self.folder / name)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, (self.folder / name).open("rb"))

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def older(self, limit: datetime) -> Iterator[str]:
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.is_file() and datetime.fromtimestamp(path.stat().st_mtime, UTC) < limit:
                yield path.name
