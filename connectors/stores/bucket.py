"""Copies in a bucket of an S3-compatible store: every version of every object, object lock, and the lifecycle rule."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from connectors.kinds.base import Permanent
from connectors.kinds.files_s3_calls import client, told
from connectors.kinds.files_spec import Address
from connectors.stores.folder import fits
from connectors.stores.item import Item, Locked, Rule

OURS = "privacyops-limit"


class Bucketed:
    """See `connectors.stores.item.Store`."""

    def __init__(self, to: Address) -> None:
        self.to, self.client = to, client(to)

    def items(self, pattern: str) -> Iterator[Item]:
        """All versions, markers of deletion aside: what was only marked as deleted is still there."""
        with told():
            pages = self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.to.bucket, Prefix=self.to.prefix
            )
            for page in pages:
                for one in page.get("Versions", ()):
                    name = one["Key"].removeprefix(self.to.prefix)
                    if fits(name, pattern):
                        version = "" if one.get("VersionId") in (None, "null") else one["VersionId"]
                        yield Item(name, one["LastModified"].astimezone(UTC), one["Size"], version, one["IsLatest"])

    def delete(self, item: Item) -> None:
        """Delete this version for good, and the marker of deletion that may be left alone."""
        which: dict[str, Any] = {"Bucket": self.to.bucket, "Key": self.to.prefix + item.name}
        if item.version:
            which["VersionId"] = item.version
        until = self._locked_until(which)
        if until is not None and until > datetime.now(UTC):
            raise Locked(until)
        try:
            with told():
                self.client.delete_object(**which)
        except Permanent as error:
            if error.code == "permission" and item.version:  # a hold without a date, or no right to versions
                raise Locked(None) from None
            raise

    def _locked_until(self, which: dict[str, Any]) -> datetime | None:
        """Until when object lock keeps it; None where there is no lock or the store knows none. Raises Locked for a hold."""
        try:
            found = self.client.head_object(**which)
        except ClientError:
            return None  # gone, or not for us to see: the deletion will tell
        if found.get("ObjectLockLegalHoldStatus") == "ON":
            raise Locked(None)
        until = found.get("ObjectLockRetainUntilDate")
        return until.astimezone(UTC) if until else None

    def rule(self) -> Rule | None:
        """The strictest enabled rule that covers the whole prefix."""
        days = [one["Expiration"]["Days"] for one in self._rules() if "Days" in one.get("Expiration", {})]
        old = [
            one["NoncurrentVersionExpiration"]["NoncurrentDays"]
            for one in self._rules()
            if "NoncurrentDays" in one.get("NoncurrentVersionExpiration", {})
        ]
        return Rule(min(days, default=None), min(old, default=None))

    def _rules(self) -> list[dict[str, Any]]:
        return [one for one in self._all() if one.get("Status") == "Enabled" and self._covers(one)]

    def _covers(self, rule: dict[str, Any]) -> bool:
        """Whether it is for everything below our prefix: a rule for some tags or sizes only promises nothing."""
        where = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
        return set(where) <= {"Prefix"} and self.to.prefix.startswith(where.get("Prefix", ""))

    def _all(self) -> list[dict[str, Any]]:
        try:
            found = self.client.get_bucket_lifecycle_configuration(Bucket=self.to.bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchLifecycleConfiguration":
                return []
            with told():
                raise
        return list(found.get("Rules", ()))

    def set_rule(self, days: int) -> None:
        """Put our rule beside those that are there, in one call: the store knows only whole sets of rules."""
        mine = {
            "ID": f"{OURS}-{self.to.prefix.strip('/') or 'all'}"[:255],
            "Status": "Enabled",
            "Filter": {"Prefix": self.to.prefix},
            "Expiration": {"Days": days},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
        rest = [one for one in self._all() if one.get("ID") != mine["ID"]]
        with told():
            self.client.put_bucket_lifecycle_configuration(
                Bucket=self.to.bucket, LifecycleConfiguration={"Rules": [*rest, mine]}
            )
