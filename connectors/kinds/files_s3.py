"""Files in a bucket of an S3-compatible store: read in pieces, replaced only if nobody wrote to them meanwhile.

New content waits in a file without a name on this machine (gone when the worker is) and replaces the object in one step,
under the condition that its ETag is still the one that was read. A store that does not know conditions is asked for the
ETag right before, which leaves a moment in which another writer's work is lost.
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import Any, BinaryIO, cast

from botocore.exceptions import ClientError

from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.files_disk import MOST_FILES
from connectors.kinds.files_s3_calls import client, told
from connectors.kinds.files_spec import Address

PIECE = 8 * 1024 * 1024  # of an object, in one call; stores take parts from 5 MiB on
UNKNOWN = {"NotImplemented", "InvalidArgument", "InvalidRequest", "501"}  # said by stores that know no If-Match
KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata", "StorageClass",
        "ServerSideEncryption", "SSEKMSKeyId", "WebsiteRedirectLocation")  # fmt: skip


class Bucket:
    """The objects below a prefix. Names are relative to it."""

    def __init__(self, to: Address) -> None:
        self.to, self.client = to, client(to)
        self._versions: bool | None = None

    @property
    def old_versions(self) -> bool:
        """Whether the bucket keeps old versions. Raises Permanent when we may not know."""
        if self._versions is None:
            with told():
                found = self.client.get_bucket_versioning(Bucket=self.to.bucket)
            self._versions = found.get("Status") in ("Enabled", "Suspended")
        return self._versions

    def names(self, pattern: tuple[str, ...]) -> list[str]:
        """The objects that a pattern names, in order."""
        found, start = list[str](), self._start(pattern)
        with told():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.to.bucket, Prefix=start)
            for page in pages:
                names = (one["Key"].removeprefix(self.to.prefix) for one in page.get("Contents", ()))
                found += [name for name in names if fits(name, pattern)]
                if len(found) > MOST_FILES:
                    raise Permanent("schema", "A pattern names more files than we take. Make it narrower, then retry.")
        return sorted(found)

    def _start(self, pattern: tuple[str, ...]) -> str:
        whole = "/".join(pattern)
        end = min((place for one in "*?[" if (place := whole.find(one)) >= 0), default=len(whole))
        return self.to.prefix + whole[:end]

    def about(self, name: str) -> dict[str, Any]:
        """An object's ETag, size and headers."""
        with told():
            return dict(self.client.head_object(Bucket=self.to.bucket, Key=self.to.prefix + name))

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """The content of an object, one version of it from beginning to end."""
        about = self.about(name)
        yield cast(BinaryIO, io.BufferedReader(Pieces(self, name, about["ETag"], about["ContentLength"]), PIECE))

    def writable(self, name: str) -> bool | None:
        """Nobody can tell without writing."""
        return None

    @contextmanager
    def changing(self) -> Iterator["BucketChange"]:
        """One change: what was written replaces the objects at the end, or nothing does."""
        change = BucketChange(self)
        try:
            yield change
            change.commit()
        finally:
            change.drop()

    def purge(self, pattern: tuple[str, ...]) -> None:
        """Delete all versions but the newest of the objects that a pattern names, also of those that were deleted. Raises
        Permanent when the store keeps one.
        """
        if not self.old_versions:
            return
        old = list[dict[str, str]]()
        with told():
            pages = self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.to.bucket, Prefix=self._start(pattern)
            )
            for page in pages:
                old += [
                    {"Key": one["Key"], "VersionId": one["VersionId"]}
                    for one in page.get("Versions", ())
                    if not one["IsLatest"] and fits(one["Key"].removeprefix(self.to.prefix), pattern)
                ]
        for one in old:  # one by one: the answer for many needs a checksum that not every store takes
            refused = False
            try:
                with told():
                    self.client.delete_object(Bucket=self.to.bucket, **one)
            except Permanent:
                refused = True
            if refused:
                raise Permanent(
                    "left", "Old versions of the files could not be deleted, and what was erased stays in them. Ask the "
                    "bucket's owner for the right to delete versions, or for the end of its lock; then retry.",
                )  # fmt: skip


