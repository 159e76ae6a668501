"""Loads the statute files and refuses one with an error, naming the file and the field."""

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from law.model import ClockRule, Counting, Duration, Extension, Ground, PauseRule, Remedies, RightRule, Statute
from law.rights import NO_PROOF_RIGHTS, RIGHTS

FOLDER = Path(__file__).parent / "statutes"
UNITS = {"calendar_days", "business_days", "months", "immediate"}
EFFECTS = {"suspend", "exclude_days", "restart", "none"}
CONFIDENCE = {"high", "medium", "low"}
KEYS = {
    "id", "name", "short_name", "status", "citation", "checked_on", "effective_from", "confidence", "residences",
    "counting", "rights", "clocks", "grounds", "remedies", "doubts",
}  # fmt: skip


class StatuteError(ValueError):
    """A statute file is wrong; the message names file and field."""


class _Reader:
    """Takes values out of one mapping and complains by path."""

    def __init__(self, data: Any, file: str, path: str = "") -> None:
        self.file, self.path = file, path
        if not isinstance(data, Mapping):
            raise self.wrong("", "must be a mapping")
        self.data = data

    def wrong(self, key: str, words: str) -> StatuteError:
        place = ".".join(filter(None, (self.path, key)))
        return StatuteError(f"{self.file}: {place or 'the file'}: {words}")

    def only(self, keys: set[str]) -> None:
        for key in self.data:
            if key not in keys:
                raise self.wrong(str(key), f"is not a known key; known are {', '.join(sorted(keys))}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "must be text")
        return value

    def one_of(self, key: str, allowed: set[str], default: str | None = None) -> Any:
        value = self.data.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"must be one of {', '.join(sorted(allowed))}, not {value!r}")
        return value

    def day(self, key: str) -> date | None:
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, date):
            return value
        raise self.wrong(key, f"must be a date like 2026-11-23, not {value!r}")

    def inner(self, key: str) -> "_Reader":
        return _Reader(self.data.get(key), self.file, ".".join(filter(None, (self.path, key))))

    def items(self, key: str) -> list[tuple[str, "_Reader"]]:
        inner = self.inner(key)
        return [(str(name), inner.inner(name)) for name in inner.data]

    def duration(self, key: str) -> Duration | None:
        value = self.data.get(key)
        if value is None:
            return None
        if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], int) and value[1] in UNITS):
            raise self.wrong(key, f"must be [number, unit] with a unit of {', '.join(sorted(UNITS))}")
        if value[0] < 0:
            raise self.wrong(key, "must not be negative")
        return Duration(value[0], value[1])


def parse(text: str, file: str) -> Statute:
    """A statute from the text of its file. Raises StatuteError."""
    try:
        top = _Reader(yaml.safe_load(text), file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise StatuteError(f"{file}: line {mark.line + 1 if mark else '?'}: is not YAML") from error
    top.only(KEYS)
    checked = top.day("checked_on")
    if checked is None:
        raise top.wrong("checked_on", "is missing: the day on which a person compared this file with its sources")
    statute = Statute(
        id=top.text("id"),
        name=top.text("name"),
        short_name=top.text("short_name"),
        status=top.one_of("status", {"in_force", "enacted_not_in_force", "voluntary"}),
        citation=top.text("citation"),
        checked_on=checked,
        effective_from=top.day("effective_from"),
        confidence=top.one_of("confidence", CONFIDENCE),
        residences=frozenset(str(code) for code in top.data.get("residences") or ()),
        counting=_counting(top.inner("counting")),
        rights={name: _right(name, one) for name, one in top.items("rights")},
        clocks={name: _clock(name, one) for name, one in top.items("clocks")},
        grounds={name: _ground(name, one) for name, one in top.items("grounds")},
        remedies=_remedies(top.inner("remedies")),
        doubts=tuple(top.data.get("doubts") or ()),
    )
    _check(statute, top)
    return statute


def _check(statute: Statute, top: _Reader) -> None:
    for code, right in statute.rights.items():
        if right.equivalent:
            if right.equivalent not in statute.rights:
                raise top.wrong(f"rights.{code}.equivalent", f"{right.equivalent!r} is not a right of this law")
        elif right.clock not in statute.clocks:
            raise top.wrong(f"rights.{code}.clock", f"{right.clock!r} is not a clock of this law")
        if code in NO_PROOF_RIGHTS and right.proof != "none":
            raise top.wrong(f"rights.{code}.proof", "must be none: this right may not wait for proof of identity")
    unproved = statute.grounds.get("id_unverified")
    if unproved and unproved.rights & NO_PROOF_RIGHTS:
        raise top.wrong("grounds.id_unverified.rights", "must leave out the rights that need no proof of identity")
    if not statute.residences:
        raise top.wrong("residences", "must name at least one place, or '*'")


def _counting(one: _Reader) -> Counting:
    one.only({"zone", "holidays", "rolls", "rolls_cite", "safe_offset_days"})
    zone = one.text("zone")
    if zone != "establishment":
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError) as error:
            raise one.wrong("zone", f"{zone!r} is not a time zone") from error
    return Counting(
        zone, one.text("holidays"), bool(one.data.get("rolls")), one.text("rolls_cite", ""),
        int(one.data.get("safe_offset_days", 0)),
    )  # fmt: skip


