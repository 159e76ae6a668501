"""The contract's world in Redis: the server of the tests' REDIS_URL or one on this machine, in a corner of its own."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import redis
import yaml

from connectors.kinds import base
from connectors.models import Connection
from tests.connectors.contract import KEYS, ROWS, SECRET, Row, World, by_key

URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
WHOLE = {"id", "points", "sender", "recipient", "person", "stars"}


class Redis(World):
    """Hashes under `<corner>:people:1`."""

    name = "redis"
    lacks = {"columns": "a hash takes any field, and one that is not there is empty"}

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        if not hasattr(self, "corner"):
            self.corner, self.client = f"po-{secrets.token_hex(6)}", redis.Redis.from_url(URL, decode_responses=True)
            try:
                self.client.ping()
            except redis.ConnectionError:
                del self.corner
                self.need("redis", False, "start Redis on 127.0.0.1:6379, or set TEST_REDIS_URL")
        self.empty("*")
        for name, some in rows.items():
            for row in some:
                key = ":".join(str(row[one]) for one in KEYS[name])
                held = {field: str(one) for field, one in row.items() if one is not None and field not in KEYS[name]}
                self.client.hset(f"{self.corner}:{name}:{key}", mapping=held)

    def empty(self, pattern: str) -> None:
        for name in self.client.scan_iter(f"{self.corner}:{pattern}", count=1000):
            self.client.delete(name)

    def kind(self) -> base.Kind:
        return self.opened(URL)

    def opened(self, address: str) -> base.Kind:
        names = {name: ":".join(f"{{{one}}}" for one in KEYS[name]) for name in ROWS}
        words = {"collections": {name: {"keys": f"{self.corner}:{name}:{one}"} for name, one in names.items()}}
        return base.open_kind(Connection(kind="redis", address=address, described=yaml.safe_dump(words)))

    def rows(self, name: str) -> list[Row]:
        found = []
        for key in self.client.scan_iter(f"{self.corner}:{name}:*", count=1000):
            parts = dict(zip(KEYS[name], key.split(":")[2:], strict=True))
            held = {
                field: int(one) if field in WHOLE else one for field, one in (self.client.hgetall(key) | parts).items()
            }
            found.append({field: held.get(field) for field in ROWS[name][0]})
        return by_key(name, found)

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        host = URL.partition("://")[2].rpartition("@")[2]
        if what == "missing":
            self.empty("people:*")
            yield self.kind
        elif what == "away":
            yield lambda: self.opened("redis://127.0.0.1:9/0")
        else:
            self.client.acl_setuser(
                self.corner, enabled=True, passwords=[f"+{SECRET}"], keys=["*"], categories=["+@read", "+@transaction"],
                commands=["+ping", "+select", "+client"],
            )  # fmt: skip
            wrong = "-wrong" if what == "credentials" else ""
            yield lambda: self.opened(f"redis://{self.corner}:{SECRET}{wrong}@{host}")
            self.client.acl_deluser(self.corner)

    def close(self) -> None:
        if hasattr(self, "corner"):
            self.empty("*")
            self.client.close()


WORLDS = [Redis]
