"""Takes notices of erasure, correction, restriction, opt-out and withdrawn consent from the privacy portal: a sample that runs.

    NOTICE_SECRETS="whsec_..." python receive_notices.py 8090

It needs nothing but Python 3.9. While a secret is being changed, give both, with a blank between. What your company does with a
notice goes into `carry_out`. Three things matter, and they are what this sample shows:
1. verify the signature over the raw bytes, before anything reads them;
2. keep the id of each message together with the work, in one transaction, and do nothing for an id that is there already: the
   portal sends the same message again when it did not hear your answer;
3. answer 2xx only once the message is safe with you. Anything else, and it comes again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE = 300  # seconds that the two clocks may be apart, and for which a caught message can be played again
MOST_BYTES = 1_000_000


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Standard Webhooks v1: `v1,` and the base64 of HMAC-SHA256 over id.timestamp.body."""
    key = base64.b64decode(secret[len("whsec_") :])
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verified(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether one of our secrets signed this message, just now. Header names in lower case."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE:
        return False
    given = headers.get("webhook-signature", "").split()
    wanted = [signature(secret, message_id, timestamp, body) for secret in secrets]
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in wanted)


class Inbox:
    """Messages by their id. The id and the work share a transaction: both are there, or neither."""

    def __init__(self, path: Any) -> None:
        self.path = str(path)
        with sqlite3.connect(self.path) as db:
            db.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, type TEXT, body TEXT)")

    def take(self, message_id: str, message: dict[str, Any]) -> bool:
        """Keep a message and carry it out; False for one that was here before."""
        with sqlite3.connect(self.path, timeout=30) as db:
            row = (message_id, message["type"], json.dumps(message))
            if db.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)", row).rowcount == 0:
                return False
            carry_out(message, db)
        return True


def carry_out(message: dict[str, Any], db: sqlite3.Connection) -> None:
    """Your work. `message["data"]["person"]` holds the signs by which you find the person: `{kind, value}`, of the one kind
    that was agreed: email, account_id, email_sha256 or email_hmac_sha256.
    """


def handle(
    inbox: Inbox, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float
) -> tuple[int, str]:
    """(status to answer, what came of it)."""
    if not verified(secrets, headers, body, now):
        return 401, "not ours"
    message = json.loads(body)
    if message["type"] == "notice.test":
        return 204, "test"
    return 204, "done" if inbox.take(headers["webhook-id"], message) else "had it"


def confirm(
    address: str, secret: str, notice_id: str, answer: str = "done", words: str = "", now: float | None = None
) -> Any:
    """Tell the portal that it is done (or "nothing", or "cannot" with words): signed with the same secret.

    `address`: https://privacy.example/ack/
    """
    body = json.dumps({"notice": notice_id, "answer": answer, "words": words}).encode()
    stamp, message_id = str(int(now or time.time())), f"confirm-{notice_id}"
    headers = {
        "content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": stamp,
        "webhook-signature": signature(secret, message_id, stamp, body),
    }  # fmt: skip
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as got:
        return json.load(got)


class Door(BaseHTTPRequestHandler):
    """POST to any path. The standard library logs each call to the terminal, without its body."""

    inbox: Inbox
    secrets: Sequence[str] = ()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if not 0 < length <= MOST_BYTES:
            self.send_error(413)
            return
        headers = {key.lower(): value for key, value in self.headers.items()}
        status, became = handle(self.inbox, self.secrets, headers, self.rfile.read(length), time.time())
        self.log_message("%s: %s", headers.get("webhook-id"), became)
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    Door.inbox, Door.secrets = Inbox("inbox.sqlite3"), os.environ["NOTICE_SECRETS"].split()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
