"""Nouns of disclosures: who gets data (`recipients`), what went to them (`ledger`), what they were told (`notices`), for whom
we process (`clients`), the list of sub-processors (`listing`), reminders of reviews (`reviews`), and sites of others that our
pages link to (`sites`).
"""

from disclosures.models.channels import Channel
from disclosures.models.clients import Client, Instruction
from disclosures.models.demands import DemandCheck, DemandFile, DemandPerson, LegalDemand
from disclosures.models.ledger import Disclosure, Flow, Retraction
from disclosures.models.listing import ClientAnswer, ListChange, ListMail, Subscriber
from disclosures.models.notices import Attempt, Errand, Notice, Onward
from disclosures.models.recipients import Grant, Recipient, Transfer
from disclosures.models.releases import BudgetCharge, PrivacyBudget, Release, ReleasePortion, ReleaseProposal
from disclosures.models.reviews import ReviewMail
from disclosures.models.sites import ExternalSite, PolicyWatch
from disclosures.models.standing import PassingRule, StandingDisclosure
from disclosures.models.telling import PersonNotice
from disclosures.models.transactions import RoomItem, Transaction, TransactionDataset, TransactionPerson

__all__ = (
    "Attempt",
    "BudgetCharge",
    "Channel",
    "Client",
    "ClientAnswer",
    "DemandCheck",
    "DemandFile",
    "DemandPerson",
    "Disclosure",
    "Errand",
    "ExternalSite",
    "Flow",
    "Grant",
    "Instruction",
    "LegalDemand",
    "ListChange",
    "ListMail",
    "Notice",
    "Onward",
    "PassingRule",
    "PersonNotice",
    "PolicyWatch",
    "PrivacyBudget",
    "Recipient",
    "Release",
    "ReleasePortion",
    "ReleaseProposal",
    "Retraction",
    "ReviewMail",
    "RoomItem",
    "StandingDisclosure",
    "Subscriber",
    "Transaction",
    "TransactionDataset",
    "TransactionPerson",
    "Transfer",
)
