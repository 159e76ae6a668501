"""How a day was counted, in the language of the page. `law` says each step in English; here are the same sentences to be
translated, each with the kind of what stands in its gaps. Pure but for the catalogue.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

# The first letter of a gap says what stands there: d a day, t a term, l a law, c a section, w other words, n a number.
SENTENCES = (
    "%(l)s sets no number of days (%(w)s; %(c)s).",
    "We hold ourselves to %(t)s: %(d)s.",
    "%(l)s gives %(t)s (%(c)s): %(d)s.",
    "It should be done as soon as possible; our own goal is %(t)s: %(d)s.",
    "Without an answer by then: %(w)s.",
    "Received on %(d)s; this clock starts when the identity is verified: %(d2)s.",
    "Received on %(d)s (%(w)s). The day itself is not counted.",
    "This clock may start only when the identity is verified; until then we count from the receipt.",
    "It may be extended without a fixed limit (%(c)s); say until when by %(d)s.",
    "Extended, at most %(t)s from the same start (%(c)s): %(d)s; the person must hear of it by %(d2)s.",
    "Receipt confirmed within %(t)s (%(c)s): %(d)s.",
    "The last day does not move: %(l)s does not count by the holidays of %(w)s.",
    "%(d)s is not a working day (%(w)s), so %(d2)s (%(c)s).",
    "%(c)s might allow %(d)s; we do not use it.",
    "Waiting from %(d)s does not stop this clock (%(c)s).",
    "The full time runs from %(d)s, when we had the answer (%(c)s).",
    "%(n)s days of waiting for the answer do not count (%(c)s).",
)
# Why a file of a mail was not taken, as `uploads.judging` and `conversation` say it.
FILES = (
    "“%(name)s” is empty. Choose the file again.",
    "“%(name)s” is larger than %(most)s MB. Send a smaller copy.",
    "“%(name)s” has something behind its end. Print it to a new PDF and send that.",
    "“%(name)s” holds scripts, other files or commands. Print it to a new PDF and send that.",
    "“%(name)s” is locked, or packed so that we cannot look into it. Print it to a new PDF and send that.",
    "“%(name)s” cannot be read as a picture. Save it anew.",
    "“%(name)s” is none of: PDF, PNG, JPEG, plain text (UTF-8).",
    "More than %(most)s files; the others were not taken.",
)
GAP = re.compile(r"%\((\w+)\)s")
DAY = "%A %d %B %Y"


def steps(said: list[str]) -> list[str]:
    """The steps in the language that is spoken just now; a sentence that is not known here stays as it is."""
    return said if (get_language() or "en").startswith("en") else [_step(one) for one in said]


def files(said: list[str]) -> list[str]:
    """Why files of a mail were not taken, in the language that is spoken just now; what is not known here stays as it is."""
    return said if (get_language() or "en").startswith("en") else [_file(one) for one in said]


def _file(said: str) -> str:
    for sentence, pattern in _file_patterns():
        if found := pattern.fullmatch(said):
            return gettext(sentence) % found.groupdict()
    return said


def matched(said: str) -> tuple[str, dict[str, str]] | None:
    """Which sentence this is, and what stands in its gaps; None for one of an older release."""
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(said):
            return sentence, found.groupdict()
    return None


def _step(said: str) -> str:
    found = matched(said)
    if found is None:
        return said
    sentence, gaps = found
    return gettext(sentence) % {name: WORDS[name[0]](value) for name, value in gaps.items()}


def _day(value: str) -> str:
    try:
        return long_day(datetime.strptime(value, DAY).replace(tzinfo=UTC).date())
    except ValueError:
        return value


def long_day(day: date) -> str:
    """A day with its weekday: Monday 23 November 2026."""
    return date_format(day, gettext("l j F Y"))


WORDS: dict[str, Callable[[str], str]] = {
    "d": _day, "t": gettext, "l": gettext, "c": gettext, "w": gettext, "n": str,
}  # fmt: skip


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(one, _pattern(one, SHAPES)) for one in SENTENCES]


@lru_cache(maxsize=1)
def _file_patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(one, _pattern(one, {})) for one in FILES]


def _pattern(sentence: str, shapes: dict[str, str]) -> re.Pattern[str]:
    parts = GAP.split(sentence)
    gaps = [rf"(?P<{one}>{shapes.get(one[0], '.+?')})" if n % 2 else re.escape(one) for n, one in enumerate(parts)]
    return re.compile("".join(gaps))


SHAPES = {"d": r"[A-Z][a-z]+ \d{1,2} [A-Z][a-z]+ \d{4}", "t": r"\d+ [a-z ]+|at once", "n": r"\d+"}
