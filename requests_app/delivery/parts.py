"""The collections of a package with what belongs beside their rows: why, from whom, for how long, what is hidden."""

from dataclasses import dataclass, field
from typing import Any

from connectors import redacting
from connectors.models import Finding
from connectors.reading import ANOTHER_PERSON
from connectors.redacting import REASONS, REDACT
from connectors.searching import Searcher
from inventory import phrases
from inventory.models import Collection
from inventory.models import Field as Column
from requests_app import wording
from requests_app.delivery.tables import Names
from requests_app.models import Request
from retention.phrases import kept

JSON_TYPES: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass
class Part:
    """One collection in the package. `files`: paths in the bag of what a colleague put in; `types`: seen by column."""

    title: str
    description: str
    dataset: str
    collection: str
    purposes: list[tuple[str, str]]
    categories: list[str]
    source: str
    kept: str
    periods: list[str]
    fields: dict[str, Column]
    findings: list[Finding]
    name: str
    hidden: list[tuple[str, int]]
    searcher: Searcher
    rows: int = 0
    columns: list[str] = field(default_factory=list)
    types: dict[str, set[type]] = field(default_factory=dict)
    first: list[list[str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def headings(self) -> list[str]:
        """The columns in words."""
        return [self.heading(one) for one in self.columns]

    @property
    def others(self) -> bool:
        """Whether something about somebody else stands hidden on the page."""
        return any(ANOTHER_PERSON in row for row in self.first)

    def heading(self, column: str) -> str:
        """A column in words."""
        found = self.fields.get(column)
        return phrases.said(found.title if found else "") or column

    def category(self, column: str) -> str:
        """The key of the data category of a column, or nothing."""
        found = self.fields.get(column)
        return found.category.key if found and found.category else ""

    def data_type(self, column: str) -> str:
        """What all values of a column are, in the words of JSON Schema and Table Schema; string where they differ."""
        seen = self.types.get(column, set()) - {type(None)}
        if seen == {int, float}:
            return "number"
        return JSON_TYPES.get(next(iter(seen)), "string") if len(seen) == 1 else "string"

    def see(self, rows: list[dict[str, Any]]) -> None:
        """Remember the columns and what their values are."""
        if not self.columns:
            self.columns = list(rows[0])
            self.types = {name: set() for name in self.columns}
        for name, seen in self.types.items():
            seen.update({type(row.get(name)) for row in rows})


def of(request: Request) -> list[Part]:
    """The parts of a request's package, in the order in which the search found them."""
    if request.batch is None:
        return []
    findings = Finding.objects.filter(batch=request.batch_id, decision=Finding.Decision.INCLUDE, rows__gt=0)
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for one in findings.select_related("batch").order_by("place", "pk"):
        grouped.setdefault((one.dataset, one.collection), []).append(one)
    collections = {(row.dataset.key, row.name): row for row in wording.collections(grouped)}
    hidden, names, searcher = redacting.hidden(request.batch), Names(), Searcher(request.batch)
    parts = []
    for key, group in grouped.items():
        row = collections.get(key)
        if row is not None and row.in_package:
            parts.append(_part(row, group, names, hidden.get(key, {}), searcher))
    return parts


def _part(row: Collection, findings: list[Finding], names: Names, hidden: dict[str, int], searcher: Searcher) -> Part:
    fields = {one.name: one for one in row.fields.all()}
    return Part(
        title=phrases.said(row.title),
        description=phrases.said(row.description),
        dataset=row.dataset.key,
        collection=row.name,
        purposes=[(phrases.said(one.name), phrases.said(one.description)) for one in row.purposes.all()],
        categories=sorted({phrases.said(one.category.name) for one in fields.values() if one.category}),
        source=wording.source(row.dataset),
        kept=phrases.said(row.keep_until),
        periods=[f"{kept(one)} ({phrases.said(one.reason)})" for one in row.schedules.all() if one.active],
        fields=fields,
        findings=findings,
        name=names.give(row.dataset.key, row.name),
        hidden=[(REASONS[REDACT][reason], count) for reason, count in sorted(hidden.items())],
        searcher=searcher,
    )
