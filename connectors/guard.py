"""The one way by which HTTP leaves this portal: it cannot be turned against our own network.

A host is resolved once, every address that it has is judged, and the connection goes to one of the very addresses that were
judged: a name server that answers differently the second time is not asked a second time. No proxy of the environment is
used, no redirect followed, no compressed answer unpacked, and every call ends: in bytes and in seconds.
"""

import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore2
from django.conf import settings
from httpcore2 import NetworkBackend, NetworkStream, SyncBackend

from connectors.guarded import Forbidden, Place, judge, networks, place

__all__ = ["Answer", "Forbidden", "NoAnswer", "Place", "TooLarge", "addresses", "call", "place"]

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
CALL_SECONDS = 40.0  # below the lease of a work order (LEASE_SECONDS, 60)
MOST_BYTES = 16 * 1024 * 1024
MOST_ADDRESSES = 4

# Its debug lines carry headers, and so secrets and tokens.
logging.getLogger("httpcore2").setLevel(logging.WARNING)

Resolver = Callable[[str, int], list[str]]
_deadline: ContextVar[float] = ContextVar("deadline")


class NoAnswer(Exception):
    """The other side cannot be reached now, or does not end. `code`: name, connection, timeout, protocol; tls is for a
    certificate that is not to be trusted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TooLarge(Exception):
    """The answer has more bytes than we take."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers with names in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order of the system's resolver. Raises NoAnswer for an unknown name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise NoAnswer("name")
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def addresses(host: str, port: int, resolver: Resolver = resolve) -> list[str]:
    """The addresses of a host, all judged. Raises Forbidden when a single one is not to be reached, NoAnswer."""
    allowed = networks(tuple(settings.OUTGOING_NETWORKS))
    found = resolver(host, port)
    for one in found:
        judge(one, allowed)
    return found[:MOST_ADDRESSES]


class GuardedBackend(NetworkBackend):
    """Opens sockets to judged addresses only. TLS and the Host header keep the name, which the pool above knows."""

    def __init__(self, resolver: Resolver = resolve, inner: NetworkBackend | None = None) -> None:
        self.resolver, self.inner = resolver, inner or SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """A stream to the first judged address that takes the connection."""
        failure: Exception = NoAnswer("name")
        for one in addresses(host, port, self.resolver):
            try:
                stream = self.inner.connect_tcp(one, port, _left(timeout), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> NetworkStream:
        """Never: a socket on this machine is our own network."""
        raise Forbidden("Sockets on this machine are not called.")


class _Timed(NetworkStream):
    """A stream that ends with the call's time, however slowly the other side drips."""

    def __init__(self, inner: NetworkStream) -> None:
        self.inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        untrusted = False
        try:
            return _Timed(self.inner.start_tls(ssl_context, server_hostname, _left(timeout)))
        except httpcore2.ConnectError as error:
            untrusted = isinstance(error.__cause__, ssl.SSLCertVerificationError)
            if not untrusted:
                raise
        raise NoAnswer("tls")

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(timeout: float | None) -> float:
    """The seconds until the call must end, at most `timeout`. Raises httpcore2.ReadTimeout when none are left."""
    left = _deadline.get(time.monotonic() + CALL_SECONDS) - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the call took too long")
    return min(left, timeout or left)


def new_pool(backend: NetworkBackend | None = None) -> httpcore2.ConnectionPool:
    """Connections that are kept open for a while; by default behind the guard."""
    return httpcore2.ConnectionPool(
        ssl_context=httpcore2.default_ssl_context(),
        max_connections=10,
        max_keepalive_connections=4,
        keepalive_expiry=15.0,
        network_backend=backend or GuardedBackend(),
    )


@lru_cache(maxsize=2)
def _pool(process: int, allowed: tuple[str, ...]) -> httpcore2.ConnectionPool:
    # For each process: a connection must not be used on both sides of a fork. And anew when the allowed networks change.
    return new_pool()


def call(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    seconds: float = CALL_SECONDS,
    most_bytes: int = MOST_BYTES,
    cut: bool = False,
    pool: httpcore2.ConnectionPool | None = None,
) -> Answer:
    """One request and its whole answer, whatever its status. Raises Forbidden, NoAnswer or TooLarge; none of them carries
    anything of the request. `cut`: of a longer body only the beginning is read, for whom the status is enough.
    """
    to = place(url)
    sent = {"host": to.authority, "accept-encoding": "identity", **{key.lower(): one for key, one in headers.items()}}
    if body:
        sent["content-length"] = str(len(body))
    token = _deadline.set(time.monotonic() + seconds)
    failure = ""
    try:
        through = pool or _pool(os.getpid(), tuple(settings.OUTGOING_NETWORKS))
        return _call(through, method, to, sent, body, most_bytes, cut)
    except (httpcore2.TimeoutException, TimeoutError):
        failure = "timeout"
    except httpcore2.ProtocolError:
        failure = "protocol"
    except (httpcore2.NetworkError, OSError):
        failure = "connection"
    finally:
        _deadline.reset(token)
    raise NoAnswer(failure) from None


def _call(
    pool: httpcore2.ConnectionPool, method: str, to: Place, headers: Mapping[str, str], body: bytes, most: int,
    cut: bool,
) -> Answer:  # fmt: skip
    pairs = [(key.encode("ascii"), one.encode("latin-1")) for key, one in headers.items()]
    target = httpcore2.URL(scheme=to.scheme.encode(), host=to.host.encode(), port=to.port, target=to.target.encode())
    times = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": CONNECT_SECONDS}
    with pool.stream(method, target, headers=pairs, content=body or None, extensions={"timeout": times}) as answer:
        found = {key.decode("latin-1").lower(): one.decode("latin-1") for key, one in answer.headers}
        if not cut and found.get("content-length", "").isdigit() and int(found["content-length"]) > most:
            raise TooLarge
        parts, size = [], 0
        for part in answer.iter_stream():
            size += len(part)
            parts.append(part)
            if size > most and not cut:
                raise TooLarge
            if size > most:
                break
        return Answer(answer.status, found, b"".join(parts)[:most] if cut else b"".join(parts))
