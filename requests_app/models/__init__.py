"""Nouns: requests, their clocks and what moves them, proofs, sessions, letters, parcels, referrals and notes."""

from requests_app.models.clocks import Clock, ClockWarning, DayOff, Extension, OwnTarget, Pause, WarningStep
from requests_app.models.mail import Letter, Parcel
from requests_app.models.notes import Note
from requests_app.models.proofs import FactCheck, Paper, PersonSession, Proof, SpentToken
from requests_app.models.referrals import Referral
from requests_app.models.requests import Outcome, Request, Right, State

__all__ = (
    "Clock",
    "ClockWarning",
    "DayOff",
    "Extension",
    "FactCheck",
    "Letter",
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
    "WarningStep",
)
