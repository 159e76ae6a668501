"""Calls from a process of its own: so many at a time on kept connections; prints JSON with calls a second, p50 and p99.

    python -m benchmarks.consent_load PORT THREADS SECONDS FILE

FILE: a line for each call, JSON: [path, headers, body]; they are sent round and round.
"""

import http.client
import itertools
import json
import sys
import threading
import time


def run(port: int, threads: int, seconds: float, calls: list) -> dict:
    """Send the calls for so many seconds."""
    times: list[float] = []
    bad: list[int] = []
    end = time.monotonic() + seconds

    def crew(number: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        mine: list[float] = []
        for path, headers, body in itertools.islice(itertools.cycle(calls), number * 17, None):
            started = time.perf_counter()
            if time.monotonic() > end:
                break
            try:
                link.request("POST", path, body, headers)
                answer = link.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                link.close()
                continue
            if answer.status >= 300:
                bad.append(answer.status)
            mine.append(time.perf_counter() - started)
        times.extend(mine)

    started = time.monotonic()
    crews = [threading.Thread(target=crew, args=(number,)) for number in range(threads)]
    for one in crews:
        one.start()
    for one in crews:
        one.join()
    took = time.monotonic() - started
    times.sort()
    return {
        "a second": len(times) / took, "p50": 1000 * times[len(times) // 2], "p99": 1000 * times[int(len(times) * 0.99)],
        "bad": sorted(set(bad)), "calls": len(times),
    }  # fmt: skip


if __name__ == "__main__":
    with open(sys.argv[4]) as lines:
        sent = [json.loads(line) for line in lines]
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sent)))
