"""Broker, worker, beat, web and mail server as child processes on a state folder of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from privacyops import broker

ROOT = Path(__file__).resolve().parents[2]


class Sink:
    """Takes mail and remembers Message-IDs; `refuse` answers 451 as a busy server does."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.refuse = False

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if self.refuse:
            return "451 busy, come back later"
        for line in envelope.content.decode(errors="replace").splitlines():
            if line.lower().startswith("message-id:"):
                self.ids.append(line.split(":", 1)[1].strip())
        return "250 taken"


class House:
    """One installation under test. Every child's output goes to one log file that the oracle reads."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.database = folder / "company.sqlite3"
        self.log = folder / "children.log"
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.sink = Sink()
        self.mail: Controller | None = None
        self.port = port
        self.env = {
            **{key: value for key, value in os.environ.items() if key not in ("REDIS_URL", "FAILPOINTS")},
            "DJANGO_SETTINGS_MODULE": "privacyops.settings",
            "STATE_DIR": str(folder / "state"),
            "DEMO": "0",
            "CHUNK_ROWS": "100",
            "LEASE_SECONDS": "3",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "EMAIL_URL": f"smtp://127.0.0.1:{port + 1}",
            "PYTHONPATH": str(ROOT),
        }

    # ------------------------------------------------------------ children
    def start(self, name: str, failpoints: str = "") -> None:
        """Start one child: broker, worker, beat or web; `failpoints` arms it (audit.failpoints)."""
        if name == "web":
            self.manage("collectstatic", "--no-input", "-v0")
        programs: dict[str, list[str]] = {
            "worker": [sys.executable, "-m", "celery", "-A", "privacyops", "worker", "-c", "2", "--without-gossip",
                       "--without-mingle", "-l", "INFO", "-n", f"w{self.port}@localhost"],
            "beat": [sys.executable, "-m", "celery", "-A", "privacyops", "beat", "-S", "celery.beat:Scheduler",
                     "--pidfile="],
            "web": [sys.executable, "-m", "gunicorn", "privacyops.wsgi", "-b", f"127.0.0.1:{self.port}", "--threads",
                    "4", "--worker-class", "gthread"],
        }  # fmt: skip
        if name == "broker":
            socket = broker.socket_path(Path(self.env["STATE_DIR"]))
            socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            program = [str(broker.server_binary()), "--port", "0", "--unixsocket", str(socket), "--save", "",
                       "--appendonly", "no", "--dir", str(self.folder)]  # fmt: skip
        else:
            program = programs[name]
        env = {**self.env, **({"FAILPOINTS": failpoints} if failpoints else {})}
        with self.log.open("ab") as output:
            self.children[name] = subprocess.Popen(
                program, cwd=ROOT, env=env, stdout=output, stderr=output, start_new_session=True
            )

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        """Kill a child and all its own children at once."""
        child = self.children.pop(name, None)
        if child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        child.wait(timeout=20)

    def start_mail(self) -> None:
        self.mail = Controller(self.sink, hostname="127.0.0.1", port=self.port + 1)
        self.mail.start()

    def stop_mail(self) -> None:
        if self.mail is not None:
            self.mail.stop()
            self.mail = None

    def flush(self) -> None:
        """Empty the broker, as if its machine had been replaced."""
        socket = broker.socket_path(Path(self.env["STATE_DIR"]))
        redis.Redis(unix_socket_path=str(socket)).flushall()

    # ------------------------------------------------------------ the driver
    def drive(self, command: str, *arguments: str) -> Any:
        """Run one driver command in the house's environment."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.driver", command, *arguments],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not lines:
            raise AssertionError(f"driver {command} failed:\n{done.stderr[-3000:]}")
        return json.loads(lines[-1][7:])

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.env, check=True, capture_output=True
        )

    def until(self, true: Callable[[dict[str, Any]], bool], seconds: float = 90) -> dict[str, Any]:
        """Ask for the state until it is as wished; the last state is in the error when time runs out."""
        end = time.monotonic() + seconds
        while True:
            seen: dict[str, Any] = self.drive("state")
            if true(seen):
                return seen
            if time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-3000:]
                brief = {key: seen[key] for key in ("requests", "orders", "letters", "notices", "parcels")}
                raise AssertionError(f"not reached in {seconds} s: {json.dumps(brief, indent=1)}\n{tail}")
            time.sleep(0.5)


def states(seen: dict[str, Any]) -> set[str]:
    """The states of all requests."""
    return {one["state"] for one in seen["requests"].values()}


@contextmanager
def opened(folder: Path, port: int) -> Iterator[House]:
    """A migrated house with its company, broker and mail server up; ends every child."""
    house = House(folder, port)
    house.manage("migrate", "-v0")
    house.drive("setup", str(house.database))
    house.start_mail()
    house.start("broker")
    try:
        yield house
    finally:
        for name in list(house.children):
            house.kill(name)
        house.stop_mail()
