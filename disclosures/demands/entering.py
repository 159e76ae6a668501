"""A demand in the ledger of disclosures: one entry for each person, with the authority as recipient."""

from audit import actor as actors
from disclosures import ledger
from disclosures.models import LegalDemand

WORKER = actors.worker("disclosures.demands")


def enter(demand: LegalDemand) -> int:
    """Write the entries that are missing, in the caller's transaction; how many.

    Under a gag nobody calls this before the gag has ended: people see their entries, on their page and in their copy.
    """
    assert demand.disclosed_at is not None  # a constraint of the table
    keys = sorted(demand.given.values_list("key", flat=True))
    written = 0
    for person in demand.people.filter(disclosure=None).select_related("subject"):
        person.disclosure = ledger.record(
            person.subject, demand.authority, categories=keys, purpose=None, disclosed_at=demand.disclosed_at,
            occasion=f"Legal demand {demand.reference}", actor=WORKER,
        )  # fmt: skip
        person.save(update_fields=["disclosure"])
        written += 1
    return written
