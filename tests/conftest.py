"""What every test stands on: a state folder of its own, and services that are there or are missed out loud.

By default SQLite and no broker; DATABASE_URL and REDIS_URL choose PostgreSQL and Redis for the very same tests.
"""
# ruff: noqa: E402

import atexit
import itertools
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

RUN = f"privacyops-tests-{uuid.uuid4().hex[:12]}"


def _state_folder() -> str:
    """The given folder or a temporary one; each process of a parallel run has its own part of it."""
    given = os.environ.get("STATE_DIR")
    if given is None:
        given = tempfile.mkdtemp(prefix="privacyops-tests-")
        atexit.register(shutil.rmtree, given, ignore_errors=True)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return str(Path(given) / worker) if worker else given


# Before Django reads its settings: nothing of a test lands in the tree or in a running installation's state. That is why
# Django is set up here and not by pytest-django, which would do it (in the parallel processes too) before this file is read.
os.environ["STATE_DIR"] = _state_folder()
os.environ["DJANGO_SETTINGS_MODULE"] = "privacyops.settings"
os.environ["CI_STRICT"] = "1" if os.environ.get("CI", "").lower() in ("1", "true") else ""

import django

django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]

import pytest
import redis
from django.conf import settings
from django.core.cache import cache, caches
from django.core.management.commands import flush
from django.db import connection, connections

from audit import triggers
from consent import immutable, launching
from inventory import phrases
from requests_app import appearance
from retention import immutable as schedules

WANTED = " is missing; to run this test: "
NOT_OFFERED = " does not offer "
_numbers = itertools.count()


def pytest_configure(config: pytest.Config) -> None:
    if str(settings.STATE_DIR) != str(Path(os.environ["STATE_DIR"]).resolve()):
        pytest.exit("Django was set up before the tests chose a folder: unset DJANGO_SETTINGS_MODULE.", returncode=4)
    # A cache of its own for each process: clearing a shared Redis would forget the other process's limits in mid-test.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    if settings.REDIS_URL:
        # A real server may hold other things: every key of this run bears its name, and goes with it.
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {**settings.BROKER.options, "global_keyprefix": f"{RUN}:"}
    else:
        # Bells ring into memory: no test waits for a broker that is not there. The fault suite starts real ones.
        settings.CELERY_BROKER_URL = "memory://"
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each half of the suite runs what it can tell something about.

    Tests about several writers at once (marker `postgres`) belong to the PostgreSQL run: SQLite has one writer. Where the
    suite runs twice (SECOND_HALF), what never touches the portal's database was told by the first half already. Tests of an
    S3 store run where one is named (S3_SERVER), as `make foreign` does.
    """
    left_out = [] if os.environ.get("S3_SERVER") else [one for one in items if one.get_closest_marker("s3")]
    if connection.vendor != "postgresql":
        left_out += [one for one in items if one.get_closest_marker("postgres")]
    elif half := os.environ.get("SECOND_HALF"):
        left_out += [one for one in items if not _touches_our_database(one) or (half == "core" and not _core(one))]
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [one for one in items if one not in gone]


# What these tell about pages, words and files does not depend on the portal's database.
ONCE = (
    "tests/matrix/", "tests/corpus/", "tests/requests_app/test_letters.py", "tests/requests_app/test_package_format.py",
    "tests/inventory/test_descriptions.py", "tests/inventory/test_fides.py", "tests/inventory/test_table.py",
    "tests/desk/test_second_factor.py", "tests/desk/test_signin.py", "tests/desk/test_lawbook.py",
    *(
        f"tests/portal/test_{name}.py"
        for name in (
            "http", "steps", "pages", "ask_steps", "access", "languages", "look", "asking", "host_token", "openid", "papers",
            "prose", "mailbox", "rights", "notice_pages", "uniform", "embedding", "trouble",
        )
    ),
)  # fmt: skip


# Where the two engines differ most, and what must hold on the one that companies run: part of every `make test`.
CORE = (
    "tests/audit/", "tests/stories/", "tests/subjects/", "tests/privacyops/", "tests/retention/test_opening_runs.py",
    "tests/retention/test_runs.py", "tests/retention/test_stopped_runs.py", "tests/retention/test_withdrawn.py",
)  # fmt: skip


def _core(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("postgres")) or item.nodeid.startswith(CORE)


def _touches_our_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once") or item.nodeid.startswith(ONCE):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db", "live_server"})


@pytest.fixture(scope="session", autouse=True)
def _children_know_the_settings() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "privacyops.settings"


@pytest.fixture(scope="session", autouse=True)
def _flush_knows_the_append_only_table() -> Iterator[None]:
    """Transactional tests empty all tables afterwards: the triggers step aside for that one command."""
    real = flush.Command.handle

    def handle(self: flush.Command, *args: Any, **options: Any) -> Any:
        target = connections[options.get("database", "default")]
        for table in triggers.TABLES:
            triggers.remove(target, table)
        immutable.remove(target)
        schedules.remove(target)
        try:
            return real(self, *args, **options)
        finally:
            for table in triggers.TABLES:
                triggers.install(target, table)
            immutable.install(target)
            schedules.install(target)

    flush.Command.handle = handle  # type: ignore[method-assign]
    yield
    flush.Command.handle = real  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    """Each test begins with an empty cache. On a shared server that is a name of its own: clearing would empty it for all."""
    if settings.REDIS_URL:
        prefix = f"{RUN}:{next(_numbers)}"
        caches.settings["default"]["KEY_PREFIX"] = prefix  # what other threads of this test will open
        caches["default"].key_prefix = prefix
    else:
        cache.clear()


@pytest.fixture(autouse=True)
def _our_own_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with the look that we bring, and need not ask the database for it."""
    monkeypatch.setattr(appearance, "SECONDS", 3600.0)
    appearance.remember(appearance.Look())


@pytest.fixture(autouse=True)
def _launches_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers of purposes that are live is of another test's database."""
    monkeypatch.setattr(launching, "_mine", None)


@pytest.fixture(autouse=True)
def _nothing_translated_yet() -> None:
    """Each test begins without translations of the company's own words, and need not ask the database for them."""
    phrases.nothing_kept()


@pytest.fixture
def state_dir() -> Path:
    """The state folder of this run."""
    return Path(os.environ["STATE_DIR"])


@pytest.fixture
def need() -> Callable[[str, bool, str], None]:
    """`need("MariaDB", reachable, "start one on 127.0.0.1:3306")`: skip in words, or fail under CI=true."""

    def check(service: str, there: bool, how: str) -> None:
        if there:
            return
        sentence = f"{service}{WANTED}{how}"
        if os.environ["CI_STRICT"]:
            pytest.fail(sentence)
        pytest.skip(sentence)

    return check


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was not run and how to run it: read from the reports, which parallel processes send home."""
    missed: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if WANTED in reason:
            missed[reason] = missed.get(reason, 0) + 1
    for reason, count in missed.items():
        service, how = reason.split(WANTED, 1)
        terminalreporter.write_line(f"NOT RUN for want of {service}: {count}. To run them, {how}.")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave nothing on a shared server. Under CI=true a skipped test is a failure: nothing may be missing there. What a kind of
    system documents as not offered is not missing.
    """
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL) as server:
            for key in server.scan_iter(match=f"*{RUN}*", count=1000):
                server.delete(key)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    missing = [one for one in skipped if NOT_OFFERED not in str(one.longrepr)]
    if os.environ["CI_STRICT"] and missing and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for one in missing:
            reporter.write_line(f"FAILED {one.nodeid}: skipped, and CI=true allows no skipped test")
