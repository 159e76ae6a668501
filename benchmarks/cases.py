"""A hundred ordinary access requests at once, then a hundred erasures, with a real worker, beat and broker.

    python -m benchmarks.cases [PEOPLE]     (BENCH_POSTGRES_URL, BENCH_REDIS_URL name the servers)

The clock runs from the first proof given until the last request is closed: search, decision (made by this script as soon as a
request is in review, as two colleagues), package or erasure, letters. Each person has 37 rows in five tables of a company's
database on PostgreSQL. The processor time of the worker is told apart from that of this script, which is what vouching and
deciding cost at the desk.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg
import redis

from benchmarks.spine import peak_mib
from benchmarks.sweep import _plain

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
BROKER = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/7")
ROOT = Path(__file__).resolve().parents[1]
TABLES = """
CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE, full_name text, phone text);
CREATE INDEX ON accounts (lower(email));
CREATE TABLE visits (id bigserial PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, path text, seen_at timestamptz);
CREATE TABLE orders (id bigserial PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, total int, placed_at timestamptz);
CREATE TABLE lines (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, item text);
CREATE TABLE newsletter (id bigserial PRIMARY KEY, email text NOT NULL, topic text);
INSERT INTO accounts SELECT n, 'p' || n || '@people.example', 'Person ' || n, '+49 30 ' || n FROM generate_series(1, 5000) n;
INSERT INTO visits (account_id, path, seen_at) SELECT n % 5000 + 1, '/jobs/' || n, now() FROM generate_series(1, 100000) n;
INSERT INTO orders (account_id, total, placed_at) SELECT n % 5000 + 1, n % 90, now() FROM generate_series(1, 25000) n;
INSERT INTO lines (order_id, item) SELECT n % 25000 + 1, 'item ' || n FROM generate_series(1, 50000) n;
INSERT INTO newsletter (email, topic) SELECT 'p' || n || '@people.example', 'news' FROM generate_series(1, 5000) n;
CREATE INDEX ON visits (account_id); CREATE INDEX ON orders (account_id); CREATE INDEX ON lines (order_id);
CREATE INDEX ON newsletter (lower(email));
ANALYZE;
"""


def main() -> None:
    """Print seconds for the access requests and for the erasures, and the worker's peak memory."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    names = ["po_bench_cases", "po_bench_cases_company"]
    urls = [urlsplit(SERVER)._replace(path=f"/{name}").geturl() for name in names]
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(_plain(SERVER), autocommit=True) as server:
        for name in names:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(urls[1], autocommit=True) as company:
            company.execute(TABLES)
        redis.Redis.from_url(BROKER).flushdb()
        env = os.environ | {
            "DATABASE_URL": urls[0], "REDIS_URL": BROKER, "STATE_DIR": folder, "DEMO": "0",
            "DJANGO_SETTINGS_MODULE": "privacyops.settings", "EMAIL_URL": "dummymail://",
        }  # fmt: skip
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        children = [
            _celery(env, "worker", "-c", "2", "--without-gossip", "--without-mingle"),
            _celery(env, "beat", "--pidfile=", "-S", "celery.beat:Scheduler"),
        ]
        try:
            time.sleep(5)
            words = [urls[1], str(people), str(children[0].pid)]
            subprocess.run([sys.executable, "-m", "benchmarks.cases", "child", *words], cwd=ROOT, env=env, check=True)
            print(f"worker processes, peak: {', '.join(f'{one:.0f} MiB' for one in _peaks(children[0].pid))}")
        finally:
            for child in children:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            for name in names:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _celery(env: dict[str, str], *words: str) -> "subprocess.Popen[bytes]":
    log = (Path(env["STATE_DIR"]) / f"{words[0]}.log").open("wb")  # as long as the child lives
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "privacyops", *words, "-l", "WARNING"],
        cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip


def _peaks(pid: int) -> list[float]:
    """Peak memory of a worker's pool processes, in MiB."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            stat = (one / "stat").read_text().rsplit(")", 1)[1].split()
            if int(stat[1]) == pid:
                status = (one / "status").read_text()
                found.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        except OSError:
            continue
    return sorted(found)


def cpu(pid: int) -> float:
    """Seconds of processor time that a worker and its pool processes took so far."""
    ticks = 0
    for one in Path("/proc").glob("[0-9]*"):
        try:
            stat = (one / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if pid in (int(one.name), int(stat[1])):
            ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def child(url: str, people: int, worker: int) -> None:
    """Drive the requests of one kind after the other; seconds of each, and processor time of the worker and of this script."""
    django.setup()
    inline: Any = import_module("benchmarks.cases_inline")
    inline.describe(url)
    for right in ("access", "delete"):
        made = inline.enter(right, people)
        time.sleep(4)  # the acknowledgements are out
        before, mine = cpu(worker), time.process_time()
        seconds, states = inline.run(made, right)
        work, drive = cpu(worker) - before, time.process_time() - mine
        print(f"{people} x {right}: {seconds:.1f} s ({states}); processor time for each request: ", end="")
        print(
            f"worker {1000 * work / people:.0f} ms, colleagues at the desk {1000 * drive / people:.0f} ms", flush=True
        )
    print(f"this script: {peak_mib():.0f} MiB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
