"""Copies in a folder of this machine. Links are never followed, and nothing outside of the folder is touched."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.files_disk import NO_LINKS, Folder
from connectors.stores.item import Item, Locked, Rule


class Foldered:
    """See `connectors.stores.item.Store`. A file's age is that of its content (mtime)."""

    def __init__(self, folder: str) -> None:
        self.folder = Folder(folder)

    def items(self, pattern: str) -> Iterator[Item]:
        """Every plain file below the folder that fits."""
        if not self.folder.root.is_dir():
            raise Temporary("connection")  # not mounted, perhaps: an empty folder would say that every copy is gone
        yield from self._below("", pattern)

    def _below(self, above: str, pattern: str) -> Iterator[Item]:
        with self._opened(above) as fd, os.scandir(fd) as entries:
            for entry in entries:
                name = f"{above}/{entry.name}".lstrip("/")
                if entry.is_dir(follow_symlinks=False):
                    yield from self._below(name, pattern)
                elif entry.is_file(follow_symlinks=False) and fits(name, pattern):
                    about = entry.stat(follow_symlinks=False)
                    yield Item(name, datetime.fromtimestamp(about.st_mtime, UTC), about.st_size)

    def delete(self, item: Item) -> None:
        """Remove the file, if it is still the one that was listed."""
        above, _, last = item.name.rpartition("/")
        try:
            with self._opened(above) as fd:
                about = os.stat(last, dir_fd=fd, follow_symlinks=False)
                if not stat.S_ISREG(about.st_mode) or datetime.fromtimestamp(about.st_mtime, UTC) != item.taken_at:
                    raise Temporary("changed")  # another file has its name by now
                os.unlink(last, dir_fd=fd)
                os.fsync(fd)
        except FileNotFoundError:
            return
        except PermissionError:
            raise Locked(None) from None

    def rule(self) -> Rule | None:
        """A folder has no rules of its own."""
        return None

    def set_rule(self, days: int) -> None:
        """Raises Permanent."""
        raise Permanent("schema", "A folder has no lifecycle rule. Let us end the copies, or name whoever does.")

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """A folder below the root, part by part: no part may be a link."""
        fd = os.open(self.folder.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in filter(None, name.split("/")):
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | NO_LINKS, dir_fd=fd)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)


def fits(name: str, pattern: str) -> bool:
    """Whether a name fits: a pattern without a slash is about the last part."""
    return not pattern or fnmatchcase(name if "/" in pattern else name.rpartition("/")[2], pattern)
