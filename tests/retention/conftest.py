"""A shop on SQLite whose visits are kept for six months, and the colleagues around it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.kinds import sql_engines
from inventory.models import Collection
from retention.models import Schedule
from tests.connectors.conftest import postgresql as postgresql
from tests.connectors.shop import Shop, open_shop
from tests.consent.builders import colleague


@pytest.fixture
def shop(db: None, tmp_path: Path) -> Iterator[Shop]:
    """Anna, Ben and Cleo with a visit a day each, from 1 to 25 January 2026."""
    one = open_shop(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    yield one
    one.engine.dispose()
    sql_engines.close_all()


@pytest.fixture
def staff(db: None) -> SimpleNamespace:
    """Nora writes schedules and may approve; so may Paul and Rosa; Ole may nothing."""
    approve = "retention.approve_run"
    return SimpleNamespace(
        nora=colleague("nora", approve),
        paul=colleague("paul", approve),
        rosa=colleague("rosa", approve),
        ole=colleague("ole"),
    )


@pytest.fixture
def schedule(shop: Shop, staff: SimpleNamespace) -> Schedule:
    """Visits go after six months."""
    return Schedule.objects.create(
        key="visits", title="Visits", collection=Collection.objects.get(name="visits"), period=6, unit="months",
        reason="Longer than that, nobody looks at them.", grace_hours=24, author=staff.nora,
    )  # fmt: skip
