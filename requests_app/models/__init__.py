"""Nouns: requests, who makes them, clocks, proofs, letters, parcels, mail, referrals, notes, packs, team, playbooks."""

from requests_app.models.appearance import Appearance, AppearanceText
from requests_app.models.askers import Agent, Asker
from requests_app.models.bulk import Line, Upload
from requests_app.models.clocks import Clock, ClockWarning, DayOff, Extension, OwnTarget, Pause, WarningStep
from requests_app.models.conversation import Attachment, Message
from requests_app.models.desk import CheckResult, CountedDay, FirstView, SavedView
from requests_app.models.inbox import InboundMail
from requests_app.models.mail import Letter, Parcel
from requests_app.models.notes import Note, Raising
from requests_app.models.packs import Pack, ReportMail, ReportSchedule
from requests_app.models.playbooks import Approval, Playbook, PlaybookText, StepTick
from requests_app.models.proofs import FactCheck, Paper, PersonSession, Proof, SpentToken
from requests_app.models.referrals import Referral
from requests_app.models.requests import Outcome, Request, Right, State
from requests_app.models.team import Absence, AssignmentRule, Digest, DigestChoice, Mention, Watcher

__all__ = (
    "Absence",
    "Agent",
    "Appearance",
    "AppearanceText",
    "Approval",
    "Asker",
    "AssignmentRule",
    "Attachment",
    "CheckResult",
    "Clock",
    "ClockWarning",
    "CountedDay",
    "DayOff",
    "Digest",
    "DigestChoice",
    "Extension",
    "FactCheck",
    "FirstView",
    "InboundMail",
    "Letter",
    "Line",
    "Mention",
    "Message",
    "Note",
    "Outcome",
    "OwnTarget",
    "Pack",
    "Paper",
    "Parcel",
    "Pause",
    "PersonSession",
    "Playbook",
    "PlaybookText",
    "Proof",
    "Raising",
    "Referral",
    "ReportMail",
    "ReportSchedule",
    "Request",
    "Right",
    "SavedView",
    "SpentToken",
    "State",
    "StepTick",
    "Upload",
    "WarningStep",
    "Watcher",
)
