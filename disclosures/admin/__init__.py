"""Disclosures on the desk: recipients, the ledger, notices to recipients, clients, sub-processors, external sites."""

from disclosures.admin import (
    budgets,
    channels,
    clients,
    demands,
    errands,
    ledger,
    listing,
    notices,
    persons,
    recipients,
    releases,
    room,
    sites,
    standing,
    transactions,
)

__all__ = (
    "budgets",
    "channels",
    "clients",
    "demands",
    "errands",
    "ledger",
    "listing",
    "notices",
    "persons",
    "recipients",
    "releases",
    "room",
    "sites",
    "standing",
    "transactions",
)
