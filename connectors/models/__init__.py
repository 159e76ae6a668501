"""Nouns of the dangerous room. `work`: the engine's; `redactions`: staff's word on single items; `tasks`: work that a
colleague does by hand; `discovery`: what a look at a live schema proposes.
"""

from connectors.models.discovery import Proposal, Survey
from connectors.models.redactions import Redaction
from connectors.models.tasks import HandTask, HandTaskItem
from connectors.models.work import (
    READING,
    Authorisation,
    Batch,
    Chunk,
    Connection,
    Finding,
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
    "LegalHold",
    "Proposal",
    "Receipt",
    "Redaction",
    "Survey",
    "WorkOrder",
)
