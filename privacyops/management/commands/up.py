"""`manage.py up`: everything on one machine, from an empty folder to the first page, under one supervisor."""

import errno
import fcntl
import hashlib
import os
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from privacyops import demo, roles, upgrading
from privacyops.supervisor import STOPPING, Child, Supervisor

STAFF = {"maya": "Privacy officer", "jonas": "Reviewer", "admin": "Administrator"}
# Advice to whoever runs a database server of their own; and that we run as root, which in a container we do.
HUSHED = ("Memory overcommit must be enabled",)
AS_ROOT = ("-W", "ignore::UserWarning:celery.platforms")
# Files that no page of ours asks for: DRF's browsable API is off.
UNSERVED = ("rest_framework",)


class Command(BaseCommand):
    help = "Start the portal, its worker, scheduler and broker; Ctrl-C ends them."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        lock = self._lock()
        host, port = _listening()
        _refuse_taken(host, port)
        for sign in STOPPING:
            signal.signal(
                sign, signal.default_int_handler
            )  # until the supervisor watches: leave at once, through `finally`
        supervisor = Supervisor(self._broker(), self._say)
        try:
            for child in supervisor.children:
                supervisor.start(child)
            password = self._prepare()
            supervisor.children += _programs(host, port)
            supervisor.run(lambda: self._ready(host, port, password, started))
        except KeyboardInterrupt:
            self._say("Stopped before it was up; the next start goes on from here.")
        finally:
            for sign in STOPPING:
                signal.signal(sign, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of it running
            supervisor.end()
            lock.close()
        self._say("Everything has ended.")

    def _say(self, line: str) -> None:
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            return  # the reader of our output has left (its terminal was closed): the work goes on, or ends, without it

    def _lock(self) -> Any:
        """One supervisor per state folder; the lock dies with the process."""
        path = settings.STATE_DIR / "run" / "up.lock"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = path.open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise CommandError(
                f"PrivacyOps is running on {settings.STATE_DIR} already (process {handle.read().strip()}). Stop it first,"
                " or set STATE_DIR and SITE_URL for a second one."
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        return handle

    def _broker(self) -> list[Child]:
        broker = settings.BROKER
        if broker.binary is None or broker.socket is None:
            if broker.kind == "files":
                self._say("No Valkey or Redis on this machine: messages go through files, which is slower.")
            return []
        broker.socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = settings.STATE_DIR / "broker"
        folder.mkdir(exist_ok=True, mode=0o700)
        command = [
            broker.binary, "--port", "0", "--unixsocket", str(broker.socket), "--unixsocketperm", "700",
            "--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(folder), "--save", "",
            "--maxmemory-policy", "noeviction", "--loglevel", "warning",
        ]  # fmt: skip
        return [Child("broker", command, last=True, hushed=HUSHED)]

    def _prepare(self) -> str:
        """Bring database, static files, roles and demo up to date; the new staff password, if accounts were made."""
        upgrading.migrate(self._say)
        if settings.BROKER.kind == "files":
            call_command("createcachetable", verbosity=0)
            for folder in ("data_folder_in", "processed_folder", "control_folder"):
                Path(settings.BROKER.options[folder]).mkdir(parents=True, exist_ok=True, mode=0o700)
        _collect_static()
        roles.sync()
        if not settings.DEMO:
            return ""
        demo.load(self._say)
        password = _demo_staff()
        demo.share_work()
        return password

    def _ready(self, host: str, port: int, password: str, started: float) -> bool:
        near = "127.0.0.1" if host == "0.0.0.0" else host
        try:
            request = urllib.request.Request(f"http://{near}:{port}/healthz", headers={"Host": settings.SITE_HOST})
            urllib.request.urlopen(request, timeout=2).read()
        except (urllib.error.URLError, OSError):
            return False
        site = settings.SITE_URL
        lines = [
            "",
            f"  PrivacyOps for {settings.COMPANY_NAME} is up ({time.monotonic() - started:.1f} s)",
            "",
            f"  Privacy centre   {site}/",
            f"  Make a request   {site}/request/",
            f"  Staff desk       {site}/admin/",
        ]
        if settings.DEMO and not settings.EMAIL_URL:
            lines.append(f"  Demo mailbox     {site}/mailbox/")
        if password:
            lines += ["", f"  Sign in as {', '.join(STAFF)} with the password {password}", "  (shown this once)"]
        elif settings.DEMO:
            lines += ["", f"  Staff password forgotten? {_short(sys.executable)} manage.py password jonas"]
        lines += ["", "  Ctrl-C ends everything.", ""]
        self._say("\n".join(lines))
        return True


def _listening() -> tuple[str, int]:
    """Where the web process listens: this machine only, unless BIND says otherwise; PORT, else the port of SITE_URL."""
    port = os.environ.get("PORT") or urlsplit(settings.SITE_URL).port or 8000
    return os.environ.get("BIND") or "127.0.0.1", int(port)


def _programs(host: str, port: int) -> list[Child]:
    python = [sys.executable, *AS_ROOT, "-m"]
    web = [
        *python, "gunicorn", "privacyops.wsgi", "--bind", f"{host}:{port}", "--worker-class", "gthread",
        "--workers", "2", "--threads", "4", "--timeout", "60", "--graceful-timeout", "5", "--log-level", "warning",
    ]  # fmt: skip
    worker = [
        *python, "celery", "-q", "-A", "privacyops", "worker", "--concurrency", "2", "--without-gossip", "--without-mingle",
        "--loglevel", "WARNING", "--hostname", f"worker-{port}@%h",
    ]  # fmt: skip
    beat = [*python, "celery", "-q", "-A", "privacyops", "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "",
            "--loglevel", "WARNING"]  # fmt: skip
    # A worker whose broker goes at the same moment never finishes its orderly end, so it is killed; leases mend the rest.
    return [Child("web", web), Child("worker", worker, orphaned=signal.SIGKILL), Child("beat", beat)]


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandError(
                    f"{host}:{port} cannot be listened on ({error.strerror}). Check BIND and PORT."
                ) from None
            raise CommandError(
                f"Port {port} is taken. Stop the program that uses it, or choose another:"
                " SITE_URL=http://127.0.0.1:8010 make run"
            ) from None


def _short(path: str) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path) if path.startswith(os.getcwd()) else path


def _collect_static() -> None:
    """Collect static files when they changed since the last time."""
    stamp = settings.STATE_DIR / "run" / "static.stamp"
    marks = [f"{path}:{path.stat().st_mtime_ns}" for path in sorted((settings.BASE_DIR / "static").rglob("*"))]
    requirements = Path(settings.BASE_DIR / "requirements.txt").read_bytes()
    mark = hashlib.sha256("\n".join(marks).encode() + requirements).hexdigest()
    if stamp.exists() and stamp.read_text() == mark and settings.STATIC_ROOT.exists():
        return
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=list(UNSERVED))
    stamp.write_text(mark)


def _demo_staff() -> str:
    """Make the demo's colleagues with one password between them; empty when they are there already."""
    if User.objects.filter(username__in=STAFF).exists():
        return ""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    for name, role in STAFF.items():
        user = User.objects.create_user(
            name, f"{name}@hireline.example", password, is_staff=True, first_name=name.title()
        )
        user.groups.add(Group.objects.get(name=role))
    return password
