"""Brings the demo company into the portal. Repeatable; a killed load starts over and leaves nothing half made."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from django.conf import settings
from django.contrib.auth.models import Group, User

from audit import actor
from connectors.models import Connection
from inventory import descriptions, phrases
from inventory.models import System
from privacyops.demo import (
    asked,
    asking,
    authorities,
    backing,
    choosing,
    generator,
    keeping,
    letters,
    noticing,
    releasing,
    sharing,
    showing,
    tables,
    team,
)

HERE = Path(__file__).parent
LOADER = actor.worker("demo")
AUTHOR = "hireline"
PAPER = """\
days: 5
instructions:
  find: Cabinet 3 in the people team's room. The personnel number is on the spine.
  erase: Shred it in the grey bin, and strike it from the register.
"""


def load(report: Callable[[str], None]) -> None:
    """Make Hireline's databases if they are missing, and describe, connect and publish everything about it."""
    make_databases(report)
    path = HERE / "descriptions" / "hireline.yaml"
    described = System.objects.filter(key="personnel-files").exists()  # the newest of them
    if not described or System.objects.filter(connection=None, role="controller").exists():
        descriptions.load(descriptions.read(path.read_text(encoding="utf-8"), path.name), actor=LOADER)
    for key in tables.DATABASES:
        system = System.objects.get(key=key)
        Connection.objects.get_or_create(system=system, defaults={"kind": "sql", "address": address(key)})
    paper = System.objects.get(key="personnel-files")
    Connection.objects.get_or_create(system=paper, defaults={"kind": "hand", "address": "-", "described": PAPER})
    sharing.recipients()
    sharing.ways()
    sharing.sites()
    author = _author()
    keeping.schedules(author)
    backing.load(author)
    sharing.ledger(LOADER, User.objects.get(pk=author.pk))
    sharing.for_clients(LOADER, User.objects.get(pk=author.pk))
    sharing.all_the_time()
    noticing.publish(author)
    _translate()
    asked.site()
    asking.agents(LOADER)
    showing.load(LOADER, User.objects.get(pk=author.pk))
    choosing.load(LOADER)
    authorities.load(User.objects.get(pk=author.pk))
    letters.deliver()


def share_work() -> None:
    """The rules, the absence and the playbook of Hireline's team, once its colleagues are there."""
    author = _author()
    team.load(LOADER, author)
    releasing.load(User.objects.get(pk=author.pk))


def address(database: str) -> str:
    """Where one of Hireline's databases is: a schema of DEMO_DATABASE_URL, or a SQLite file in the state folder."""
    if not settings.DEMO_DATABASE_URL:
        return f"sqlite:///{settings.STATE_DIR / 'demo' / database}.sqlite3"
    url = sa.make_url(settings.DEMO_DATABASE_URL.replace("postgres://", "postgresql://", 1))
    url = url.set(drivername="postgresql+psycopg").update_query_dict({"options": f"-csearch_path=hireline_{database}"})
    return url.render_as_string(hide_password=False)


def make_databases(report: Callable[[str], None]) -> None:
    """Fill the databases that are not there yet."""
    started = time.perf_counter()
    rows = _make_schemas() if settings.DEMO_DATABASE_URL else _make_files()
    if rows:
        report(f"Made the demo company Hireline: {rows:,} rows in {time.perf_counter() - started:.1f} s.")


def _make_files() -> int:
    folder = settings.STATE_DIR / "demo"
    if all((folder / f"{name}.sqlite3").exists() for name in tables.DATABASES):
        return 0
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    company, rows = generator.company_today(), 0
    drafts = []
    for name in tables.DATABASES:
        draft = folder / f".{name}.draft"
        draft.unlink(missing_ok=True)
        engine = sa.create_engine(f"sqlite:///{draft}")
        sa.event.listen(engine, "connect", _fast)
        rows += generator.fill(name, engine, company)
        engine.dispose()
        drafts.append((draft, folder / f"{name}.sqlite3"))
    for draft, final in drafts:
        draft.replace(final)
    return rows


def _fast(connection: object, record: object) -> None:
    # A draft that is lost in a power cut is made again: no need to wait for the disk.
    connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]


def _make_schemas() -> int:
    company, rows = generator.company_today(), 0
    for name in tables.DATABASES:
        engine = sa.create_engine(address(name))
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS hireline_{name}")
        if not sa.inspect(engine).get_table_names(schema=f"hireline_{name}"):
            rows += generator.fill(name, engine, company)
        engine.dispose()
    return rows


def reset() -> None:
    """Drop Hireline's databases; the next load makes them anew."""
    if settings.DEMO_DATABASE_URL:
        for name in tables.DATABASES:
            engine = sa.create_engine(address(name))
            with engine.begin() as connection:
                connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS hireline_{name} CASCADE")
            engine.dispose()
        return
    for name in tables.DATABASES:
        for path in (settings.STATE_DIR / "demo").glob(f"{name}.sqlite3*"):
            path.unlink()


def _author() -> User:
    """Whoever wrote Hireline's schedules and notice: nobody who can sign in."""
    user, made = User.objects.get_or_create(username=AUTHOR)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name="Privacy officer"))
    return user


def _translate() -> None:
    """Hireline's purposes in the languages of its public pages."""
    with (HERE / "phrases.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for language in phrases.languages():
        phrases.save(language, [(row["text"], row.get(language, "")) for row in rows], actor=LOADER)
