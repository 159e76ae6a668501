"""Calls to one HTTP system: who we are, how fast, how often again, and what an answer means.

Every call may be repeated: reads change nothing, a delete of what is gone is done, an update says what a field shall hold.
"""

import base64
import json
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from connectors import guard
from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.http_spec import Description, Endpoint
from inventory import storable

AGAIN = (429, 502, 503, 504)
FIRST_WAIT, LONGEST_WAIT = 0.25, 4.0
BEAT_SECONDS = 5.0
NOTHING = object()  # the answer says that there is nothing (any more)
_paces: "defaultdict[tuple[str, str, int], Pace]" = defaultdict(lambda: Pace())


class Pace:
    """When the next call to a system may leave this process."""

    def __init__(self) -> None:
        self.lock, self.next = threading.Lock(), 0.0

    def wait(self, per_second: float) -> None:
        """Sleep until it is our turn."""
        if not per_second:
            return
        with self.lock:
            now = time.monotonic()
            turn = max(now, self.next)
            self.next = turn + 1 / per_second
        time.sleep(turn - now)


@dataclass(frozen=True)
class Address:
    """The address of a connection in parts: the base URL without a secret, and the secret."""

    base: str
    user: str = ""
    secret: str = ""


def address(stored: str) -> Address:
    """`https://user:secret@host/base`, or JSON with url, user and secret. Raises Permanent without a word of it."""
    found: Any = {"url": stored.strip()}
    if found["url"].startswith("{"):
        try:
            found = json.loads(stored)
        except (ValueError, RecursionError):
            found = {}
    known = {"url", "user", "secret"}
    if not found.get("url") or found.keys() - known or not all(map(storable.is_text, found.values())):
        raise Permanent(
            "connection",
            'The address is neither a URL nor JSON such as {"url": "https://...", "secret": "..."}. Mend it.',
        )
    try:
        parts = urlsplit(found["url"])
    except ValueError:
        parts = urlsplit("")
    user, _, secret = parts.netloc.rpartition("@")[0].partition(":")
    base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    if parts.query or parts.fragment:
        raise Permanent("connection", "The address has a query. It goes into the description's calls; mend it.")
    return Address(base, found.get("user") or unquote(user), found.get("secret") or unquote(secret))


