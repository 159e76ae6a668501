"""What makes a demand valid: the questions for each kind, as data. Pure.

A "no" is no slip to be ticked away: a demand with one cannot go on to approval. It is mended by the authority, or refused.
"""

from collections.abc import Collection
from dataclasses import dataclass

SUBPOENA, WARRANT, ORDER, SECURITY = "subpoena", "warrant", "court_order", "national_security"
REGULATOR, FOREIGN, EMERGENCY = "regulator", "foreign_authority", "emergency"
ALL = (SUBPOENA, WARRANT, ORDER, SECURITY, REGULATOR, FOREIGN, EMERGENCY)
IN_FORM = (SUBPOENA, WARRANT, ORDER, SECURITY, REGULATOR, FOREIGN)


@dataclass(frozen=True)
class Question:
    """One question; `source` is the rule behind it, `optional` means that it may not apply."""

    key: str
    words: str
    kinds: tuple[str, ...]
    source: str = ""
    optional: bool = False


QUESTIONS = (
    Question("power", "Does the law that it cites give this issuer the power to ask for this?", ALL,
             "GDPR Art. 6(1)(c) and (3); 18 U.S.C. §§ 2702, 2703"),
    Question("signed", "Is it signed, by name and office, by somebody who may sign it?", IN_FORM),
    Question("judge", "Did a judge sign it, and is it still in force?", (WARRANT, ORDER), "Fed. R. Crim. P. 41(e)"),
    Question("jurisdiction", "Does the issuer have jurisdiction over us and this data?", ALL),
    Question("addressed", "Is it addressed to us, to the right company of the group?", ALL),
    Question("specific", "Does it say specifically which people, which data and which period?", ALL,
             "U.S. Const. amend. IV (particularity); EDPB Guidelines 02/2024"),
    Question("served", "Was it served in the way that the law wants?", IN_FORM, "Fed. R. Civ. P. 45(b)"),
    Question("treaty", "Does it rest on a treaty in force (MLAT, e-Evidence) or an order of a court of our own country?",
             (FOREIGN,), "GDPR Art. 48"),
    Question("transfer", "Is there a ground for the transfer to that country?", (FOREIGN,), "GDPR Arts. 44 to 49"),
    Question("content", "If it asks for the content of messages: is it a warrant?", (SUBPOENA, ORDER, EMERGENCY),
             "United States v. Warshak, 631 F.3d 266 (6th Cir. 2010)", optional=True),
    Question("fee", "If it is a civil subpoena for content: was it turned away?", (SUBPOENA,),
             "18 U.S.C. § 2702(a)", optional=True),
    Question("certified", "Does it carry the certification that the law wants?", (SECURITY,), "18 U.S.C. § 2709(b)"),
    Question("danger", "Is there danger of death or serious injury now, with facts that show it?", (EMERGENCY,),
             "18 U.S.C. § 2702(b)(8), (c)(4); GDPR Art. 6(1)(d)"),
    Question("needed", "Is exactly this data needed to avert the danger?", (EMERGENCY,)),
    Question("verified", "Did we call back a number that we found ourselves, not the one in the demand?", ALL,
             "Forged emergency requests are a known way to steal data"),
    Question("privilege", "Is nothing of it privileged or specially protected, or was that taken care of?", ALL,
             "GDPR Arts. 9, 10", optional=True),
)  # fmt: skip


def questions(kind: str) -> tuple[Question, ...]:
    """What is asked of a demand of this kind, in order."""
    return tuple(one for one in QUESTIONS if kind in one.kinds)


def missing(kind: str, answers: dict[str, str]) -> list[Question]:
    """Questions without an answer that counts: none given, or "na" where it must apply."""
    return [one for one in questions(kind) if answers.get(one.key) not in _taken(one)]


def failed(kind: str, answers: dict[str, str]) -> list[Question]:
    """Questions answered with no."""
    return [one for one in questions(kind) if answers.get(one.key) == "no"]


def _taken(question: Question) -> Collection[str]:
    return ("yes", "no", "na") if question.optional else ("yes", "no")
