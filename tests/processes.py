"""`manage.py up` as a process: started on a free port and a state folder of its own, and ended."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 150


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Portal:
    """A running installation."""

    process: subprocess.Popen[bytes]
    url: str
    state: Path
    log: Path
    env: dict[str, str]

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def password(self) -> str:
        found = re.search(r"with the password (\S+)", self.text())
        assert found, self.text()[-2000:]
        return found[1]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait(self, words: str, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while words not in self.text():
            assert self.process.poll() is None, self.text()[-3000:]
            assert time.monotonic() < end, self.text()[-3000:]
            time.sleep(0.2)

    def children(self) -> list[int]:
        """Process ids that run for this state folder, the supervisor aside."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue  # it ended, or is not ours
            if f"STATE_DIR={self.state}\0".encode() in environment and int(entry.name) != self.process.pid:
                found.append(int(entry.name))
        return found


def environment(state: Path, port: int, **more: str) -> dict[str, str]:
    """The environment of an installation under test."""
    kept = {key: value for key, value in os.environ.items() if key not in ("REDIS_URL", "DATABASE_URL", "EMAIL_URL")}
    return {
        **kept,
        "STATE_DIR": str(state),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "FORMS_PER_NETWORK": "1000",
        **more,
    }


def start(state: Path, port: int, **more: str) -> Portal:
    """Start without waiting."""
    state.mkdir(parents=True, exist_ok=True)
    env, log = environment(state, port, **more), state.parent / f"up-{port}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=env, stdout=output, stderr=output, start_new_session=True
        )
    return Portal(process, f"http://127.0.0.1:{port}", state, log, env)


@contextmanager
def portal(state: Path, **more: str) -> Iterator[Portal]:
    """A portal that answers; ended afterwards, whatever happened."""
    one = start(state, free_port(), **more)
    try:
        one.wait("is up (")
        yield one
    finally:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGINT)
            try:
                one.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                one.process.kill()
        for pid in one.children():
            os.kill(pid, signal.SIGKILL)
