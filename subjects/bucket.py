"""Packages in a bucket of an S3-compatible store: `s3://[key:secret@]bucket[/prefix][?endpoint=https://...&region=...]`.

Without a key in the address the usual places are asked (environment, instance role). boto3 is the library of the
protocol's owner.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

SECONDS = 20


class Bucket:
    """See `stores.Store`. Every failure is an OSError without the library's text, which may name keys."""

    def __init__(self, address: str, within: str = "") -> None:
        parts = urlsplit(address)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.bucket, self.prefix = (
            parts.hostname or "",
            "/".join(filter(None, (unquote(parts.path).strip("/"), within))),
        )
        self.client = boto3.client(
            "s3",
            endpoint_url=options.get("endpoint"),
            region_name=options.get("region", "us-east-1"),
            aws_access_key_id=unquote(parts.username) if parts.username else None,
            aws_secret_access_key=unquote(parts.password) if parts.password else None,
            config=Config(
                connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 3, "mode": "standard"}
            ),
        )

    def keep(self, draft: Path, name: str) -> None:
        """Upload in parts, then forget the draft."""
        with _told():
            self.client.upload_file(str(draft), self.bucket, self._key(name))
        draft.unlink(missing_ok=True)

    def open(self, name: str) -> BinaryIO:
        """A nameless copy beside the drafts: ciphertext as in the bucket, and it can be sought in."""
        settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ExitStack() as undo, _told():
            copy = undo.enter_context(tempfile.TemporaryFile(dir=settings.PARCEL_DIR))
            self.client.download_fileobj(self.bucket, self._key(name), copy)
            copy.seek(0)
            undo.pop_all()
        return cast(BinaryIO, copy)

    def remove(self, name: str) -> None:
        with _told():
            self.client.delete_object(Bucket=self.bucket, Key=self._key(name))

    def older(self, limit: datetime) -> Iterator[str]:
        start = f"{self.prefix}/" if self.prefix else ""
        with _told():
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=start):
                for one in page.get("Contents", ()):
                    name = one["Key"].removeprefix(start)
                    if one["LastModified"] < limit and "/" not in name:  # what lies deeper is another store's
                        yield name

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise OSError(f"the store of packages failed: {type(error).__name__}") from None
