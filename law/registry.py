"""Loads the statute files and refuses one with an error, naming the file, the line and the field."""

import hashlib
from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from law.model import (
    ClockRule,
    Counting,
    Extension,
    General,
    Ground,
    PauseRule,
    Remedies,
    RightRule,
    Scope,
    Statute,
    Terms,
)
from law.reader import Reader, StatuteError, read
from law.rights import LISTED, NO_PROOF_RIGHTS, RIGHTS

FOLDER = Path(__file__).parent / "statutes"
EFFECTS = {"suspend", "exclude_days", "restart", "none"}
CONFIDENCE = {"high", "medium", "low"}
STATUS = {"in_force", "partially_in_force", "enacted_not_in_force", "voluntary"}
STARTS = {"receipt", "verification", "signal", "retrieval"}
OFF_DAYS = frozenset({"saturday", "sunday", "holiday"})
# Facts about the company that decide whether a law speaks, and the context in which it knows the person.
COMPANY_FACTS = frozenset({"sells", "data_broker", "health_data", "public_body"})
CONTEXTS = frozenset({"employment", "commercial_b2b"})
KEYS = {
    "id", "name", "short_name", "status", "citation", "checked_on", "effective", "confidence", "residences", "scope",
    "counting", "rights", "clocks", "grounds", "remedies", "terms", "marks", "doubts", "sources",
}  # fmt: skip


def parse(text: str, file: str) -> Statute:
    """A statute from the text of its file. Raises StatuteError."""
    top = read(text, file)
    top.only(KEYS)
    checked = top.day("checked_on")
    if checked is None:
        raise top.wrong("checked_on", "is missing: the day on which a person compared this file with its sources")
    statute = Statute(
        id=top.text("id"),
        name=top.text("name"),
        short_name=top.text("short_name"),
        status=top.one_of("status", STATUS),
        citation=top.text("citation"),
        checked_on=checked,
        effective=_effective(top),
        confidence=top.one_of("confidence", CONFIDENCE),
        residences=frozenset(top.texts("residences")),
        scope=_scope(top.maybe("scope")),
        counting=_counting(top.inner("counting")),
        rights={name: _right(name, one) for name, one in top.items("rights")},
        clocks={name: _clock(name, one) for name, one in top.items("clocks")},
        grounds={name: _ground(name, one) for name, one in top.items("grounds")},
        remedies=_remedies(top.inner("remedies")),
        terms=_terms(top.maybe("terms")),
        marks={name: top.maybe("marks").one_of(name, CONFIDENCE) for name in top.maybe("marks").data},
        doubts=top.texts("doubts"),
        sources=top.texts("sources"),
    )
    _check(statute, top)
    return statute


def _check(statute: Statute, top: Reader) -> None:
    for code, right in statute.rights.items():
        rights = top.inner("rights")
        if right.equivalent:
            target = statute.rights.get(right.equivalent)
            if target is None or target.equivalent:
                raise rights.wrong(code, f"equivalent {right.equivalent!r} is not a right of this law")
        elif right.clock not in statute.clocks:
            raise rights.wrong(code, f"clock {right.clock!r} is not a clock of this law")
        if code in NO_PROOF_RIGHTS and right.proof != "none":
            raise rights.wrong(code, "proof must be none: this right may not wait for proof of identity")
    unproved = statute.grounds.get("id_unverified")
    if unproved and unproved.rights & NO_PROOF_RIGHTS:
        raise top.inner("grounds").wrong("id_unverified", "must leave out the rights that need no proof of identity")
    if statute.remedies.appeal != ("appeal" in statute.rights):
        raise top.inner("remedies").wrong("appeal", "must be true exactly when the law has the right appeal")
    if not statute.residences:
        raise top.wrong("residences", "must name at least one place, or '*'")
    if not statute.effective and statute.status != "voluntary":
        raise top.wrong("effective", "is missing: the dates from which this law applies")


def _effective(top: Reader) -> tuple[tuple[date, str], ...]:
    found: list[tuple[date, str]] = []
    for number, row in enumerate(top.data.get("effective") or ()):
        one = Reader(row, top.file, f"effective.{number}")
        one.only({"from", "what"})
        day = one.day("from")
        if day is None:
            raise one.wrong("from", "is missing")
        if found and day < found[-1][0]:
            raise one.wrong("from", "must not be before the one above")
        found.append((day, one.text("what")))
    return tuple(found)


def _scope(one: Reader) -> Scope:
    one.only({"person", "organisation", "leaves_out", "needs"})
    return Scope(
        person=one.text("person", ""),
        organisation=one.text("organisation", ""),
        leaves_out=one.some_of("leaves_out", CONTEXTS, frozenset()),
        needs=one.some_of("needs", COMPANY_FACTS, frozenset()),
    )


def _counting(one: Reader) -> Counting:
    one.only({"zones", "holidays", "rolls_on", "rolls_cite", "safe_offset_days", "general"})
    zones = one.texts("zones")
    if not zones:
        raise one.wrong("zones", "must name at least one time zone, or establishment")
    for zone in zones:
        if zone != "establishment":
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError) as error:
                raise one.wrong("zones", f"{zone!r} is not a time zone") from error
    general = None
    if one.data.get("general") is not None:
        inner = one.inner("general")
        inner.only({"cite", "days", "confidence"})
        general = General(
            inner.text("cite"),
            inner.some_of("days", OFF_DAYS, frozenset()),
            inner.one_of("confidence", CONFIDENCE, "high"),
        )
    return Counting(
        zones=zones,
        holidays=one.text("holidays"),
        rolls_on=one.some_of("rolls_on", OFF_DAYS, frozenset()),
        rolls_cite=one.text("rolls_cite", ""),
        safe_offset_days=one.number("safe_offset_days", 0) or 0,
        general=general,
    )


