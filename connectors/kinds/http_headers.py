"""The headers that a description may name: what can be sent, and what is not made by ourselves. Pure."""

import re

from connectors.kinds.http_part import Part

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2
VALUE = re.compile(r"[\x20-\x7e]*")
# RFC 9110, 7.6.1 and what says where a message ends: a secret or a key there would go astray or break the call.
FRAMING = {"host", "content-length", "content-type", "accept-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
           "transfer-encoding", "expect", "proxy-authorization", "proxy-authenticate", "proxy-connection"}  # fmt: skip
OURS = FRAMING | {"authorization", "cookie"}
MADE = "is a header that is made from the connection's auth and calls, so leave it out"
UNSENDABLE = "is not a header that can be sent: letters, digits and - only"


def fixed(part: Part) -> dict[str, str]:
    """The headers that go with each call. Raises Permanent."""
    seen: set[str] = set()
    for name in part.row:
        if name.lower() in OURS:
            part.refuse(name, MADE)
        if not TOKEN.fullmatch(name) or not VALUE.fullmatch(str(part.row[name])):
            part.refuse(name, "is not a header that can be sent")
        if name.lower() in seen:
            part.refuse(name, "is there twice: capital letters make no other header")
        seen.add(name.lower())
    return {name: str(value) for name, value in part.row.items()}


def of_secret(auth: Part) -> str:
    """The header that carries the secret. Raises Permanent."""
    name = auth.text("header")
    if not name:
        auth.refuse("header", "is missing: name the header that carries the secret")
    if not TOKEN.fullmatch(name):
        auth.refuse("header", UNSENDABLE)
    if name.lower() in FRAMING:
        auth.refuse(
            "header",
            "names a header that belongs to the call itself; name the one that the system reads the secret from",
        )
    return name


def of_key(top: Part, taken: set[str]) -> str:
    """The header that carries a write's idempotency key, "" for none. `taken` are other headers. Raises Permanent."""
    name = top.text("idempotency_header")
    if name and not TOKEN.fullmatch(name):
        top.refuse("idempotency_header", UNSENDABLE)
    if name.lower() in OURS | {one.lower() for one in taken}:
        top.refuse(
            "idempotency_header",
            "names a header that carries something else; name one of its own, such as Idempotency-Key",
        )
    return name
