"""A ZIP that can be checked without us: a BagIt bag (RFC 8493, version 1.0), written front to back.

Everything lies in one folder that is named after the request. What is under `data/` is the payload; pages and descriptions
beside it are tag files. Each has its SHA-256 in a manifest.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PAYLOAD = "data/"


@dataclass(frozen=True)
class Entry:
    """One file: its plain length in bytes and its SHA-256 in hex."""

    size: int
    digest: str


class Sink(io.RawIOBase):
    """An open file of a bag: bytes go in and are counted."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """All of `data`."""
        self._hash.update(data)
        self._size += len(data)
        self._out.write(bytes(data))
        return len(data)

    @property
    def entry(self) -> Entry:
        return Entry(self._size, self._hash.hexdigest())


class Bag:
    """Files by path within the bag; `seal` writes the manifests and must come last."""

    def __init__(self, target: BinaryIO, name: str) -> None:
        self._archive = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self.name = name
        self.entries: dict[str, Entry] = {}

    @contextmanager
    def open(self, path: str) -> Iterator[Sink]:
        """A new file. ZIP takes one after the other."""
        # force_zip64: how long the file gets is not known before it is written.
        with self._archive.open(f"{self.name}/{path}", "w", force_zip64=True) as out:
            sink = Sink(out)
            yield sink
        self.entries[path] = sink.entry

    def put(self, path: str, content: str | bytes) -> None:
        """A file as a whole."""
        with self.open(path) as out:
            out.write(content.encode() if isinstance(content, str) else content)

    def seal(self, info: Mapping[str, str]) -> None:
        """Write bagit.txt, bag-info.txt (`info` and the payload's measure) and the manifests, and close the ZIP."""
        payload = {path: one for path, one in self.entries.items() if path.startswith(PAYLOAD)}
        measure = f"{sum(one.size for one in payload.values())}.{len(payload)}"
        lines = [f"{label}: {' '.join(value.split())}\n" for label, value in {**info, "Payload-Oxum": measure}.items()]
        self.put("bagit.txt", DECLARATION)
        self.put("bag-info.txt", "".join(lines))
        self.put("manifest-sha256.txt", _manifest(payload))
        tags = {path: one for path, one in self.entries.items() if not path.startswith(PAYLOAD)}
        self.put("tagmanifest-sha256.txt", _manifest(tags))
        self._archive.close()

    def __enter__(self) -> "Bag":
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        """After an error no directory is written: what is there is no bag."""
        if kind is not None:
            self._archive.fp = None


def _manifest(entries: Mapping[str, Entry]) -> str:
    return "".join(f"{one.digest}  {path}\n" for path, one in sorted(entries.items()))
