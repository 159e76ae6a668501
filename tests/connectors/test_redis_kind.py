"""Hashes in Redis: what others write to a row meanwhile is seen, and a key that could name another row is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.kinds.base import Mask, Permanent, Temporary
from tests.connectors.contract import ROWS, SPECS
from tests.connectors.world_redis import Redis


@pytest.fixture
def world(tmp_path: Path, need: Callable) -> Iterator[Redis]:
    one = Redis(tmp_path, need)
    try:
        one.fill(ROWS)
        yield one
    finally:
        one.close()


def test_a_row_that_changes_meanwhile_is_not_written_over(world: Redis) -> None:
    with pytest.raises(Temporary) as error, world.kind().changing() as session:
        session.update(SPECS["people"], [(1,), (2,)], {"name": Mask("[erased]")}, {})
        world.client.hset(f"{world.corner}:people:2", "name", "Benjamin")
    assert error.value.code == "changed"
    assert [row["name"] for row in world.rows("people")][:2] == ["Ada Lovelace", "Benjamin"]


def test_expiry_times_stay_and_a_part_of_a_key_never_reaches_into_another(world: Redis) -> None:
    world.client.expire(f"{world.corner}:people:1", 1000)
    with world.kind().changing() as session:
        session.update(SPECS["people"], [(1,)], {"name": Mask("[erased]")}, {})
        with pytest.raises(Permanent):
            session.delete(SPECS["ratings"], [("1:a", "b")], {})
    assert world.client.ttl(f"{world.corner}:people:1") > 0
