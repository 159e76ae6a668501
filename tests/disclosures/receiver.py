"""A recipient's webhook as a process of its own: `python receiver.py FOLDER PORT`.

It verifies and keeps messages with docs/samples/receive_notices.py, answers as `FOLDER/mood` says, takes its clock from
`FOLDER/clock` where there is one (the simulated day of the tests), and writes a line of JSON for each call.
"""

import importlib.util
import json
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "samples" / "receive_notices.py"


def sample() -> Any:
    """The sample as a module."""
    spec = importlib.util.spec_from_file_location("receive_notices", SAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def serve(folder: Path, port: int) -> None:
    """Answer until killed."""
    notices = sample()
    inbox = notices.Inbox(folder / "inbox.sqlite3")

    def now() -> float:
        clock = folder / "clock"
        return float(clock.read_text()) if clock.exists() else time.time()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sent = {key.lower(): value for key, value in self.headers.items()}
            mood = json.loads((folder / "mood").read_text())
            status, headers, effect = mood.get("status", 0), mood.get("headers", {}), ""
            if mood.get("sleep"):
                time.sleep(mood["sleep"])
            if not status:
                secrets = (folder / "secrets").read_text().split()
                status, effect = notices.handle(inbox, secrets, sent, body, now())
            self.note(sent, status, effect, mood, now())
            try:
                self.answer(status, headers, mood.get("body", ""))
            except OSError:
                return  # the other side gave up waiting

        def note(self, sent: dict[str, str], status: int, effect: str, mood: dict[str, Any], at: float) -> None:
            line = {
                "at": datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="seconds"), "id": sent.get("webhook-id"),
                "signature": sent.get("webhook-signature"), "status": status, "effect": effect, "mood": mood.get("name", ""),
            }  # fmt: skip
            with (folder / "calls.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")

        def answer(self, status: int, headers: dict[str, str], body: str) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