def _right(code: str, one: _Reader) -> RightRule:
    one.only({"cite", "clock", "equivalent", "effective_from", "proof", "confidence"})
    if code not in RIGHTS:
        raise one.wrong("", f"is not a right; known are {', '.join(sorted(RIGHTS))}")
    return RightRule(
        code, one.text("cite"), one.text("clock", ""), one.text("equivalent", ""), one.day("effective_from"),
        one.one_of("proof", {"none", "mailbox"}, "none" if code in NO_PROOF_RIGHTS else "mailbox"),
        one.one_of("confidence", CONFIDENCE, "high"),
    )  # fmt: skip


def _clock(name: str, one: _Reader) -> ClockRule:
    one.only({"cite", "respond", "acknowledge", "acknowledge_cite", "extension", "pauses", "confidence"})
    respond = one.duration("respond")
    if respond is None:
        raise one.wrong("respond", "is missing")
    extension = None
    if one.data.get("extension") is not None:
        inner = one.inner("extension")
        inner.only({"total", "cite", "reasons"})
        total = inner.duration("total")
        if total is None:
            raise inner.wrong("total", "is missing")
        extension = Extension(total, inner.text("cite"), tuple(inner.data.get("reasons") or ()))
    pauses = {}
    if one.data.get("pauses"):
        for reason, rule in one.items("pauses"):
            rule.only({"effect", "cite", "confidence"})
            pauses[reason] = PauseRule(
                rule.one_of("effect", EFFECTS), rule.text("cite"), rule.one_of("confidence", CONFIDENCE, "high")
            )
    return ClockRule(
        name, one.text("cite"), respond, one.duration("acknowledge"), one.text("acknowledge_cite", ""), extension,
        pauses, one.one_of("confidence", CONFIDENCE, "high"),
    )  # fmt: skip


def _ground(code: str, one: _Reader) -> Ground:
    one.only({"cite", "sentence", "rights", "keeps"})
    named = frozenset(one.data.get("rights") or RIGHTS)
    if not named <= RIGHTS:
        raise one.wrong("rights", f"unknown: {', '.join(sorted(named - RIGHTS))}")
    return Ground(code, one.text("cite"), one.text("sentence"), named, bool(one.data.get("keeps")))


def _remedies(one: _Reader) -> Remedies:
    one.only({"regulator", "regulator_url", "complaint_cite", "appeal", "appeal_days", "court"})
    return Remedies(
        one.text("regulator"), one.text("regulator_url", ""), one.text("complaint_cite", ""),
        bool(one.data.get("appeal")), one.data.get("appeal_days"), one.text("court", ""),
    )  # fmt: skip


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
