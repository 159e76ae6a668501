"""What stands in a Fides dataset file: the keys that are read, and those that are known but say nothing to us. Pure."""

import re
from collections.abc import Mapping

# Level -> keys that are read.
READ: Mapping[str, frozenset[str]] = {
    "file": frozenset({"dataset", "system", "data_category"}),
    "dataset": frozenset({"fides_key", "name", "description", "collections", "data_categories"}),
    "dataset meta": frozenset({"after"}),
    "collection": frozenset({"name", "description", "data_categories", "fields"}),
    "collection meta": frozenset({"after", "erase_after", "skip_processing", "masking_strategy_override"}),
    "field": frozenset({"name", "description", "data_categories", "fields"}),
    "field meta": frozenset({
        "primary_key", "identity", "references", "data_type", "length", "return_all_elements", "read_only",
        "masking_strategy_override",
    }),
}  # fmt: skip
_OLD = "older files carry it; it is not read"
_REDACT = "names are not hidden in our reports; it is not read"
# Level -> key -> what somebody should know or do.
TOLD: Mapping[str, Mapping[str, str]] = {
    "file": dict.fromkeys(
        ("policy", "organization", "data_use", "data_subject", "registry", "data_qualifier"), "is not read here"
    ),
    "dataset": {
        "organization_fides_key": "",
        "tags": "is not read", "meta": "is not read", "data_qualifier": _OLD, "joint_controller": _OLD,
        "third_country_transfers": "name the recipient and the country under Recipients; it is not read",
        "retention": "make a retention schedule of it; it is not read",
    },
    "dataset meta": {
        "namespace": "collections keep their plain names; name the schema in the connection's address, for PostgreSQL "
        "?options=-csearch_path%3DSCHEMA",
        "resource_id": "is not read", "redact": _REDACT,
    },
    "collection": {"data_qualifier": _OLD, "retention": "make a retention schedule of it; it is not read"},
    "collection meta": {
        "partitioning": "we read in chunks by the primary key; it is not read", "redact": _REDACT,
    },
    "field": {"data_qualifier": _OLD, "retention": "make a retention schedule of it; it is not read"},
    "field meta": {
        "custom_request_field": "a search starts at identifiers only; it is not read", "redact": _REDACT,
    },
}  # fmt: skip
META = ("fides_meta", "fidesops_meta")
SCALARS = ("string", "integer", "float", "boolean", "object_id", "object")
TYPES = frozenset(f"{one}{end}" for one in SCALARS for end in ("", "[]"))
NESTING = ("object", "object[]")
FIDES_KEY = re.compile(r"[A-Za-z0-9_.<>-]+")
# Identities that go by another word here. Others keep theirs.
IDENTITIES = {"phone_number": "phone"}
IDENTITIES_BACK = {ours: theirs for theirs, ours in IDENTITIES.items()}
# Which way data flows, seen from the field that holds the reference -> our direction. `to`: from this field to the target.
DIRECTIONS = {"to": "up", "from": "down", None: "both"}
DIRECTIONS_BACK = {ours: theirs for theirs, ours in DIRECTIONS.items()}


def our_key(key: str) -> str:
    """A dataset's key as ours: letters, digits, `_` and `-`, because a dot parts dataset and collection in our paths."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", key)
