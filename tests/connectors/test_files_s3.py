"""Files in a bucket: other writers' work is not lost, old versions go or are told of, nothing leaves but through the guard."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.kinds import base, files_s3
from connectors.kinds.base import Mask, Permanent, Temporary
from connectors.kinds.files_spec import address
from tests.connectors.contract import PEOPLE, ROWS, SPECS
from tests.connectors.world_s3 import PREFIX, S3

pytestmark = pytest.mark.s3


@pytest.fixture
def world(tmp_path: Path, need: Callable, settings) -> Iterator[S3]:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    one = S3(tmp_path, need)
    one.fill(ROWS)
    yield one
    one.close()


def versions(world: S3) -> list[str]:
    found = world.server.s3.list_object_versions(Bucket=world.bucket, Prefix=f"{PREFIX}people-").get("Versions", ())
    return [one["Key"] for one in found]


def test_what_another_program_writes_meanwhile_is_not_lost(world: S3) -> None:
    with pytest.raises(Temporary) as error, world.kind().changing() as session:
        session.delete(SPECS["people"], [(1,)], {})
        world.store(
            "people-0.jsonl", b'{"id": 9, "email": "x", "name": "X", "phone": null, "joined_on": null, "points": 1}\n'
        )
    assert error.value.code == "changed" and world.rows("people")[-1]["id"] == 9


def test_the_condition_is_the_stores_own_and_not_only_a_look_before(world: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    real = files_s3.BucketChange._tags

    def late(self: files_s3.BucketChange, name: str) -> dict[str, str]:
        world.store(
            "people-0.jsonl", b'{"id": 9, "email": "x", "name": "X", "phone": null, "joined_on": null, "points": 1}\n'
        )
        return real(self, name)

    monkeypatch.setattr(files_s3.BucketChange, "_tags", late)
    with pytest.raises(Temporary) as error, world.kind().changing() as session:
        session.delete(SPECS["people"], [(1,)], {})
    assert error.value.code == "changed" and world.rows("people")[-1]["id"] == 9


def test_a_large_object_is_replaced_in_parts_with_its_headers_and_tags(
    world: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_s3, "PIECE", 5 * 1024 * 1024)
    many = [{**PEOPLE[0], "id": one, "name": "N" * 200} for one in range(36_000)]
    world.fill({"people": many})
    name = f"{PREFIX}people-0.jsonl"
    content = world.server.s3.get_object(Bucket=world.bucket, Key=name)["Body"].read()
    assert len(content) > 5 * 1024 * 1024
    world.server.s3.put_object(
        Bucket=world.bucket, Key=name, Body=content, ContentType="application/x-ndjson", Metadata={"made-by": "crm"},
        Tagging="team=crm",
    )  # fmt: skip
    with world.kind().changing() as session:
        assert session.delete(SPECS["people"], [(1,), (2,)], {}) == 2
    about = world.server.s3.head_object(Bucket=world.bucket, Key=name)
    assert (about["ContentType"], about["Metadata"]) == ("application/x-ndjson", {"made-by": "crm"})
    tags = world.server.s3.get_object_tagging(Bucket=world.bucket, Key=name)["TagSet"]
    assert tags == [{"Key": "team", "Value": "crm"}] and len(world.rows("people")) == 35_998


def test_old_versions_are_asked_about_then_deleted_or_kept_in_words(world: S3) -> None:
    world.server.s3.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration={"Status": "Enabled"})
    world.fill(ROWS)
    plain = world.description()
    with pytest.raises(Permanent) as error:
        base.ready(world.kind(), SPECS["people"], None)
    assert "old versions" in error.value.sentence and "d.people" in error.value.sentence
    world.description = lambda: plain | {"old_versions": "keep"}  # type: ignore[method-assign]
    base.ready(world.kind(), SPECS["people"], None)
    assert "stay in the bucket" in world.kind().check() and len(versions(world)) == 4
    world.description = lambda: plain | {"old_versions": "delete"}  # type: ignore[method-assign]
    with world.kind().changing() as session:
        session.update(SPECS["people"], [(1,)], {"name": Mask("x")}, {})
    assert len(versions(world)) == 2 and world.rows("people")[0]["name"] == "x"
    world.store(
        "people-0.jsonl", b""
    )  # a worker that was killed between: an old version, and nothing to change any more
    with world.kind().changing() as session:
        assert session.delete(SPECS["people"], [(1,)], {}) == 0
    assert len(versions(world)) == 2


def test_a_store_in_our_own_network_is_refused_unless_it_is_allowed(world: S3, settings) -> None:
    settings.OUTGOING_NETWORKS = []
    with pytest.raises(Permanent) as error:
        world.kind().check()
    assert "OUTGOING_NETWORKS" in error.value.sentence


@pytest.mark.parametrize(
    "wrong",
    [
        "s3://bucket/x",
        "s3://k:s@bucket?endpoint=",
        "ftp://x",
        "file://host/x",
        "file:relative",
        "s3://k:s@B!/x",
        "{",
        "s3://k:s@bu/?a=1",
        '{"url": ' * 20_000,
        '{"url": "s3://bucket", "user": "k", "secret": "k:s\\ud800"}',
        "file:///srv/k:s%00",
    ],
)
def test_an_address_that_cannot_be_read_is_told_without_its_secret(wrong: str) -> None:
    if wrong.endswith("endpoint="):
        assert address(wrong).endpoint == "https://s3.us-east-1.amazonaws.com"
        return
    with pytest.raises(Permanent) as error:
        address(wrong)
    assert "k:s" not in error.value.sentence
