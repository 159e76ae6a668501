"""What `doctor` looks at. Each examination answers with ok, warn or fail, a sentence, and how to mend it."""

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from celery import current_app
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.utils import timezone
from kombu.exceptions import ChannelError, OperationalError

from audit import triggers
from audit.models import SweepRun
from connectors.kinds import base
from connectors.models import Connection
from requests_app import limits
from requests_app.inbox import mailbox

# Longer than any healthy pause between two sweeps; and than a sweep may take.
QUIET, LONG = timedelta(minutes=5), timedelta(minutes=15)


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    name: str
    state: Literal["ok", "warn", "fail"]
    sentence: str
    mend: str = ""


def python() -> Result:
    """Which interpreter; an older one than we need would not have come this far."""
    return Result("Python", "ok", f"{sys.version.split()[0]}.")


def state_folder() -> Result:
    """Ours alone, and writable."""
    mode = stat.S_IMODE(settings.STATE_DIR.stat().st_mode)
    if not os.access(settings.STATE_DIR, os.W_OK):
        return Result("State folder", "fail", "It cannot be written.", "Give our user the folder STATE_DIR.")
    if mode & 0o077:
        return Result("State folder", "warn", f"Others can look into it (mode {mode:o}).", "chmod 700 on STATE_DIR.")
    return Result("State folder", "ok", "Private and writable.")


def keys() -> Result:
    """Keys come from the environment in production."""
    names = [name for name in ("SECRET_KEY", "DATA_KEYS", "INDEX_KEY", "RECEIPT_KEYS") if not os.environ.get(name)]
    if names and settings.HTTPS:
        return Result(
            "Keys", "fail", f"{', '.join(names)} were made here.", "Set them, and keep a copy apart from the backups."
        )
    if names:
        return Result("Keys", "warn", "Made on this machine; fine for a trial.", "Set them before real data comes in.")
    return Result("Keys", "ok", "From the environment.")


