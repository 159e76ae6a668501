"""Nouns: requests, their clocks and what moves them, proofs, sessions, letters, parcels, referrals and notes."""

from requests_app.models.appearance import Appearance, AppearanceText
from requests_app.models.clocks import Clock, ClockWarning, DayOff, Extension, OwnTarget, Pause, WarningStep
from requests_app.models.mail import Letter, Parcel
from requests_app.models.notes import Note
from requests_app.models.proofs import PersonSession, Proof
from requests_app.models.referrals import Referral
from requests_app.models.requests import Outcome, Request, Right, State

__all__ = (
    "Appearance",
    "AppearanceText",
    "Clock",
    "ClockWarning",
    "DayOff",
    "Extension",
    "Letter",
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
