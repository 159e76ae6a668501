"""Letters about nobody: every kind under every law in every language, from invented data and without a query.

They are what colleagues look at before a letter goes to a person, and what the tests read.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

import law
from requests_app import laws, plans, policy, stationery, wording
from requests_app.models import Request
from requests_app.results import Line, Summary, done_words

REFERENCE, EARLIER, NAME = "PR-SAMP-0001", "PR-SAMP-0000", "Robin Example"
LINK = "https://sample.invalid/a-link-that-works-once"
CODE = "5AMP-1E00"
WORDS = "Here stand the words that a colleague writes for this person."


def kinds(statute: law.Statute) -> list[stationery.Kind]:
    """The letters that can go out under a law: those about a right that it grants."""
    return [one for one in stationery.KINDS.values() if right(one, statute)]


def right(kind: stationery.Kind, statute: law.Statute) -> str:
    """A right of this law that the letter can be about, or nothing."""
    for one in kind.rights:
        if one not in statute.rights or ("ground" in kind.pieces and not law.grounds(statute, one)):
            continue
        probe = Request(right=one, laws=[{"statute": statute.id}])
        if not kind.needs_extension or laws.extension_reasons(probe):
            return one
    return ""


def request(kind: stationery.Kind, statute: law.Statute, at: datetime | None = None) -> Request:
    """An invented request under one law, in memory only. Raises KeyError where the law knows no such letter."""
    asked = right(kind, statute)
    if not asked:
        raise KeyError(f"{statute.id} knows no {kind.code}")
    place = "ZZ" if "*" in statute.residences else sorted(statute.residences)[0]
    grounds = law.grounds(statute, asked)
    made = Request(
        reference=REFERENCE,
        right=asked,
        residence="DE" if statute.id == "eu-gdpr" else place,
        received_at=at or timezone.now() - timedelta(days=3),
        laws=[{"statute": statute.id, "version": law.version(statute.id), "right": asked}],
        plan=plans.PLANS[asked].frozen(),
        denial_note=WORDS,
        denial_ground=grounds[0].code if grounds else "",
    )
    if asked in ("appeal", "complaint"):
        about = next(one for one in stationery.ASKED if one in statute.rights)
        codes = law.grounds(statute, about)
        made.follows = Request(right=about, laws=made.laws, denial_ground=codes[0].code if codes else "")
    return made


def facts(kind: stationery.Kind, one: Request) -> dict[str, Any]:
    """What the letter is made of, in the language that is spoken just now: also what a verb would hand over."""
    statute = law.statute(one.laws[0]["statute"])
    dates = law.deadlines(statute, one.right, one.received_at, laws.establishment())
    reasons = list(laws.extension_reasons(one).values()) if kind.needs_extension else [""]
    due_on = dates.extended_on if kind.needs_extension and dates.extended_on else dates.respond_on
    return wording.said(one) | {
        "hello": wording.salute(NAME),
        "due_on": wording.day(due_on),
        "due_law": laws.cited(statute.short_name, dates.cite),
        "summary": _summary(kind),
        "told": ["Example Recruiting Ltd"],
        "link": LINK,
        "gate": "person",
        "link_minutes": settings.PROOF_LINK_MINUTES,
        "code": CODE,
        "days": policy.PAPER_DAYS,
        "stop_link": LINK,
        "stop_days": policy.STOP_DAYS,
        "hours": settings.ERASURE_COOLING_OFF_HOURS,
        "code_minutes": policy.CODE_MINUTES,
        "earlier": EARLIER,
        "client": "Example Client Ltd",
        "system": "Example applicant desk",
        "person": "robin@example.invalid",
        "answer_by": wording.day(one.received_at + timedelta(days=7)),
        "question": WORDS,
        "note": WORDS,
        "reason": gettext(reasons[0]),
    }


def letter(kind: str, statute: str, language: str) -> stationery.Sheet:
    """The sample of one letter. Raises KeyError for a kind, law or combination that does not exist."""
    found = stationery.KINDS[kind]
    one = request(found, law.statute(statute))
    with stationery.speaking(language) as spoken:
        return stationery.write(kind, facts(found, one), language=spoken, statutes=[statute])


def _summary(kind: stationery.Kind) -> Summary:
    if kind.code == "nothing_held":
        return Summary()
    operation = plans.PLANS[kind.rights[0]].operation
    words = gettext(done_words(operation, "delete", kind.rights[0])) if operation else ""
    done = Line("Example orders", _rows(12, words))
    kept = gettext("kept: %(reason)s") % {"reason": gettext("a law obliges us to keep it")}
    held = Line("Example invoices", _rows(1, kept))
    return Summary(found=2, done=1, left=1, lines=[done, held], withheld=[held], referred=[_referred()])


def _referred() -> str:
    return "Example Client Ltd: " + gettext("we are passing your request on to them")


def _rows(rows: int, words: str) -> str:
    return ngettext("%(rows)d row %(words)s", "%(rows)d rows %(words)s", rows) % {"rows": rows, "words": words}