class Pieces(io.RawIOBase):
    """An object as a stream; each piece is asked for under the same ETag. Raises Temporary when it changed meanwhile."""

    def __init__(self, bucket: Bucket, name: str, tag: str, size: int) -> None:
        self.bucket, self.name_of, self.tag, self.size, self.place = bucket, name, tag, size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """The next piece."""
        wanted = min(len(buffer), self.size - self.place)
        if wanted <= 0:
            return 0
        to = self.bucket.to
        span = f"bytes={self.place}-{self.place + wanted - 1}"
        with told():
            got = self.bucket.client.get_object(
                Bucket=to.bucket, Key=to.prefix + self.name_of, Range=span, IfMatch=self.tag
            )
            piece = got["Body"].read()
        if got["ETag"] != self.tag or len(piece) != wanted:
            raise Temporary("changed")
        buffer[:wanted] = piece
        self.place += wanted
        return wanted


class BucketChange:
    """New content in files without a name, until it replaces the objects."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.staged: dict[str, tuple[BinaryIO, str]] = {}  # name -> (new content, ETag of what it is made from)

    def names(self, pattern: tuple[str, ...]) -> list[str]:
        """The objects that a pattern names."""
        return self.bucket.names(pattern)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """The content of an object as this change leaves it."""
        if name in self.staged:
            stream = self.staged[name][0]
            stream.seek(0)
            yield stream
            return
        with self.bucket.reading(name) as stream:
            yield stream

    @contextmanager
    def rewriting(self, name: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """(the content so far, where the new content goes)."""
        tag = self.staged[name][1] if name in self.staged else self.bucket.about(name)["ETag"]
        target = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # open until the change ends
        with self.reading(name) as source:
            yield source, target
        if name in self.staged:
            self.staged[name][0].close()
        self.staged[name] = (target, tag)

    def commit(self) -> None:
        """Replace the objects, each on the condition that it is still what was read. Raises Temporary for one that is not."""
        for name, (stream, tag) in self.staged.items():
            about = self.bucket.about(name)
            if about["ETag"] != tag:
                raise Temporary("changed")
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            kept = {key: about[key] for key in KEPT if key in about} | self._tags(name)
            send = self._at_once if size <= PIECE else self._in_parts
            try:
                with told():
                    self._known(send, name, stream, tag, kept)
            finally:
                stream.seek(0)

    def _known(self, send: Any, name: str, stream: BinaryIO, tag: str, kept: dict[str, Any]) -> None:
        """Send with the condition; without it to a store that does not know it."""
        try:
            send(name, stream, {"IfMatch": tag}, kept)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in UNKNOWN:
                raise
            stream.seek(0)
            send(name, stream, {}, kept)

    def _at_once(self, name: str, stream: BinaryIO, condition: dict[str, str], kept: dict[str, Any]) -> None:
        to = self.bucket.to
        self.bucket.client.put_object(Bucket=to.bucket, Key=to.prefix + name, Body=stream.read(), **condition, **kept)

    def _in_parts(self, name: str, stream: BinaryIO, condition: dict[str, str], kept: dict[str, Any]) -> None:
        to, call = {"Bucket": self.bucket.to.bucket, "Key": self.bucket.to.prefix + name}, self.bucket.client
        upload = call.create_multipart_upload(**to, **kept)["UploadId"]
        whole = False
        try:
            done: list[dict[str, Any]] = []
            while piece := stream.read(PIECE):
                number = len(done) + 1
                part = call.upload_part(**to, UploadId=upload, PartNumber=number, Body=piece)
                done.append({"PartNumber": number, "ETag": part["ETag"]})
            call.complete_multipart_upload(**to, UploadId=upload, MultipartUpload={"Parts": done}, **condition)
            whole = True
        finally:
            if not whole:  # what was sent holds people's data, and a bucket keeps the parts
                with suppress(ClientError, Temporary, Permanent):
                    call.abort_multipart_upload(**to, UploadId=upload)

    def _tags(self, name: str) -> dict[str, str]:
        """The object's tags; none where we may not read them or the store has none."""
        try:
            found = self.bucket.client.get_object_tagging(
                Bucket=self.bucket.to.bucket, Key=self.bucket.to.prefix + name
            )
        except ClientError:
            return {}
        pairs = "&".join(f"{one['Key']}={one['Value']}" for one in found.get("TagSet", ()))
        return {"Tagging": pairs} if pairs else {}

    def drop(self) -> None:
        """Close, and so destroy, what was staged."""
        for stream, _ in self.staged.values():
            stream.close()


def fits(name: str, pattern: tuple[str, ...]) -> bool:
    """Whether a name is the pattern's, part by part."""
    parts = name.split("/")
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))
