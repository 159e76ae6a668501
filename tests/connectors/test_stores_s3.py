"""Backups in a bucket of a real S3 server: every version is listed and ended, locks are respected, the rule is set and read."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from connectors import stores
from retention import copies
from retention.models import CopySet, StoredCopy
from tests.connectors.world_s3 import ALL, READ, Store, server
from tests.consent.builders import CLERK

pytestmark = [pytest.mark.s3, pytest.mark.django_db]


class Bucket:
    """A bucket of a test's own, with backups below a prefix."""

    def __init__(self, *, locked: bool = False) -> None:
        self.server: Store = server()
        self.name = f"po-{secrets.token_hex(6)}"
        self.server.s3.create_bucket(Bucket=self.name, ObjectLockEnabledForBucket=locked)
        self.login = self.server.key(ALL)

    def put(self, name: str, **more: Any) -> None:
        self.server.s3.put_object(Bucket=self.name, Key=f"dumps/{name}", Body=b"x" * 10, **more)

    def address(self, login: tuple[str, str] | None = None) -> str:
        user, secret = (quote(one, safe="") for one in login or self.login)
        return f"s3://{user}:{secret}@{self.name}/dumps/?endpoint={quote(self.server.url)}"

    def versions(self) -> list[str]:
        found = self.server.s3.list_object_versions(Bucket=self.name)
        return [one["Key"] for one in found.get("Versions", ())]

    def rules(self) -> list[dict[str, Any]]:
        return list(self.server.s3.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"])


@pytest.fixture
def bucket(settings) -> Bucket:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    return Bucket()


def registered(bucket: Bucket, **more: Any) -> CopySet:
    given = {"key": "dumps", "title": "Dumps", "kind": "objects", "place": "Bucket", "kept_days": 30, "expiry": "ours",
             "pattern": "*.dump", "verified_at": timezone.now()} | more  # fmt: skip
    return CopySet.objects.create(address=bucket.address(), **given)


def later(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


def test_what_is_past_its_date_goes_with_all_its_versions_and_nothing_else(bucket: Bucket) -> None:
    bucket.server.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    bucket.put("a.dump")
    bucket.put("a.dump")
    bucket.put("readme.txt")
    bucket.server.s3.put_object(Bucket=bucket.name, Key="other/a.dump", Body=b"y")
    bucket.server.s3.delete_object(Bucket=bucket.name, Key="dumps/a.dump")  # only marks it
    one = registered(bucket)
    assert copies.look(one, timezone.now(), actor=CLERK) == "2 copies are there."
    assert "2 past their date were deleted" in copies.look(one, later(31), actor=CLERK)
    assert sorted(bucket.versions()) == ["dumps/readme.txt", "other/a.dump"]
    assert StoredCopy.objects.filter(state="gone", ended_by_us=True).count() == 2


def test_an_object_lock_is_respected_and_told(settings) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    bucket = Bucket(locked=True)
    until = datetime.now(UTC) + timedelta(days=400)
    bucket.put("a.dump", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)
    bucket.put("b.dump")
    words = copies.look(registered(bucket), later(31), actor=CLERK)
    assert "1 past their date were deleted. 1 past their date are locked" in words
    row = StoredCopy.objects.get(state="locked")
    assert row.name.startswith("a.dump") and abs(row.locked_until - until) < timedelta(days=1)
    assert bucket.versions() == ["dumps/a.dump"]


def test_the_lifecycle_rule_is_set_beside_others_verified_and_made_stricter(bucket: Bucket) -> None:
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
    bucket.server.s3.put_bucket_lifecycle_configuration(Bucket=bucket.name, LifecycleConfiguration={"Rules": [theirs]})
    one = registered(bucket, expiry="lifecycle")
    assert "was told to end them after 30 days" in copies.look(one, timezone.now(), actor=CLERK)
    assert {rule["ID"]: rule["Expiration"]["Days"] for rule in bucket.rules()} == {
        "theirs": 3,
        "privacyops-limit-dumps": 30,
    }
    assert "ends them after 30 days" in copies.look(one, timezone.now(), actor=CLERK)
    CopySet.objects.update(kept_days=7)
    copies.look(CopySet.objects.get(), timezone.now(), actor=CLERK)
    assert {rule["ID"]: rule["Expiration"]["Days"] for rule in bucket.rules()}["privacyops-limit-dumps"] == 7
    store = stores.open_store(bucket.address())
    assert store.rule() == stores.Rule(7, 1)


def test_a_rule_for_some_objects_only_promises_nothing(bucket: Bucket) -> None:
    tagged = {"ID": "t", "Status": "Enabled", "Expiration": {"Days": 3},
              "Filter": {"And": {"Prefix": "dumps/", "Tags": [{"Key": "a", "Value": "b"}]}}}  # fmt: skip
    bucket.server.s3.put_bucket_lifecycle_configuration(Bucket=bucket.name, LifecycleConfiguration={"Rules": [tagged]})
    assert stores.open_store(bucket.address()).rule() == stores.Rule(None)


def test_a_key_that_may_not_is_told_and_nothing_is_called_gone(bucket: Bucket) -> None:
    bucket.put("a.dump")
    copies.look(registered(bucket), timezone.now(), actor=CLERK)
    CopySet.objects.update(address=bucket.address(bucket.server.key(READ)))
    with bucket.server.strict():
        words = copies.look(CopySet.objects.get(), later(31), actor=CLERK)
    assert "refuses" in words and not CopySet.objects.get().sound and bucket.versions() == ["dumps/a.dump"]
    assert StoredCopy.objects.get().state in ("there", "ending")
