"""A real mail server and a real webhook for notices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from audit import failpoints
from disclosures.models import Channel
from tests.disclosures import legal
from tests.disclosures.builders import Post
from tests.disclosures.listening import Receiver, listening


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    server = Post()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    yield server
    server.stop()


@pytest.fixture(scope="session")
def receiver_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with listening(tmp_path_factory.mktemp("receiver")) as one:
        yield one


@pytest.fixture
def receiver(receiver_process: Receiver, settings: Any) -> Receiver:
    """A recipient's webhook; this machine may be called."""
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    receiver_process.clear()
    return receiver_process


@pytest.fixture
def hook(receiver: Receiver, db: None) -> Channel:
    """One recipient who is told there."""
    return receiver.channel()


@pytest.fixture
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Where sealed copies of legal demands are kept."""
    settings.DEMAND_DIR = tmp_path / "demands"
    yield settings.DEMAND_DIR
    failpoints.arm("")


@pytest.fixture
def two(db: None) -> tuple[User, User]:
    """Who prepares a demand, and who approves it."""
    return legal.team()
