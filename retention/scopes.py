"""What a run of a schedule covers: the seam between the conductor (`runs`) and what schedules say since they have versions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from audit.actor import Actor
from audit.refusal import Refused
from connectors import batches, withdrawing
from connectors.models import Batch
from inventory import mapping
from inventory.dating import Due, resolve
from inventory.graph import CollectionSpec, Graph, Name
from inventory.models import Purpose
from retention import actions, conflicts
from retention.models import Action, Run, Schedule, Terms, Trigger

Held = TypeVar("Held", bound=Schedule)
# What a purpose must rest on so that somebody can withdraw or object.
REFUSABLE = (Purpose.Basis.CONSENT, Purpose.Basis.LEGITIMATE)


def words(row: Terms) -> list[str]:
    """The fields that tell when the time of a row begins."""
    named = [one.strip() for one in row.dates.split(",") if one.strip()]
    return named or [one for one in [row.collection.dated_by] if one]


def terms(schedule: Schedule) -> str:
    """What a run is bound to: period, collection, and what differs from a plain deletion by the collection's own date."""
    collection = schedule.collection
    said = f"{schedule.period} {schedule.unit}: {collection.dataset.key}.{collection.name}"
    if schedule.year_ends:
        said += f" from the end of the year ({schedule.year_ends})"
    if schedule.dates:
        said += f" from {', '.join(words(schedule))}"
    if by_consent(schedule):
        said += f" from withdrawn consent ({schedule.purpose and schedule.purpose.key})"
    if schedule.action != Action.DELETE:
        said += f", {schedule.get_action_display().lower()}"
    return said[:250]


def claimants(rows: Sequence[Schedule]) -> dict[int, list[conflicts.Claimant]]:
    """The schedules by collection, as the rule looks at them."""
    found = defaultdict(list)
    for one in rows:
        found[one.collection_id].append(claimant(one))
    return found


def claimant(row: Schedule) -> conflicts.Claimant:
    """A schedule as the rule looks at it."""
    return conflicts.Claimant(row.pk, row.title, row.basis, row.period, row.unit, row.year_ends)


def holding(rows: list[Held]) -> list[Held]:
    """Of all active schedules, given as they are, those that hold. No query."""
    lost = {int(str(one.loser.key)) for one in _lost(rows)}
    return [one for one in rows if one.pk not in lost]


def _lost(rows: Sequence[Schedule]) -> list[conflicts.Overruled]:
    return [one for each in claimants(rows).values() if len(each) > 1 for one in conflicts.settle(each)[1]]


def overruled() -> dict[int, conflicts.Overruled]:
    """Active schedules that do not hold because another one of the same rows does, by their id. One query."""
    rows = list(Schedule.objects.filter(active=True).order_by("pk"))
    return {int(str(one.loser.key)): one for one in _lost(rows)}


def refuse(schedule: Schedule) -> None:
    """Raises Refused when a schedule holds not, or its action cannot be carried out."""
    actions.refuse_unavailable(schedule.action)
    lost = overruled().get(schedule.pk)
    if lost is not None:
        raise Refused(
            f"“{lost.winner.title}” holds for these rows. {lost.why} Switch one of the two off.", code="overruled"
        )


def open_batch(run: Run, actor: Actor, ahead: Iterable[date] = ()) -> Batch:
    """Open the count of the rows that a run would erase, and of those that later days would take.

    Raises Refused: "not_dated", "overruled", "action_unavailable".
    """
    schedule = run.schedule
    refuse(schedule)
    collection = schedule.collection
    if by_consent(schedule):
        spec, wanted = due(schedule, run.cutoff_on)
        return batches.open_withdrawn(
            origin=f"run:{run.pk}", collection=spec.key, purpose=wanted.purpose, before=wanted.before, actor=actor
        )
    return batches.open_retention(
        origin=f"run:{run.pk}", collection=(collection.dataset.key, collection.name), before=run.cutoff_on,
        dates=words(schedule) if schedule.dates else (), ahead=ahead, actor=actor,
    )  # fmt: skip


def due(row: Terms, before: date, graph: Graph | None = None) -> tuple[CollectionSpec, Due]:
    """(the description of the rows, what makes them due). Raises Refused "not_dated" in words."""
    graph = graph or mapping.graph()
    name = (row.collection.dataset.key, row.collection.name)
    if name not in graph.collections:
        raise Refused("This collection is not described.", code="not_dated", field="collection")
    if by_consent(row):
        return _by_consent(row, before, graph, name)
    try:
        return graph.collections[name], resolve(graph, name, words(row), before)
    except ValueError as error:
        raise Refused(str(error), code="not_dated", field="dates") from None


def by_consent(row: Terms) -> bool:
    """Whether our own ledger of choices tells when the time begins, and no field of the company's system."""
    return row.trigger == Trigger.WITHDRAWN and not row.dates


def _by_consent(row: Terms, before: date, graph: Graph, name: Name) -> tuple[CollectionSpec, Due]:
    if row.purpose is None:
        raise Refused(
            "Choose the purpose to which consent is withdrawn; our own ledger then tells the day. Or name the field of the "
            "system that holds the day under dates.", code="not_dated", field="purpose",
        )  # fmt: skip
    if row.purpose.lawful_basis not in REFUSABLE and not row.purpose.sale_or_sharing:
        raise Refused(
            "Nobody can withdraw from this purpose: it rests neither on consent nor on a legitimate interest. Choose "
            "another, or name the field that holds the day under dates.", code="not_dated", field="purpose",
        )  # fmt: skip
    if row.action == Action.ANONYMISE:
        raise Refused(
            "By our own ledger rows are deleted or masked, not anonymised. Choose to delete them, or name the field that holds "
            "the day under dates.", code="action_unavailable", field="action",
        )  # fmt: skip
    spec = graph.collections[name]
    if not spec.primary_key or not withdrawing.leads_to(graph, name):
        raise Refused(
            "No e-mail address, phone or customer number leads to these rows, so it is not known whose they are. Describe the "
            "reference that leads there, or name the field that holds the day under dates.",
            code="not_dated", field="collection",
        )  # fmt: skip
    return spec, Due(before, purpose=row.purpose.key)


def dated_fields(graph: Graph) -> dict[Name, set[str]]:
    """What active schedules read to tell when the time of a row is over, by collection; references to a parent with it."""
    found = defaultdict[Name, set[str]](set)
    for row in Schedule.objects.filter(active=True).select_related("collection__dataset"):
        try:
            spec, by = due(row, date.max, graph)
        except Refused:
            continue  # the schedule says so on its own page
        found[spec.key] |= set(by.own)
        for one in by.parents:
            found[spec.key] |= set(one.mine)
            found[one.spec.key] |= {*one.theirs, one.field}
    return found


def begun_otherwise(run: Run) -> bool:
    """Whether the schedule says something else by now than when the run was opened."""
    return terms(run.schedule) != run.terms
