"""Taking a survey: look at a live schema, hold it against the inventory, and write down as proposals what differs.

A survey is asked for by a row (`ask`, `ask_due`) and taken by whoever comes (`take`); taking it twice changes nothing. One
system's failure is written into its own survey, in words, and the others go on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from audit import log
from audit.actor import Actor, worker
from audit.refusal import Refused
from connectors.discovery import drafting, values
from connectors.discovery.comparing import CHANGED, Described, Difference, differences
from connectors.discovery.drafting import Drafted
from connectors.discovery.guessing import TEXTS
from connectors.discovery.tables import Table, fingerprint, from_json, to_json
from connectors.discovery.values import Signs
from connectors.kinds import base
from connectors.models import Connection, Proposal, Survey
from inventory.models import Collection, Dataset, System

SAMPLED = 40  # rows of each table
STUCK = timedelta(minutes=10)
NOT_ANSWERING = "The system did not answer. It is asked again at the next survey; check its connection until then."
Key = tuple[str, str]


class Surveyable(Protocol):
    """A kind that can show its tables."""

    def survey(self) -> list[Table]: ...

    def samples(self, table: Table, columns: Sequence[str], count: int) -> dict[str, list[str]]: ...


def opened(connection: Connection) -> Surveyable:
    """The kind of a connection, if it can show its tables. Raises Refused for one that cannot, Permanent, Temporary."""
    kind = base.open_kind(connection)
    if not hasattr(kind, "survey"):
        raise Refused("Systems of this kind cannot show their tables; describe them by hand.", code="no_survey")
    return cast(Surveyable, kind)


def look(kind: Surveyable, tables: Iterable[Table], sampled: bool = True) -> dict[Key, Signs]:
    """What sampled values of these tables look like; the values themselves end here. A table that cannot be read, or not
    in time, is left unsampled: its names still speak.
    """
    found: dict[Key, Signs] = {}
    for table in tables if sampled else ():
        columns = [one.name for one in table.columns if one.kind in TEXTS]
        try:
            rows = kind.samples(table, columns, SAMPLED)
        except (base.Permanent, base.Temporary):
            continue
        found |= {(table.name, name): values.signs(seen) for name, seen in rows.items()}
    return found


def described(system: System) -> tuple[dict[str, Described], dict[str, str]]:
    """(what the inventory says of each table of a system, the dataset of each). Two queries."""
    rows = Collection.objects.filter(dataset__system=system).select_related("dataset").prefetch_related("fields")
    said = {one.name: Described(frozenset(each.name for each in one.fields.all()), one.skip) for one in rows}
    return said, {one.name: one.dataset.key for one in rows}


def home(system: System) -> str:
    """The dataset that new tables of a system go to: its first, or one that bears its name."""
    first = Dataset.objects.filter(system=system).order_by("pk").values_list("key", flat=True).first()
    return first or system.key


def drafted(system: System, tables: Sequence[Table], seen: Mapping[Key, Signs]) -> dict[str, Drafted]:
    """A draft of every table of a system; references name the datasets that the inventory has them in."""
    _, homes = described(system)
    usual = home(system)
    return drafting.draft(tables, seen, {one.name: homes.get(one.name, usual) for one in tables})


def ask(system: System) -> Survey:
    """The survey of a system that is waiting to be taken; a new one if none is."""
    try:
        with transaction.atomic():
            return Survey.objects.create(system=system)
    except IntegrityError:
        return Survey.objects.get(system=system, state=Survey.State.ASKED)


def ask_due(now: datetime) -> list[int]:
    """Ask for a survey of each active SQL connection that had none for SURVEY_HOURS; the surveys that wait to be taken."""
    if not settings.SURVEY_HOURS:
        return []
    since = now - timedelta(hours=settings.SURVEY_HOURS)
    lately = Survey.objects.filter(asked_at__gt=since).values("system")
    for system in System.objects.filter(connection__active=True, connection__kind="sql").exclude(pk__in=lately):
        ask(system)
    waiting = Survey.objects.filter(Q(tried_at=None) | Q(tried_at__lt=now - STUCK), state=Survey.State.ASKED)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def take(survey_id: int, *, actor: Actor | None = None) -> Survey:
    """Take a survey that was asked for, and bring the proposals in line with it. Whoever comes second does nothing."""
    by, now = actor or worker("survey"), timezone.now()
    free = Survey.objects.filter(Q(tried_at=None) | Q(tried_at__lt=now - STUCK), pk=survey_id, state=Survey.State.ASKED)
    mine = free.update(tried_at=now)
    survey = Survey.objects.select_related("system__connection").get(pk=survey_id)
    if not mine:
        return survey
    try:
        kind = opened(survey.system.connection)
        tables = kind.survey()
        said, _ = described(survey.system)
        seen = look(kind, _unknown(tables, said))
    except base.Permanent as error:
        return _failed(survey, error.sentence, error.code, by)
    except base.Temporary as error:
        return _failed(survey, NOT_ANSWERING, error.code, by)
    except (Refused, Connection.DoesNotExist) as error:
        return _failed(
            survey, getattr(error, "message", "The system has no connection. Make one, then ask again."), "kind", by
        )
    return _taken(survey, tables, seen, by)


def _unknown(tables: Sequence[Table], said: Mapping[str, Described]) -> list[Table]:
    """The tables of which something is not described: only those are worth a sample."""
    return [
        one
        for one in tables
        if one.name not in said or any(each.name not in said[one.name].fields for each in one.columns)
    ]


def last_tables(system: System) -> list[Table]:
    """The tables of the newest survey that was taken; none if there is none."""
    last = Survey.objects.filter(system=system, state=Survey.State.TAKEN).order_by("-taken_at", "-pk").first()
    return from_json(last.tables) if last else []


def _failed(survey: Survey, sentence: str, code: str, by: Actor) -> Survey:
    with log.atomic():
        survey.state, survey.failure = Survey.State.FAILED, sentence[:300]
        survey.save(update_fields=["state", "failure"])
        log.record("survey.failed", actor=by, noun=survey, system=survey.system.key, code=code)
    return survey


def _taken(survey: Survey, tables: Sequence[Table], seen: Mapping[Key, Signs], by: Actor) -> Survey:
    with log.atomic():
        said, _ = described(survey.system)
        before = {one.name: one for one in last_tables(survey.system)}
        found = differences(tables, said, drafted(survey.system, tables, seen), before)
        new, gone = _reconcile(survey.system, found, {one.name: one for one in tables})
        survey.state, survey.taken_at = Survey.State.TAKEN, timezone.now()
        survey.tables, survey.fingerprint = to_json(tables), fingerprint(tables)
        survey.save(update_fields=["state", "taken_at", "tables", "fingerprint"])
        log.record(
            "survey.taken", actor=by, noun=survey, system=survey.system.key, tables=len(tables), new=new, gone=gone
        )
    return survey


def _reconcile(system: System, found: Sequence[Difference], live: Mapping[str, Table]) -> tuple[int, int]:
    """Write new differences as proposals, bring open ones up to date, end those that are no longer true: (new, ended)."""
    known: dict[tuple[str, str, str], list[Proposal]] = {}
    for one in Proposal.objects.filter(system=system).exclude(state__in=("accepted", "gone")):
        known.setdefault((one.kind, one.table, one.column), []).append(one)
    fresh, changed = list[Proposal](), list[Proposal]()
    for each in found:
        here = known.pop(each.place, [])
        opened_now = next((one for one in here if one.state == Proposal.State.OPEN), None)
        if opened_now is not None:
            if each.kind == CHANGED:
                was = opened_now.suggestion["was"]
                if was == each.suggestion["is"]:
                    known.setdefault(each.place, []).append(opened_now)  # it is as it was: ended below
                    continue
                each = replace(each, suggestion={**each.suggestion, "was": was})
            if opened_now.fingerprint != each.fingerprint:
                changed.append(_fill(opened_now, each))
        elif not any(one.fingerprint == each.fingerprint for one in here):
            fresh.append(_fill(Proposal(system=system, kind=each.kind, table=each.table, column=each.column), each))
    ended = [
        one for rows in known.values() for one in rows if one.state == Proposal.State.OPEN and not _still(one, live)
    ]
    Proposal.objects.bulk_create(fresh, batch_size=200)
    Proposal.objects.bulk_update(changed, ["suggestion", "evidence", "confidence", "fingerprint"], batch_size=200)
    Proposal.objects.filter(pk__in=[one.pk for one in ended]).update(
        state=Proposal.State.GONE, decided_at=timezone.now()
    )
    return len(fresh), len(ended)


def _fill(row: Proposal, each: Difference) -> Proposal:
    row.suggestion, row.evidence = dict(each.suggestion), list(each.evidence)
    row.confidence, row.fingerprint = each.confidence, each.fingerprint
    return row


def _still(one: Proposal, live: Mapping[str, Table]) -> bool:
    """A change is seen once, between two surveys; its question stands until it is answered or undone there."""
    column: Any = live[one.table].column(one.column) if one.kind == CHANGED and one.table in live else None
    return column is not None and column.shape == one.suggestion.get("is")
