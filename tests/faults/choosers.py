"""Programs that record choices at once, over HTTP, and send each again until it is answered; what was accepted, as ids."""

import http.client
import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

PATIENCE = 90


def send(
    port: int, key: str, *, singles: int, batches: int, threads: int, size: int = 200, seen: list[str] | None = None
) -> set[str]:
    """The ids of all choices that were answered, each sent under one key however often. Region US-CA marks them. `seen` grows
    with each call that was answered.
    """
    calls: list[tuple[str, Any]] = [("choices/", _choice(n)) for n in range(singles)]
    calls += [("choices/batch/", {"choices": [_choice(n * size + one) for one in range(size)]}) for n in range(batches)]
    queue, lock, accepted = iter(calls), threading.Lock(), set()

    def crew() -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while True:
            with lock:
                call = next(queue, None)
            if call is None:
                return
            answer = _until_answered(link, key, *call)
            with lock:
                accepted.update([one["choice"] for one in answer["results"]] if "results" in answer else [answer["id"]])
                if seen is not None:
                    seen.append(call[0])

    crews = [threading.Thread(target=crew) for _ in range(threads)]
    for one in crews:
        one.start()
    for one in crews:
        one.join()
    return accepted


def _choice(number: int) -> dict[str, Any]:
    person = {"kind": "email", "value": f"chooser{number % 700}@people.example"}
    return {"identifier": person, "purpose": f"bench-{number % 4}", "granted": number % 3 > 0, "region": "US-CA"}


def _until_answered(link: http.client.HTTPConnection, key: str, path: str, body: Any) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()),
    }  # fmt: skip
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            link.request("POST", f"/api/v1/consent/{path}", json.dumps(body), headers)
            answer = link.getresponse()
            read = answer.read()
        except (OSError, http.client.HTTPException):
            link.close()
            time.sleep(0.05)
            continue
        if answer.status < 300:
            found: dict[str, Any] = json.loads(read)
            return found
        assert answer.status in (429, 500, 503), (answer.status, read[:300])
        time.sleep(0.2)
    raise AssertionError("no answer in time")


def children(parent: int) -> list[int]:
    """A process and what it started."""
    found = [parent]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return found
