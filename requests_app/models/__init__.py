"""Nouns: requests, who makes them, clocks and what moves them, proofs, letters, parcels, messages, mail, referrals, notes."""

from requests_app.models.appearance import Appearance, AppearanceText
from requests_app.models.askers import Agent, Asker
from requests_app.models.bulk import Line, Upload
from requests_app.models.clocks import Clock, ClockWarning, DayOff, Extension, OwnTarget, Pause, WarningStep
from requests_app.models.conversation import Attachment, Message
from requests_app.models.inbox import InboundMail
from requests_app.models.mail import Letter, Parcel
from requests_app.models.notes import Note
from requests_app.models.proofs import FactCheck, Paper, PersonSession, Proof, SpentToken
from requests_app.models.referrals import Referral
from requests_app.models.requests import Outcome, Request, Right, State

__all__ = (
    "Agent",
    "Appearance",
    "AppearanceText",
    "Asker",
    "Attachment",
    "Clock",
    "ClockWarning",
    "DayOff",
    "Extension",
    "FactCheck",
    "InboundMail",
    "Letter",
    "Line",
    "Message",
    "Note",
    "Outcome",
    "OwnTarget",
    "Paper",
    "Parcel",
    "Pause",
    "PersonSession",
    "Proof",
    "Referral",
    "Request",
    "Right",
    "SpentToken",
    "State",
    "Upload",
    "WarningStep",
)
