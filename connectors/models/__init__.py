"""Nouns of the dangerous room. `work`: the engine's; `redactions`: staff's word on single items; `tasks`: work that a
colleague does by hand; `discovery`: what a look at a live schema proposes; `throttles`: how gently retention works.
"""

from connectors.models.discovery import Proposal, Survey
from connectors.models.redactions import Redaction
from connectors.models.rowholds import RowHold
from connectors.models.tasks import HandTask, HandTaskItem
from connectors.models.throttles import Throttle
from connectors.models.work import (
    READING,
    Authorisation,
    Batch,
    Chunk,
    Connection,
    Finding,
    HoldLimit,
    HoldMail,
    LegalHold,
    Receipt,
    WorkOrder,
)

__all__ = (
    "READING",
    "Authorisation",
    "Batch",
    "Chunk",
    "Connection",
    "Finding",
    "HandTask",
    "HandTaskItem",
    "HoldLimit",
    "HoldMail",
    "LegalHold",
    "Proposal",
    "Receipt",
    "Redaction",
    "RowHold",
    "Survey",
    "Throttle",
    "WorkOrder",
)
