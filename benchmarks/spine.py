"""One ordinary and one heavy person, each found and erased in the demo company by a process of its own.

    make bench            (or: python -m benchmarks.spine)

Prints seconds, rows and the peak memory of the process that did the work, and compares the erasure with the best
hand-written batched SQL for the same rows, measured in the same run on a copy of the same databases. SQLite only: the demo
company's files are copied into a folder of their own, the portal's database is DATABASE_URL's or a fresh SQLite file.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import django

PEOPLE = {"ordinary": "anna.schmidt@example.com", "heavy": "harriet.heavy@example.com"}
ROOT = Path(__file__).resolve().parents[1]


def peak_mib() -> float:
    """The most memory that this process ever held (VmHWM), in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def child(email: str) -> dict[str, Any]:
    """Find and erase one person inline, as a worker would; figures as a dict."""
    django.setup()
    figures: dict[str, Any] = import_module("benchmarks.inline").erase(email)  # its models need django.setup() first
    return figures


def hand_written(folder: Path, email: str) -> tuple[float, int]:
    """Seconds and rows of the same deletion in batched SQL that knows the schema by heart."""
    started, gone = time.perf_counter(), 0
    with sqlite3.connect(folder / "platform.sqlite3", isolation_level=None) as db:
        db.execute("PRAGMA foreign_keys=ON")
        account = db.execute("SELECT id FROM accounts WHERE lower(email)=?", (email,)).fetchone()[0]
        for table, column in (("server_logs", "account_id"), ("sessions", "account_id")):
            while True:
                db.execute("BEGIN IMMEDIATE")
                done = db.execute(
                    f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column}=? LIMIT 2000)", (account,)
                ).rowcount
                db.execute("COMMIT")
                gone += done
                if not done:
                    break
        for side in ("sender", "recipient"):
            keys = [row[0] for row in db.execute(f"SELECT id FROM messages WHERE {side}_account_id=?", (account,))]
            for place in range(0, len(keys), 2000):
                part = keys[place : place + 2000]
                db.execute("BEGIN IMMEDIATE")
                words = ", body='[erased]'" if side == "sender" else ""
                db.execute(
                    f"UPDATE messages SET {side}_name='[erased]'{words} WHERE id IN ({','.join('?' * len(part))})", part
                )
                db.execute("COMMIT")
                gone += len(part)
    return time.perf_counter() - started, gone


def main() -> None:
    if len(sys.argv) > 1:
        print("RESULT " + json.dumps(child(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        env = {**os.environ, "STATE_DIR": name, "DJANGO_SETTINGS_MODULE": "privacyops.settings", "DEMO": "1"}
        for command in ("migrate", "roles", "demo"):
            subprocess.run([sys.executable, "manage.py", command], cwd=ROOT, env=env, check=True, capture_output=True)
        shutil.copytree(state / "demo", state / "copy")
        figures = {}
        for kind, email in PEOPLE.items():
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.spine", email],
                cwd=ROOT,
                env=env,
                check=True,
                capture_output=True,
                text=True,
            )
            figures[kind] = json.loads(done.stdout.split("RESULT ", 1)[1])
        seconds, rows = hand_written(state / "copy", PEOPLE["heavy"])
    for kind, one in figures.items():
        print(
            f"{kind:9} {one['rows']:>7} rows  find {one['find_s']:6.2f} s  package {one['package_s']:6.2f} s"
            f"  erase {one['erase_s']:6.2f} s  peak {one['peak_mib']:6.1f} MiB"
        )
    print(f"heavier than ordinary by {figures['heavy']['peak_mib'] - figures['ordinary']['peak_mib']:.1f} MiB")
    ours, theirs = figures["heavy"]["rows"] / figures["heavy"]["erase_s"], rows / seconds
    print(f"hand-written SQL: {rows} rows in {seconds:.2f} s; ratio of rows/s (ours / by hand) {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
