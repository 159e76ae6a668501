"""A small company, two colleagues and a mailbox."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from requests_app.models import Request  # noqa: F401
from tests.requests_app import builders


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
