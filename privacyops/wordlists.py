"""Texts that no source marks for translation, for they stand in tables and statute files and are looked up when spoken."""

from collections.abc import Iterator

import law
from connectors.redacting import REASONS as HIDDEN
from connectors.redacting import REDACT
from law.model import Statute
from law.rights import LABELS
from requests_app import laws, results, retold, wording, workflow
from requests_app.models import Asker
from retention.models import Schedule

# Why an order may be given up, as `results` puts the code into words.
GIVEN_UP = ("system retired", "done by hand", "not possible")


def spoken() -> Iterator[str]:
    """All of them; names of laws of the USA stay English, as do sections of laws but the GDPR."""
    yield from LABELS.values()
    yield from (name.removeprefix("USA: ") for _, name in law.residences())
    yield from laws.REASONS.values()
    yield from (laws.APPEAL, laws.APPEAL_WITHIN)
    for table in (results.GROUNDS, results.DONE, results.CLIENT_SAID, results.UNDONE, wording.SOURCES, HIDDEN[REDACT]):
        yield from map(str, table.values())
    yield from (results.SPARED, workflow.CONFLICT, laws.short("company"), *GIVEN_UP)
    yield from (*retold.SENTENCES, *retold.FILES)
    yield from map(str, (*Schedule.Unit.labels, *Asker.Basis.labels))
    for statute in law.statutes().values():
        yield from _of_statute(statute)


def _of_statute(one: Statute) -> Iterator[str]:
    yield from (ground.sentence for ground in one.grounds.values())
    yield one.remedies.court
    for clock in one.clocks.values():
        yield from (str(term) for term in (clock.respond, clock.goal, clock.acknowledge) if term)
        if clock.extension and clock.extension.total:
            yield str(clock.extension.total)
    yield one.remedies.regulator
    yield from (name for name, _ in one.remedies.authorities.values())
    if named(one):
        yield from (one.name, one.short_name)
    if one.id == "eu-gdpr":
        yield from sections(one)


def named(one: Statute) -> bool:
    """Whether the name of this law is translated: those of the states of the USA are known by their own."""
    return not one.id.startswith("us-")


def sections(one: Statute) -> Iterator[str]:
    """Every section that pages and letters quote of this law."""
    yield from (ground.cite for ground in one.grounds.values())
    yield from (right.cite for right in one.rights.values())
    for clock in one.clocks.values():
        yield from (clock.cite, clock.acknowledge_cite, *([clock.extension.cite] if clock.extension else []))
    yield from (one.remedies.complaint_cite, one.citation)
