"""Files in a folder of this machine: never outside of it, and replaced as a whole or not at all.

A change writes a new file beside the old one, brings it to the disk, and takes its place in one step. One lock file per
folder keeps two of our workers apart; a worker that is killed loses the lock, and the next one clears its leavings away.
Other programs know nothing of the lock, so the old file is looked at once more before its place is taken: what was written
to it meanwhile is never lost, the work begins anew.
"""

import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from connectors.kinds.base import Permanent, Temporary

LOCK, OURS = ".privacyops.lock", ".privacyops-"
LOCK_SECONDS = 5.0
PIECE = 1 << 20
NO_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC
MOST_FILES = 10_000


class Folder:
    """The files below one folder. Paths are relative to it, "/" between."""

    old_versions = False

    def __init__(self, folder: str) -> None:
        self.root = Path(folder).resolve()
        ours = (Path(settings.STATE_DIR).resolve(), Path(settings.BASE_DIR).resolve())
        if any(self.root == one or self.root in one.parents or one in self.root.parents for one in ours):
            raise Permanent(
                "connection", "The folder holds the portal's own files. Name the folder of the other system."
            )

    def names(self, pattern: tuple[str, ...]) -> list[str]:
        """The files that a pattern names, in order. Raises Permanent for a link, which may lead outside."""
        if not self.root.is_dir():
            raise Temporary("connection")  # not mounted, perhaps: an empty folder would hold nothing of anybody
        found = [""]
        for depth, part in enumerate(pattern):
            last = depth == len(pattern) - 1
            found = [name for above in found for name in self._within(above, part, files=last)]
        if len(found) > MOST_FILES:
            raise Permanent("schema", "A pattern names more files than we take. Make it narrower, then retry.")
        return sorted(found)

    def _within(self, above: str, part: str, *, files: bool) -> Iterator[str]:
        with self._folder(above) as fd:
            for entry in os.scandir(fd):
                if entry.name.startswith(".") or not fnmatchcase(entry.name, part):
                    continue
                if entry.is_symlink():
                    raise Permanent(
                        "connection", "A file or folder that the pattern names is a link, and links are not followed. Put "
                        "the file itself there, then retry.",
                    )  # fmt: skip
                if entry.is_file(follow_symlinks=False) if files else entry.is_dir(follow_symlinks=False):
                    yield f"{above}/{entry.name}".lstrip("/")

    @contextmanager
    def _folder(self, name: str) -> Iterator[int]:
        """The folder itself or one below it, opened part by part: no part may be a link."""
        fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in filter(None, name.split("/")):
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | NO_LINKS, dir_fd=fd)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """The content of a file as it is now."""
        above, _, last = name.rpartition("/")
        with self._folder(above) as fd, open(os.open(last, os.O_RDONLY | NO_LINKS, dir_fd=fd), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Temporary("changed")
            yield stream

    def writable(self, name: str) -> bool:
        """Whether our account may replace a file: write to it, and to its folder and the one with the lock."""
        some = (self.root, (self.root / name).parent, self.root / name)
        return all(os.access(one, os.W_OK, effective_ids=True) for one in some)

    @contextmanager
    def changing(self) -> Iterator["FolderChange"]:
        """One change: what was written takes its place at the end, or nothing does."""
        fd = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | NO_LINKS, 0o600)
        change = FolderChange(self)
        try:
            _lock(fd)
            self._tidy()
            yield change
            change.commit()
        finally:
            change.drop()
            os.close(fd)

    def _tidy(self) -> None:
        """What a killed worker left behind holds people's data. We have the lock, so nobody is writing it."""
        for path in self.root.rglob(f"{OURS}*"):
            if not path.is_symlink() and path.is_file() and path.name != LOCK:
                path.unlink()

    def purge(self, pattern: tuple[str, ...]) -> None:
        """Nothing: a folder keeps no old versions."""


def _lock(fd: int) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        if time.monotonic() > end:
            raise Temporary("locked")
        time.sleep(0.05)


class FolderChange:
    """New files beside the old ones, until they take their place."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.staged: dict[str, tuple[str, tuple[Any, ...]]] = {}  # name -> (its new file, what the old one was)
        self.parts: list[str] = []

    def names(self, pattern: tuple[str, ...]) -> list[str]:
        """The files that a pattern names."""
        return self.folder.names(pattern)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """The content of a file as this change leaves it."""
        with self.folder.reading(self.staged[name][0] if name in self.staged else name) as stream:
            yield stream

    @contextmanager
    def rewriting(self, name: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """(the content so far, where the new content goes)."""
        above, _, _ = name.rpartition("/")
        part = f"{above}/{OURS}{secrets.token_hex(8)}".lstrip("/")
        before = self.staged[name][1] if name in self.staged else self._state(name)
        self.parts.append(part)
        with self.reading(name) as source, self.folder._folder(above) as fd:
            new = os.open(part.rpartition("/")[2], os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o600, dir_fd=fd)
            with open(new, "wb") as target:
                yield source, target
                target.flush()
                _alike(source.fileno(), new)
                os.fsync(new)
        self.staged[name] = (part, before)

    def _state(self, name: str) -> tuple[Any, ...]:
        """What a file is: its place on the disk, its size, its time, its content."""
        with self.folder.reading(name) as stream:
            sha, about = hashlib.sha256(), os.fstat(stream.fileno())
            if about.st_nlink > 1:
                raise Permanent(
                    "schema", "A file has a second name (a hard link), under which the old rows would stay. Take that name "
                    "away, then retry.",
                )  # fmt: skip
            while piece := stream.read(PIECE):
                sha.update(piece)
            return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, sha.hexdigest())

    def commit(self) -> None:
        """Look at all old files once more, then let the new ones take their places. Raises Temporary for one that changed."""
        for name, (_, before) in self.staged.items():
            if self._state(name) != before:
                raise Temporary("changed")
        for name, (part, _) in self.staged.items():
            above, _, last = name.rpartition("/")
            with self.folder._folder(above) as fd:
                os.replace(part.rpartition("/")[2], last, src_dir_fd=fd, dst_dir_fd=fd)
                os.fsync(fd)
        self.staged.clear()

    def drop(self) -> None:
        """Take away what did not take its place."""
        for part in self.parts:
            with suppress(FileNotFoundError):
                (self.folder.root / part).unlink()


def _alike(old: int, new: int) -> None:
    """The new file gets the old one's owner, rights and labels. Raises PermissionError when it cannot."""
    about = os.fstat(old)
    os.fchown(new, about.st_uid, about.st_gid)
    os.fchmod(new, stat.S_IMODE(about.st_mode))
    for name in os.listxattr(old):
        if name.startswith(("user.", "system.posix_acl")):
            os.setxattr(new, name, os.getxattr(old, name))