def database() -> Result:
    """Reachable, with every migration."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as error:
        return Result(
            "Database", "fail", f"It does not answer ({type(error).__name__}).", "Check DATABASE_URL and its server."
        )
    if missing:
        return Result("Database", "fail", f"{len(missing)} migrations are missing.", "manage.py migrate")
    if connection.vendor == "sqlite" and settings.HTTPS:
        return Result("Database", "warn", "SQLite serves one machine.", "Set DATABASE_URL to a PostgreSQL database.")
    return Result("Database", "ok", f"{connection.vendor}, all migrations applied.")


def history() -> Result:
    """The triggers that keep the event log, and the ledger of choices, append-only are there."""
    bare = [one.name for one in triggers.TABLES if not triggers.installed(connection, one)]
    if bare:
        return Result(
            "Event log", "fail", f"Nothing keeps rows of {', '.join(bare)} from being changed.",
            "Ask who dropped the triggers; audit/triggers.py has them.",
        )  # fmt: skip
    return Result("Event log", "ok", "Append-only, and so is the ledger of choices.")


def clock() -> Result:
    """Our clock and the database's agree: deadlines and leases depend on both."""
    if connection.vendor != "postgresql":
        return Result("Clock", "ok", "One machine, one clock.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        skew = abs((cursor.fetchone()[0] - timezone.now()).total_seconds())
    if skew > 5:
        return Result(
            "Clock", "fail", f"Ours and the database's differ by {skew:.0f} s.", "Run a time service on both."
        )
    return Result("Clock", "ok", "Agrees with the database's.")


def broker() -> Result:
    """Reachable; it holds no truth, but without it everything is slow."""
    try:
        with current_app.connection_for_write(connect_timeout=2) as link:
            link.ensure_connection(max_retries=0, timeout=2)
    except (OSError, OperationalError) as error:
        return Result(
            "Broker", "fail", f"The {settings.BROKER.kind} broker does not answer ({type(error).__name__}).",
            "Start the portal (manage.py up), or check REDIS_URL.",
        )  # fmt: skip
    return Result("Broker", "ok", f"{settings.BROKER.kind} answers.")


def rounds() -> Result:
    """Worker and scheduler do their rounds, and each sweep gets to its end."""
    now = timezone.now()
    seen = {
        row["job"]: row
        for row in SweepRun.objects.values("job").annotate(last=Max("finished_at"), rung=Max("started_at"))
    }
    alive = max((row["rung"] for row in seen.values()), default=None)
    if alive is None or alive < now - QUIET:
        waiting = _waiting()
        if waiting:
            return Result("Rounds", "fail", f"{waiting} messages wait and no worker takes them.", "Start a worker.")
        return Result("Rounds", "fail", "No sweep has begun for five minutes.", "Start the scheduler and a worker.")
    broken = sorted(
        job
        for job, row in seen.items()
        if row["rung"] > now - QUIET and (row["last"] is None or row["last"] < now - LONG)
    )
    if broken:
        return Result(
            "Rounds", "fail", f"These begin and never end: {', '.join(broken)}.", "The worker's log names the place."
        )
    return Result("Rounds", "ok", f"The last sweep began {(now - alive).total_seconds():.0f} s ago.")


def _waiting() -> int:
    """Messages that no worker has taken; 0 also when the broker cannot say."""
    try:
        with current_app.connection_for_read(connect_timeout=2) as link:
            channel: Any = link.channel()
            queue = current_app.conf.task_default_queue
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except (OSError, OperationalError, ChannelError):
        return 0


def mail() -> Result:
    """The mail server answers."""
    if not settings.EMAIL_URL:
        state: Literal["warn", "fail"] = "fail" if settings.HTTPS else "warn"
        return Result("Mail", state, "Letters stay in the local mailbox.", "Set EMAIL_URL to your mail server.")
    try:
        link = get_connection(fail_silently=False)
        link.open()
        link.close()
    except OSError as error:
        return Result("Mail", "fail", f"The server does not answer ({type(error).__name__}).", "Check EMAIL_URL.")
    return Result("Mail", "ok", "The server answers.")


def inbox() -> Result:
    """The mailbox that requests arrive in can be read, where one is set."""
    if not settings.MAILBOX_IMAP_URL:
        return Result("Mailbox", "ok", "None is set: requests by e-mail are entered by hand.")
    try:
        where = mailbox.place(settings.MAILBOX_IMAP_URL)
        with mailbox.opened(where):
            return Result("Mailbox", "ok", "It can be read.")
    except mailbox.Misconfigured as error:
        return Result("Mailbox", "fail", "MAILBOX_IMAP_URL cannot be used.", str(error))
    except mailbox.TROUBLE as error:
        return Result("Mailbox", "fail", f"It cannot be read ({type(error).__name__}).", "Check MAILBOX_IMAP_URL.")


def address() -> Result:
    """Served over TLS, under a name that we answer to."""
    if settings.SITE_HOST not in settings.ALLOWED_HOSTS and not any(
        settings.SITE_HOST.endswith(name) for name in settings.ALLOWED_HOSTS if name.startswith(".")
    ):
        return Result("Address", "fail", f"{settings.SITE_HOST} is not answered.", "Name it in ALLOWED_HOSTS.")
    if "*" in settings.ALLOWED_HOSTS:
        return Result("Address", "fail", "Every host name is answered.", "Name yours in ALLOWED_HOSTS.")
    if not settings.HTTPS:
        return Result(
            "Address", "warn", f"{settings.SITE_URL} is not encrypted.", "Set SITE_URL to your https:// address."
        )
    return Result("Address", "ok", settings.SITE_URL)


def proxies() -> Result:
    """Whose word we take for who asks, and whether they came by TLS."""
    count = settings.TRUSTED_PROXIES
    if not count and limits.proxy_unbelieved():
        return Result(
            "Proxies", "warn", "Forms come through a proxy that is not believed: everybody counts as one network.",
            "Set TRUSTED_PROXIES to the number of proxies in front of us.",
        )  # fmt: skip
    if settings.HTTPS and not count:
        return Result(
            "Proxies", "warn", "No proxy is believed: if one ends TLS for us, every page redirects to itself.",
            "Set TRUSTED_PROXIES to the number of proxies in front of us.",
        )  # fmt: skip
    if count and not settings.HTTPS:
        return Result(
            "Proxies",
            "warn",
            f"{count} believed at an address without TLS.",
            "Set SITE_URL to https://, or TRUSTED_PROXIES=0.",
        )
    return Result("Proxies", "ok", f"{count} believed.")


def trial() -> Result:
    """Debugging and the demo belong on a machine of one's own."""
    if settings.DEBUG:
        return Result("Trial settings", "fail", "DEBUG is on.", "Unset DEBUG.")
    if settings.DEMO and settings.HTTPS:
        return Result("Trial settings", "fail", "The demo is on at a public address.", "Unset DEMO.")
    return Result("Trial settings", "ok", "The demo is on." if settings.DEMO else "DEBUG and DEMO are off.")


def systems() -> Result:
    """Every connection works."""
    broken = []
    for one in Connection.objects.filter(active=True).select_related("system"):
        try:
            base.open_kind(one).check()
        except (base.Permanent, base.Temporary):
            broken.append(one.system.key)
    if broken:
        return Result("Connections", "fail", f"These do not work: {', '.join(broken)}.", "Test them on the staff desk.")
    return Result("Connections", "ok", f"{Connection.objects.filter(active=True).count()} work.")


EXAMINATIONS: tuple[Callable[[], Result], ...] = (
    python, state_folder, keys, address, proxies, trial, database, history, clock, broker, rounds, mail, inbox, systems,
)  # fmt: skip
NEED_TABLES = (history, clock, rounds, systems)


def examine() -> list[Result]:
    """All results; what needs tables is left out when the database is not ready."""
    results: list[Result] = []
    for one in EXAMINATIONS:
        if one in NEED_TABLES and any(row.name == "Database" and row.state == "fail" for row in results):
            continue
        results.append(one())
    return results
