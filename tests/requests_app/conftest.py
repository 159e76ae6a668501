"""A small company, two colleagues and a mailbox."""

import itertools
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import pytest

from audit import failpoints
from requests_app.models import Request  # noqa: F401
from tests.requests_app import builders
from tests.requests_app.dovecot import HOW, PROGRAM, Dovecot

_users = (f"box{number}" for number in itertools.count())


@pytest.fixture
def company(db, tmp_path, settings) -> SimpleNamespace:
    """The company's database, its inventory, its recipients; packages go to a folder of this test."""
    settings.PARCEL_DIR = tmp_path / "parcels"
    settings.COMPANY_NAME = "Hireline"
    path = builders.company_database(Path(tmp_path))
    system = builders.inventory(path)
    return SimpleNamespace(path=path, system=system, recipients=builders.recipients())


@pytest.fixture
def rita(db):
    """Reviews requests."""
    return builders.reviewer()


@pytest.fixture
def paul(db):
    """Approves as second person."""
    return builders.approver()


@pytest.fixture(scope="session")
def server():
    if not PROGRAM:
        yield None
        return
    started = Dovecot()
    yield started
    started.stop()


@pytest.fixture
def box(server, need, settings, tmp_path, company):
    """A mailbox of its own on the server; `box(message)` delivers."""
    need("Dovecot", server is not None, HOW)
    user = next(_users)
    settings.UPLOAD_DIR = tmp_path / "files"
    settings.MAILBOX_IMAP_URL, settings.SITE_HOST = server.url(user), "privacy.hireline.example"
    settings.COMPANY_EMAIL = "privacy@hireline.example"

    class Box:
        name = user

        def __call__(self, message: EmailMessage | bytes, **more: object) -> None:
            server.deliver(user, message, **more)

        def seen(self, folder: str = "INBOX") -> tuple[int, int]:
            return server.seen(user, folder)

    yield Box()
    failpoints.arm("")