class Calls:
    """Speaks to one system."""

    def __init__(self, to: Address, description: Description) -> None:
        self.to, self.description = to, description
        self.beat: Callable[[], None] | None = None
        self.beaten = time.monotonic()
        try:
            self.origin = guard.place(to.base).origin
        except guard.Forbidden as error:
            raise Permanent("connection", error.sentence) from None
        self.headers = {"accept": "application/json", "user-agent": "PrivacyOps", **description.headers, **self._auth()}

    def _auth(self) -> dict[str, str]:
        kind, secret = self.description.auth, self.to.secret
        if kind == "none":
            if secret or self.to.user:
                raise Permanent(
                    "connection", "The address has a secret, and the description says auth: none. Say which is right."
                )
            return {}
        if not secret:
            raise Permanent(
                "connection", f"The description says auth: {kind}, and the address has no secret. Write it there."
            )
        if not re.fullmatch(r"[\x21-\x7e]+" if kind != "basic" else r"[^\x00-\x1f]+", secret):
            raise Permanent("connection", "The secret has signs that a header cannot carry. Copy it again.")
        if kind == "basic":
            return {"authorization": "Basic " + base64.b64encode(f"{self.to.user}:{secret}".encode()).decode()}
        return {"authorization": f"Bearer {secret}"} if kind == "bearer" else {self.description.auth_header: secret}

    def ask(self, endpoint: Endpoint, url: str, body: Any = None, *, gone: bool = False, once: str = "") -> "Got":
        """One call, repeated while it may help. `gone`: it is about one row, which may be away; `once`: the idempotency key
        of a write. Raises Temporary or Permanent.
        """
        headers, sent = dict(self.headers), b""
        if body is not None:
            headers["content-type"], sent = "application/json", json.dumps(body, allow_nan=False, default=str).encode()
        if once and self.description.idempotency_header:
            headers[self.description.idempotency_header] = once
        tries, patience = 0, self.description.wait_seconds
        while True:
            self._live()
            answer, failure = self._try(endpoint.method, url, headers, sent)
            if answer is not None and answer.status not in AGAIN:
                return self._meaning(endpoint, answer, gone)
            code = failure if answer is None else f"http_{answer.status}"
            wait = self._wait(answer, tries)
            if tries >= self.description.retries or wait > patience:
                raise Temporary(code)
            time.sleep(wait)
            tries, patience = tries + 1, patience - wait

    def _live(self) -> None:
        """Prolong the order's lease now and then: a search of a slow system may find nothing for minutes."""
        if self.beat is not None and time.monotonic() - self.beaten >= BEAT_SECONDS:
            self.beat()
            self.beaten = time.monotonic()

    def _try(self, method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[guard.Answer | None, str]:
        _paces[self.origin].wait(self.description.per_second)
        sentence = ""
        try:
            return guard.call(method, url, headers, body), ""
        except guard.NoAnswer as error:
            if error.code != "tls":
                return None, error.code
            sentence = "Its certificate is not one that we can trust. Ask the system's owner, then retry."
        except guard.Forbidden as error:
            sentence = error.sentence
        except guard.TooLarge:
            sentence = "An answer is larger than we take. Ask for less at once (paging, at_once), then retry."
        raise Permanent("connection", sentence)

    def _wait(self, answer: guard.Answer | None, tries: int) -> float:
        """How long to wait before the next try: what the system asks for, or twice as long each time."""
        asked = _seconds(answer.headers.get("retry-after", "")) if answer is not None else None
        if asked is not None:
            return asked
        return min(FIRST_WAIT * 2**tries, LONGEST_WAIT) * random.uniform(0.75, 1.25)

    def _meaning(self, endpoint: Endpoint, answer: guard.Answer, gone: bool) -> "Got":
        status = answer.status
        if status in endpoint.none or (gone and status in self.description.gone):
            return Got(NOTHING, answer.headers, status)
        if 200 <= status < 300:
            return Got(_json(endpoint, answer), answer.headers, status)
        refused(endpoint, status)


@dataclass(frozen=True)
class Got:
    """What a call brought: JSON, None without a body, or NOTHING."""

    value: Any
    headers: Any
    status: int


def refused(endpoint: Endpoint, status: int) -> NoReturn:
    """Our error for a status that is no success. Never with the answer's text: it may hold what was sent."""
    what = f"{endpoint.place} ({endpoint.method})"
    if status in (401, 403):
        raise Permanent(
            "permission",
            f"The system refuses our secret for {what} (HTTP {status}). Ask its owner for the right, then retry.",
        )
    if status in (408, 425) or status >= 500:
        raise Temporary(f"http_{status}")
    if 300 <= status < 400:
        raise Permanent(
            "connection",
            f"The system sends {what} elsewhere (HTTP {status}), and we follow nobody. Write the final address.",
        )
    if status in (409, 412, 422, 423):
        raise Permanent(
            "constraint",
            f"A rule of the system forbids {what} (HTTP {status}). See to the masks, or ask its owner, then retry.",
        )
    raise Permanent(
        "schema", f"The system does not understand {what} (HTTP {status}). Mend the description, then retry."
    )


def _json(endpoint: Endpoint, answer: guard.Answer) -> Any:
    if not answer.body.strip():
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        pass
    if endpoint.rows is None and endpoint.row is None:
        return None  # a write whose answer nobody reads
    raise Permanent("schema", f"{endpoint.place}: the answer is not JSON. Mend the description, then retry.")


def _seconds(header: str) -> float | None:
    """Retry-After in seconds: a number, or a date."""
    if re.fullmatch(r"[0-9]{1,9}", header.strip()):
        return float(header)
    try:
        then = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp(), 0.0)
