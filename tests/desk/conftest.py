"""A small company with Ada and Bob, and room for colleagues."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.requests_app import builders


@pytest.fixture
def company(db, tmp_path, settings) -> SimpleNamespace:
    """The company's database, its inventory, its recipients."""
    settings.PARCEL_DIR = tmp_path / "parcels"
    path = builders.company_database(Path(tmp_path))
    return SimpleNamespace(path=path, system=builders.inventory(path), recipients=builders.recipients())