def _right(code: str, one: Reader) -> RightRule:
    one.only({"cite", "clock", "equivalent", "effective_from", "proof", "note", "confidence", "listed"})
    if code not in RIGHTS:
        raise one.wrong("", f"is not a right; known are {', '.join(sorted(RIGHTS))}")
    return RightRule(
        code, one.text("cite"), one.text("clock", ""), one.text("equivalent", ""), one.day("effective_from"),
        one.one_of("proof", {"none", "mailbox"}, "none" if code in NO_PROOF_RIGHTS else "mailbox"),
        one.text("note", ""), one.one_of("confidence", CONFIDENCE, "high"), one.one_of("listed", {"", *LISTED}, ""),
    )  # fmt: skip


def _clock(name: str, one: Reader) -> ClockRule:
    one.only({"cite", "start", "respond", "words", "acknowledge", "acknowledge_cite", "extension", "pauses", "goal",
              "on_timeout", "confidence"})  # fmt: skip
    respond = one.duration("respond")
    if respond is None:
        raise one.wrong("respond", "is missing")
    extension = None
    if one.data.get("extension") is not None:
        inner = one.inner("extension")
        inner.only({"total", "cite", "reasons"})
        extension = Extension(inner.duration("total"), inner.text("cite"), inner.texts("reasons"))
    return ClockRule(
        name=name,
        cite=one.text("cite"),
        start=one.one_of("start", STARTS, "receipt"),
        respond=respond,
        words=one.text("words", ""),
        acknowledge=one.duration("acknowledge"),
        acknowledge_cite=one.text("acknowledge_cite", ""),
        extension=extension,
        pauses={reason: _pause(rule) for reason, rule in one.items("pauses")},
        goal=one.duration("goal"),
        on_timeout=one.text("on_timeout", ""),
        confidence=one.one_of("confidence", CONFIDENCE, "high"),
    )


def _pause(one: Reader) -> PauseRule:
    one.only({"effect", "cite", "rights", "confidence"})
    return PauseRule(
        one.one_of("effect", EFFECTS), one.text("cite"), one.some_of("rights", RIGHTS, RIGHTS),
        one.one_of("confidence", CONFIDENCE, "high"),
    )  # fmt: skip


def _ground(code: str, one: Reader) -> Ground:
    one.only({"cite", "sentence", "rights", "keeps"})
    return Ground(
        code, one.text("cite"), one.text("sentence"), one.some_of("rights", RIGHTS, RIGHTS), one.truth("keeps")
    )


def _remedies(one: Reader) -> Remedies:
    one.only({"regulator", "regulator_url", "complaint_cite", "appeal", "appeal_days", "court", "authorities"})
    authorities = {}
    for place in one.maybe("authorities").data:
        pair = one.maybe("authorities").texts(place)
        if len(pair) != 2:
            raise one.maybe("authorities").wrong(place, "must be [name, address on the web]")
        authorities[place] = (pair[0], pair[1])
    return Remedies(
        one.text("regulator"), one.text("regulator_url", ""), one.text("complaint_cite", ""),
        one.truth("appeal"), one.number("appeal_days"), one.text("court", ""), authorities,
    )  # fmt: skip


def _terms(one: Reader) -> Terms:
    one.only({"free", "free_count", "free_period", "fee_words", "fee_cite", "proof_words", "agents", "agents_words",
              "minors_words", "child_age", "teen_age", "consent_ages", "signal", "signal_since", "signal_cite",
              "records_months", "records_words"})  # fmt: skip
    ages = one.maybe("consent_ages")
    return Terms(
        free=one.truth("free", True),
        free_count=one.number("free_count"),
        free_period=one.text("free_period", ""),
        fee_words=one.text("fee_words", ""),
        fee_cite=one.text("fee_cite", ""),
        proof_words=one.text("proof_words", ""),
        agents=one.one_of("agents", {"allowed", "opt_outs_only", "none_stated"}, "none_stated"),
        agents_words=one.text("agents_words", ""),
        minors_words=one.text("minors_words", ""),
        child_age=one.number("child_age"),
        teen_age=one.number("teen_age"),
        consent_ages={place: ages.number(place) or 0 for place in ages.data},
        signal=one.truth("signal"),
        signal_since=one.day("signal_since"),
        signal_cite=one.text("signal_cite", ""),
        records_months=one.number("records_months"),
        records_words=one.text("records_words", ""),
    )


@lru_cache(maxsize=1)
def statutes() -> dict[str, Statute]:
    """All statutes by id. Raises StatuteError for the first file that is wrong."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        one = parse(path.read_text(encoding="utf-8"), path.name)
        if one.id != path.stem:
            raise StatuteError(f"{path.name}: id: must be {path.stem!r}, as the file is named")
        found[one.id] = one
    return found


def statute(id: str) -> Statute:
    """The statute with this id. Raises KeyError."""
    return statutes()[id]


@lru_cache(maxsize=256)
def version(id: str) -> str:
    """What a request freezes with its dates: the first 16 hex digits of the SHA-256 of the statute's file."""
    return hashlib.sha256((FOLDER / f"{id}.yaml").read_bytes()).hexdigest()[:16]
