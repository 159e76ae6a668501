"""The contract's world in a bucket of a real server process (moto), with keys and rights of its own."""

import atexit
import json
import os
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from connectors.kinds import base
from tests.connectors.contract import Row
from tests.connectors.world_files import Disk, from_jsonl
from tests.house.tree import ROOT
from tests.processes import free_port

SERVER = Path(os.environ.get("S3_SERVER") or ROOT / "var" / "foreign" / "s3" / "bin" / "moto_server")
PREFIX = "exports/2026/"
ALL, READ = ["s3:*"], ["s3:Get*", "s3:List*"]


class Store:
    """The server, and a login of the test's own that may do everything."""

    def __init__(self) -> None:
        if not SERVER.exists():
            pytest.fail("The S3 server is not installed; `make foreign` installs it and runs this.")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [str(SERVER), "-H", "127.0.0.1", "-p", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        login = {"aws_access_key_id": "root", "aws_secret_access_key": "root", "region_name": "us-east-1"}
        self.s3: Any = boto3.client("s3", endpoint_url=self.url, **login)
        self.iam: Any = boto3.client("iam", endpoint_url=self.url, **login)
        for _ in range(150):
            try:
                self.s3.list_buckets()
                return
            except EndpointConnectionError:
                time.sleep(0.1)
        raise RuntimeError("the S3 server did not start")

    def key(self, actions: list[str]) -> tuple[str, str]:
        """A new key with these rights."""
        name = f"user-{len(self.iam.list_users()['Users'])}"
        self.iam.create_user(UserName=name)
        words = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(words))
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    @contextmanager
    def strict(self) -> Iterator[None]:
        """The server asks who is there; otherwise it believes everybody."""
        self._ask(b"0")
        yield
        self._ask(b"1000000000")

    def _ask(self, number: bytes) -> None:
        plain = urllib.request.Request(f"{self.url}/moto-api/reset-auth", number, {"content-type": "text/plain"})
        urllib.request.urlopen(plain, timeout=10).close()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@lru_cache
def server() -> Store:
    """One server for the whole run."""
    one = Store()
    atexit.register(one.close)
    return one


class S3(Disk):
    """JSON lines below a prefix of a bucket."""

    name, form = "files-s3", "jsonl"
    lacks = {}

    def store(self, name: str, content: bytes) -> None:
        if not hasattr(self, "server"):
            self.server, self.bucket = server(), f"po-{secrets.token_hex(6)}"
            self.server.s3.create_bucket(Bucket=self.bucket)
            self.login = self.server.key(ALL)
        self.server.s3.put_object(Bucket=self.bucket, Key=PREFIX + name, Body=content)

    def stored(self, name: str) -> list[bytes]:
        keys = self.server.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{PREFIX}{name}-").get("Contents", ())
        return [self.server.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in keys]

    def address(self, login: tuple[str, str] | None = None, url: str = "") -> str:
        user, secret = (quote(one, safe="") for one in login or self.login)
        return f"s3://{user}:{secret}@{self.bucket}/{PREFIX}?endpoint={quote(url or self.server.url)}"

    def rows(self, name: str) -> list[Row]:
        return sorted(
            (row for one in self.stored(name) for row in from_jsonl(one)), key=lambda row: str(list(row.values()))
        )

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        if what == "missing":
            for one in self.server.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{PREFIX}people-")["Contents"]:
                self.server.s3.delete_object(Bucket=self.bucket, Key=one["Key"])
            yield self.kind
        elif what == "away":
            yield lambda: self.opened(self.address(url="http://127.0.0.1:9"))
        else:
            login = self.server.key(READ) if what == "read_only" else (self.login[0], "no such secret")
            with self.server.strict():
                yield lambda: self.opened(self.address(login))


WORLDS = [S3]
