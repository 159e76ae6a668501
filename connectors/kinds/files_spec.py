"""The description and the address of a system of files: read from YAML as a whole, every fault told with its line and path."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from audit.refusal import Refused
from connectors.kinds.base import Permanent
from connectors.kinds.http_part import FILE, Part
from inventory import storable
from inventory.descriptions.lines import parse

ENCODINGS = ("utf-8", "ascii", "latin-1", "iso-8859-15", "cp1252")
VERSIONS = ("", "delete", "keep")
ASKED = {"endpoint", "region", "path_style"}


@dataclass(frozen=True)
class Layout:
    """How the files of one collection are read and written."""

    place: str
    pattern: tuple[str, ...]  # by folder: each part of the path with * and ?
    format: str
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()
    null: str = ""
    digest: bool = False
    omits_nulls: bool = False
    may_be_missing: bool = False


@dataclass(frozen=True)
class Description:
    """All collections, and what becomes of old versions in a bucket that keeps them."""

    collections: Mapping[str, Layout]
    old_versions: str = ""


@dataclass(frozen=True)
class Address:
    """`folder` on this machine, or a bucket with what is needed to speak to its store."""

    folder: str = ""
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    user: str = ""
    secret: str = ""
    path_style: bool = True


def described(text: str) -> Description:
    """The description in a YAML text. Raises Permanent with the line and the path of the first fault."""
    if not text.strip():
        raise Permanent("connection", f"{FILE}: it is empty. Say in YAML which files hold what, then retry.")
    try:
        top = Part(parse(text, FILE), "")
    except Refused as error:
        raise Permanent("connection", error.message) from None
    top.only("collections", "old_versions")
    found = top.part("collections")
    if not found.row:
        top.refuse("collections", "is missing: describe at least one collection")
    return Description(
        {name: _layout(found.part(name)) for name in found.row}, top.choice("old_versions", VERSIONS, "")
    )


def _layout(part: Part) -> Layout:
    part.only(
        "files", "format", "delimiter", "quote", "encoding", "columns", "null", "key", "omits_nulls", "may_be_missing"
    )
    pattern = tuple(part.text("files").split("/"))
    if not all(pattern) or {".", ".."} & set(pattern) or "\\" in part.text("files"):
        part.refuse("files", "must be a pattern below the folder, such as customers-*.csv or 2026/*.jsonl, without ..")
    ending = "jsonl" if re.search(r"\.(jsonl|ndjson)(\.gz)?$", pattern[-1]) else "csv"
    delimiter, quote = part.text("delimiter") or ",", part.text("quote") if "quote" in part.row else '"'
    if len(delimiter) != 1 or delimiter in "\r\n":
        part.refuse("delimiter", 'must be one sign, such as ";" or "\\t"')
    if len(quote) > 1 or quote == delimiter:
        part.refuse("quote", 'must be one sign other than the delimiter, or "" for none')
    columns = part.row.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(one, str) and one for one in columns):
        part.refuse("columns", "must be a list of names: those of a file without a line of headings")
    return Layout(
        place=part.path,
        pattern=pattern,
        format=part.choice("format", ("csv", "jsonl"), ending),
        delimiter=delimiter,
        quote=quote,
        encoding=part.choice("encoding", ENCODINGS, "utf-8"),
        columns=tuple(columns),
        null=part.text("null"),
        digest=part.choice("key", ("columns", "digest"), "columns") == "digest",
        omits_nulls=part.flag("omits_nulls"),
        may_be_missing=part.flag("may_be_missing"),
    )


def address(stored: str) -> Address:
    """`file:///folder`, `s3://user:secret@bucket/prefix?endpoint=...`, or JSON with url, user and secret. Raises Permanent
    without a word of it.
    """
    found: Any = {"url": stored.strip()}
    if found["url"].startswith("{"):
        try:
            found = json.loads(stored)
        except (ValueError, RecursionError):
            found = {}
    texts = all(map(storable.is_text, found.values()))
    if not texts or not found.get("url") or found.keys() - {"url", "user", "secret"} or "%00" in found["url"]:
        raise _unreadable()
    try:
        parts = urlsplit(found["url"])
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _unreadable() from None
    if parts.scheme == "file" and not parts.netloc and not asked and parts.path.startswith("/"):
        return Address(folder=unquote(parts.path))
    login, _, bucket = parts.netloc.rpartition("@")
    if parts.scheme != "s3" or asked.keys() - ASKED or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise _unreadable()
    user, _, secret = login.partition(":")
    region, prefix = asked.get("region", "us-east-1"), unquote(parts.path).strip("/")
    made = Address(
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=asked.get("endpoint") or f"https://s3.{region}.amazonaws.com",
        region=region,
        user=found.get("user") or unquote(user),
        secret=found.get("secret") or unquote(secret),
        path_style=asked.get("path_style", "true") == "true",
    )
    if not made.user or not made.secret:
        raise Permanent("connection", "The address has no key and secret for the bucket. Write both, then retry.")
    return made


def _unreadable() -> Permanent:
    return Permanent(
        "connection",
        "The address is none that we can read. Write file:///folder, or s3://key:secret@bucket/prefix?endpoint=https://..., "
        "then retry.",
    )
