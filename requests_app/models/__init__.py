"""Nouns: requests, their clocks and what moves them, proofs, sessions, letters, parcels, messages, mail, referrals, notes."""

from requests_app.models.clocks import Clock, ClockWarning, DayOff, Extension, OwnTarget, Pause, WarningStep
from requests_app.models.conversation import Attachment, Message
from requests_app.models.inbox import InboundMail
from requests_app.models.mail import Letter, Parcel
from requests_app.models.notes import Note
from requests_app.models.proofs import PersonSession, Proof
from requests_app.models.referrals import Referral
from requests_app.models.requests import Outcome, Request, Right, State

__all__ = (
    "Attachment",
    "Clock",
    "ClockWarning",
    "DayOff",
    "Extension",
    "InboundMail",
    "Letter",
    "Message",
    "Note",
    "Outcome",
    "OwnTarget",
    "Parcel",
    "Pause",
    "PersonSession",
    "Proof",
    "Referral",
    "Request",
    "Right",
    "State",
    "WarningStep",
)
