"""How requests ask `law`: what applies, until when, why one may refuse, and where a person can complain.

A request keeps the statutes that applied when it came, with the version of their files; grounds and remedies are read from
those statutes, not from what would apply today.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

import law
from requests_app.models import Clock, Request


def establishment() -> law.Establishment:
    """The zone and holidays of the establishment that answers."""
    return law.Establishment(settings.ESTABLISHMENT_TIME_ZONE, settings.ESTABLISHMENT_HOLIDAYS)


def known(residence: str) -> bool:
    """Whether `law` knows this place of residence."""
    places = dict(law.residences())
    return residence in places or ("-" in residence and len(residence) <= 6 and residence.partition("-")[0] in places)


def frozen(residence: str, right: str, at: datetime) -> list[dict[str, str]]:
    """The laws that speak for a person now, to be kept with the request; the one that is due first stands first."""
    day = at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    rows = []
    for one in law.applicable(residence, right, day):
        dates = law.deadlines(one, right, at, establishment())
        granted = law.granted_right(one, right, day) or right
        rows.append((law.due_at(dates.respond_on, dates.zone), one.id, dates.version, granted))
    return [{"statute": one, "version": version, "right": granted} for _, one, version, granted in sorted(rows)]


def clock_values(request: Request, at: datetime) -> list[dict[str, Any]]:
    """The fields of the clocks that each law of `request` sets, counted from `at`."""
    values = []
    for one in _statutes(request):
        dates = law.deadlines(one, request.right, at, establishment())
        common = {
            "statute": one.id,
            "version": dates.version,
            "start_on": dates.start_on,
            "steps": list(dates.steps),
        }
        values.append(
            common
            | {
                "kind": Clock.Kind.RESPOND,
                "cite": dates.cite[:120],
                "due_on": dates.respond_on,
                "due_at": law.due_at(dates.respond_on, dates.zone),
                "extended_on": dates.extended_on,
            }
        )
        if dates.acknowledge_on is not None:
            values.append(
                common
                | {
                    "kind": Clock.Kind.ACKNOWLEDGE,
                    "cite": dates.acknowledge_cite[:120],
                    "due_on": dates.acknowledge_on,
                    "due_at": law.due_at(dates.acknowledge_on, dates.zone),
                }
            )
    return values


def grounds(request: Request) -> list[law.Ground]:
    """The grounds on which the laws of this request let us refuse it; each code once."""
    found: dict[str, law.Ground] = {}
    for one in _statutes(request):
        for ground in law.grounds(one, request.right):
            found.setdefault(ground.code, ground)
    return list(found.values())


def denial(request: Request) -> dict[str, str]:
    """The ground of a denial in the words and with the section of the law, for its letter."""
    for ground in grounds(request):
        if ground.code == request.denial_ground:
            return {"sentence": ground.sentence, "cite": ground.cite}
    return {"sentence": "", "cite": ""}


def ground_words(request: Request, code: str) -> str:
    """The sentence and section for a ground that this request's laws know, else nothing."""
    for one in _statutes(request):
        if code in one.grounds:
            return f"{one.grounds[code].sentence.rstrip('.')} ({one.grounds[code].cite})"
    return ""


def remedies(request: Request) -> list[str]:
    """Where the person can turn to, a sentence each: us, the regulator, a court."""
    said: list[str] = []
    for one in _statutes(request):
        remedy = law.remedies(one)
        if remedy.appeal:
            within = f" within {remedy.appeal_days} days" if remedy.appeal_days else ""
            said.append(f"You can appeal to us{within}: write to {settings.COMPANY_EMAIL} and name the reference.")
        if remedy.regulator:
            where = f", {remedy.regulator_url}" if remedy.regulator_url else ""
            cite = f" ({remedy.complaint_cite})" if remedy.complaint_cite else ""
            said.append(f"You can complain to the regulator: {remedy.regulator}{where}{cite}.")
        if remedy.court:
            said.append(remedy.court if remedy.court.endswith(".") else f"{remedy.court}.")
    return list(dict.fromkeys(said))


def _statutes(request: Request) -> list[law.Statute]:
    return [law.statute(row["statute"]) for row in request.laws]
