"""The request form under load: the portal as `manage.py up` starts it, on PostgreSQL and Redis; the crowd in this process.

    python -m benchmarks.portal [FORMS] [AT ONCE]     (BENCH_POSTGRES_URL, BENCH_REDIS_URL name the servers)

Twice: undisturbed, and with SIGKILL of a web worker after each fifth of the forms. What was accepted and the rows must be the
same.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from benchmarks import crowd
from benchmarks.sweep import _plain
from tests.processes import Portal, free_port, portal

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
BROKER = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/7")
NAME = os.environ.get("BENCH_DATABASE", "po_bench_portal")
# A form that was filled in faster than people do is refused.
QUICKEST_SECONDS = 3


def main() -> None:
    """Print what a crowd saw, undisturbed and disturbed. Ends with 1 when anything was lost."""
    forms = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    url = urlsplit(SERVER)._replace(path=f"/{NAME}").geturl()
    with psycopg.connect(_plain(SERVER), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
        redis.Redis.from_url(BROKER).flushdb()
        try:
            good = _run(url, forms, threads)
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    sys.exit(0 if good else 1)


def _run(url: str, forms: int, threads: int) -> bool:
    more = {"DATABASE_URL": url, "REDIS_URL": BROKER, "DEMO": "0", "EMAIL_URL": "dummymail://",
            "FORMS_PER_NETWORK": "1000000", "FLOOD_FORMS": "0"}  # fmt: skip
    good = True
    with tempfile.TemporaryDirectory() as folder, portal(Path(folder) / "state", **more) as one:
        port = urlsplit(one.url).port or free_port()
        crowd.send(port, _people(port, 30, threads), threads)  # warm
        for words, disturbed in (("undisturbed", False), ("web workers killed", True)):
            people = _people(port, forms, threads)
            before, spent = _references(url), _cpu(one.children())
            stop = threading.Event()
            killer = threading.Thread(target=_kill, args=(one, people, stop, killed := []))
            if disturbed:
                killer.start()
            seen = crowd.send(port, people, threads)
            stop.set()
            if disturbed:
                killer.join()
            rows = _references(url) - before
            same = rows == seen.references and not seen.lost
            good = good and same
            print(f"{words}: {_told(seen, rows, threads)}; {len(killed)} workers killed", flush=True)
            if not disturbed:
                print(
                    f"CPU of the web workers: {1000 * (_cpu(one.children()) - spent) / forms:.0f} ms a form", flush=True
                )
    return good


def _told(seen: crowd.Outcome, rows: set[str], threads: int) -> str:
    same = "the same" if rows == seen.references and not seen.lost else "NOT THE SAME"
    again = sum(one.tries > 1 for one in seen.senders)
    return (
        f"{len(seen.references)} of {len(seen.senders)} accepted, {len(rows)} rows, {same};"
        f" {len(rows) / seen.seconds:.1f} forms/s with {threads} at once, p50 {seen.percentile(0.5):.2f} s,"
        f" p99 {seen.percentile(0.99):.2f} s; {again} sent again"
    )


def _cpu(pids: list[int]) -> float:
    """CPU seconds that the web workers have used; of use where other work makes clocks mean little."""
    ticks = 0
    for pid in web_workers(pids):
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def web_workers(pids: list[int]) -> list[int]:
    """Of these processes those that answer the web: gunicorn's children."""
    web = {pid: parent for pid in pids if (parent := _parent(pid)) and b"gunicorn" in _command(pid)}
    return [pid for pid, parent in web.items() if parent in web]


def _kill(one: Portal, people: list[crowd.Sender], stop: threading.Event, killed: list[int]) -> None:
    """After each fifth of the forms was accepted; not by the clock, for a slow machine would only ever start workers."""
    while not stop.wait(0.05):
        if sum(bool(sender.reference) for sender in people) * 5 > len(people) * (len(killed) + 1):
            for pid in web_workers(one.children())[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)


def _people(port: int, number: int, threads: int) -> list[crowd.Sender]:
    people = crowd.gather(port, number, threads)
    time.sleep(QUICKEST_SECONDS)
    return people


def _references(url: str) -> set[str]:
    with psycopg.connect(_plain(url)) as link:
        return {row[0] for row in link.execute("SELECT reference FROM requests_app_request")}


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    main()
