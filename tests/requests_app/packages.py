"""Opens packages for tests: paths are those within the bag's one folder."""

import hashlib
import io
import zipfile
from typing import Any


class Opened:
    """A package that was fetched."""

    def __init__(self, data: bytes, archive: Any = None) -> None:
        self.zip = archive or zipfile.ZipFile(io.BytesIO(data))
        assert self.zip.testzip() is None
        folders = {name.partition("/")[0] for name in self.zip.namelist()}
        assert len(folders) == 1, "a bag is one folder"
        self.folder = folders.pop()

    def names(self) -> list[str]:
        return [name.removeprefix(f"{self.folder}/") for name in self.zip.namelist()]

    def read(self, name: str) -> bytes:
        return self.zip.read(f"{self.folder}/{name}")

    def text(self) -> str:
        return "".join(self.read(name).decode("utf-8", "replace") for name in self.names())

    def broken(self) -> list[str]:
        """Files that are not what the manifests say, or that no manifest names."""
        said = dict[str, str]()
        for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
            for line in self.read(manifest).decode().splitlines():
                digest, _, path = line.partition("  ")
                said[path] = digest
        there = set(self.names()) - {"tagmanifest-sha256.txt"}
        return sorted(
            (there ^ set(said)) | {path for path in there & set(said) if _digest(self.read(path)) != said[path]}
        )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
