"""The description of an HTTP system: read from YAML as a whole, every fault told with its line and path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.refusal import Refused
from connectors.kinds import http_headers
from connectors.kinds.base import Permanent
from connectors.kinds.http_part import FILE, Part
from inventory.descriptions.lines import parse

HOLE = re.compile(r"\{([A-Za-z0-9_.]*)\}")
AUTHS = ("none", "basic", "bearer", "header")
PAGINGS = ("none", "page", "offset", "cursor", "link")
TYPES = ("string", "integer", "number", "boolean", "date", "datetime", "object", "list")


@dataclass(frozen=True)
class Paging:
    """How an answer of many rows goes on. `into` and `size_into` are names in the query, or in a JSON body."""

    kind: str = "none"
    into: str = ""
    start: int = 1
    size_into: str = ""
    size: int = 0
    next: str = ""
    total: str = ""


@dataclass(frozen=True)
class Endpoint:
    """One kind of call. `query` and `body` hold fixed values, or one placeholder as the whole of a value."""

    place: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    rows: str | None = None
    row: str | None = None
    paging: Paging = Paging()
    at_once: int = 1
    join: str = ""
    none: tuple[int, ...] = ()
    changes: str = "deep"

    @property
    def holes(self) -> set[str]:
        """The names of all placeholders."""
        return set(HOLE.findall(self.path)) | _holes(self.query) | _holes(self.body)


@dataclass(frozen=True)
class Live:
    """What the other system demands of a field."""

    nullable: bool = True
    unique: bool = False
    type: str = ""
    length: int | None = None


@dataclass(frozen=True)
class Words:
    """How one collection is spoken to."""

    place: str
    unique_key: bool
    omits_nulls: bool = False
    fields: Mapping[str, Live] = field(default_factory=dict)
    find: Mapping[str, Endpoint] = field(default_factory=dict)
    before: Mapping[str, Endpoint] = field(default_factory=dict)
    read: Endpoint | None = None
    update: Endpoint | None = None
    delete: Endpoint | None = None


@dataclass(frozen=True)
class Description:
    """How the whole system is spoken to."""

    auth: str
    auth_header: str
    headers: Mapping[str, str]
    check: Endpoint | None
    per_second: float
    retries: int
    wait_seconds: float
    idempotency_header: str
    gone: tuple[int, ...]
    chunk_rows: int
    collections: Mapping[str, Words]


def described(text: str) -> Description:
    """The description in a YAML text. Raises Permanent with the line and the path of the first fault."""
    if not text.strip():
        raise Permanent("connection", f"{FILE}: it is empty. Say in YAML how the system is spoken to, then retry.")
    try:
        top = Part(parse(text, FILE), "")
    except Refused as error:
        raise Permanent("connection", error.message) from None
    top.only("auth", "headers", "check", "requests_per_second", "retries", "wait_seconds", "idempotency_header", "gone",
             "chunk_rows", "collections")  # fmt: skip
    auth = top.part("auth")
    auth.only("kind", "header")
    kind = auth.choice("kind", AUTHS, "none")
    auth_header = http_headers.of_secret(auth) if kind == "header" else ""
    headers = http_headers.fixed(top.part("headers"))
    per_second = top.number("requests_per_second", 0, 1000)
    found = top.part("collections")
    if not found.row:
        top.refuse("collections", "is missing: describe at least one collection")
    return Description(
        auth=kind,
        auth_header=auth_header,
        headers=headers,
        check=_endpoint(top.part("check"), "GET") if "check" in top.row else None,
        per_second=per_second,
        retries=int(top.number("retries", 4, 10)),
        wait_seconds=top.number("wait_seconds", 10, 30),
        idempotency_header=http_headers.of_key(top, {auth_header, *headers} - {""}),
        gone=top.statuses("gone", (404, 410)),
        chunk_rows=int(top.number("chunk_rows", _chunk(per_second), 500)),
        collections={name: _words(found.part(name)) for name in found.row},
    )


def _chunk(per_second: float) -> int:
    # A chunk is done inside one transaction of ours, and a row takes about four calls: some ten seconds at most.
    return max(1, min(50, int(per_second * 10 / 4))) if per_second else 50


def _words(part: Part) -> Words:
    part.only("unique_key", "omits_nulls", "fields", "find", "before", "read", "update", "delete")
    if "find" not in part.row and "before" not in part.row:
        part.refuse("find", "is missing: say by which fields its rows can be searched")
    if "unique_key" not in part.row:
        part.refuse("unique_key", "is missing: say true if the key names exactly one row there")
    find, before, fields = part.part("find"), part.part("before"), part.part("fields")
    found = Words(
        place=part.path,
        unique_key=part.flag("unique_key"),
        omits_nulls=part.flag("omits_nulls"),
        fields={name: _live(fields.part(name)) for name in fields.row},
        find={name: _search(find.part(name)) for name in find.row},
        before={name: _search(before.part(name)) for name in before.row},
        read=_endpoint(part.part("read"), "GET") if "read" in part.row else None,
        update=_endpoint(part.part("update"), "PATCH") if "update" in part.row else None,
        delete=_endpoint(part.part("delete"), "DELETE") if "delete" in part.row else None,
    )
    if found.read is not None and found.read.rows is None and found.read.row is None:  # the answer is the row
        found = replace(found, read=replace(found.read, row=""))
    if found.update is not None and found.update.body is None:  # then it sends the changed fields as they stand
        found = replace(found, update=replace(found.update, body="{changes}"))
    return found


def _live(part: Part) -> Live:
    part.only("nullable", "unique", "type", "length")
    return Live(
        nullable=part.flag("nullable", default=True),
        unique=part.flag("unique"),
        type=part.choice("type", ("", *TYPES), ""),
        length=int(part.number("length", 0, 10**9)) or None,
    )


def _search(part: Part) -> Endpoint:
    made = _endpoint(part, "GET")
    if made.holes not in ({"value"}, {"values"}):
        part.refuse("path", "needs one place for what is searched: {value} or {values}, in path, query or body")
    if made.rows is None and made.row is None:
        part.refuse("rows", 'is missing: say where the rows lie in the answer, such as data.items, or "" for all of it')
    return made


def _endpoint(part: Part, method: str) -> Endpoint:
    part.only("method", "path", "query", "body", "rows", "row", "paging", "at_once", "join", "none", "changes")
    made = Endpoint(
        place=part.path,
        method=part.choice("method", ("GET", "POST", "PUT", "PATCH", "DELETE"), method),
        path=_path(part),
        query=dict(part.part("query").row),
        body=part.row.get("body"),
        rows=part.text("rows") if "rows" in part.row else None,
        row=part.text("row") if "row" in part.row else None,
        paging=_paging(part.part("paging")),
        at_once=int(part.number("at_once", 1, 1000)),
        join=part.text("join"),
        none=part.statuses("none", ()),
        changes=part.choice("changes", ("deep", "top"), "deep"),
    )
    _whole(part, "query", made.query)
    _whole(part, "body", made.body)
    if made.body is not None and made.method == "GET":
        part.refuse("body", "cannot go with GET: use query, or another method")
    if made.at_once > 1 and "values" not in made.holes:
        part.refuse("at_once", "needs {values} in query or body: several values go into one call there")
    if "values" in HOLE.findall(made.path):
        part.refuse("path", "takes {value} only: several values go into query or body")
    return made


def _path(part: Part) -> str:
    path = part.text("path")
    if not path.startswith("/"):
        part.refuse("path", 'is missing or does not begin with "/": it continues the address of the connection')
    if not re.fullmatch(r"[\x21-\x7e]+", path) or set("?#\\") & set(path) or {".", ".."} & set(path.split("/")):
        part.refuse("path", "has signs that a path must not have; what is asked for goes into query")
    if HOLE.sub("", path).count("{") or HOLE.sub("", path).count("}"):
        part.refuse("path", "has a placeholder that cannot be read: write it as {value} or {name_of_a_key_field}")
    return path


def _paging(part: Part) -> Paging:
    part.only("kind", "into", "start", "size_into", "size", "next", "total")
    made = Paging(
        kind=part.choice("kind", PAGINGS, "none"),
        into=part.text("into"),
        start=int(part.number("start", 0 if part.row.get("kind") == "offset" else 1, 10**6)),
        size_into=part.text("size_into"),
        size=int(part.number("size", 0, 100_000)),
        next=part.text("next"),
        total=part.text("total"),
    )
    if made.kind in ("page", "offset") and not made.into:
        part.refuse("into", f"is missing: name the parameter that carries the {made.kind}")
    if made.kind == "cursor" and not made.next:
        part.refuse("next", "is missing: say where the answer names its next page")
    if made.size and not made.size_into:
        part.refuse("size_into", "is missing: name the parameter that carries the size")
    return made


def _holes(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*(_holes(one) for one in value.values()))
    if isinstance(value, list):
        return set().union(*(_holes(one) for one in value))
    found = HOLE.fullmatch(value) if isinstance(value, str) else None
    return {found[1]} if found else set()


def _whole(part: Part, key: str, value: Any) -> None:
    """Refuses a placeholder within a text: what is joined to a value there could change what it means."""
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _whole(part, key, one)
    if isinstance(value, str) and HOLE.search(value) and not HOLE.fullmatch(value):
        part.refuse(key, "has a placeholder within a text: a value is a placeholder as a whole, or none")
