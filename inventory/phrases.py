"""The company's own words in the language of whoever reads them: names of purposes, of tables, of data categories.

The product's sentences are translated in its catalogues. What a company writes itself is translated here: by text, so that a
text that stands in several places is translated once, and a text that was changed is told as missing again.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from audit.sheet import lines, table
from inventory.models import Collection, DataCategory, Dataset, Field, Phrase, Purpose

Source = Callable[[], Iterable[str]]
SOURCES: list[Source] = []
HEAD = ("text", "words")
LONGEST_TEXT = 10_000  # characters
# How long another process may say a text as it was before a change.
SECONDS = 10.0
_kept: dict[str, tuple[float, dict[str, str]]] = {}


@dataclass
class Taken:
    """What a file brought: translations that are new or changed, those that were so already, and the lines refused."""

    saved: int = 0
    same: int = 0
    refused: list[str] = field(default_factory=list)


def source(one: Source) -> Source:
    """Register a read of texts that people see."""
    SOURCES.append(one)
    return one


def languages() -> dict[str, str]:
    """The languages to translate into, by code: all that the pages speak but the company's own (PUBLIC_LANGUAGE)."""
    return {code: str(name) for code, name in settings.LANGUAGES if code != settings.PUBLIC_LANGUAGE}


def said(text: str, language: str | None = None) -> str:
    """`text` in this language (the one that is spoken just now), or as it is where nobody translated it.

    At most one query for each language in SECONDS, and none in the company's own.
    """
    code = language or get_language() or settings.PUBLIC_LANGUAGE
    if not text or code not in languages():
        return text
    until, words = _kept.get(code, (0.0, {}))
    if until < time.monotonic():
        words = dict(Phrase.objects.filter(language=code).values_list("text", "words"))
        _kept[code] = (time.monotonic() + SECONDS, words)
    return words.get(_tidy(text), text)


def forget() -> None:
    """Read anew at the next text."""
    _kept.clear()


@dataclass(frozen=True)
class PurposeWords:
    """A purpose as a person reads it."""

    name: str
    description: str
    consequence: str


def purpose(one: Purpose, language: str | None = None) -> PurposeWords:
    """The purpose in this language (the one that is spoken just now)."""
    return PurposeWords(*(said(text, language) for text in (one.name, one.description, one.consequence)))


def nothing_kept(seconds: float = 3600.0) -> None:
    """Say every text as it is for so long: for tests, each of which begins without translations."""
    _kept.update({code: (time.monotonic() + seconds, {}) for code in languages()})


def wanted() -> list[str]:
    """All texts that people see, each once, in order."""
    return sorted({_tidy(text) for one in SOURCES for text in one() if text and text.strip()}, key=str.casefold)


def sheet(language: str) -> str:
    """All texts with their translations as CSV, those that are missing first."""
    words = dict(Phrase.objects.filter(language=language).values_list("text", "words"))
    texts = wanted()
    missing, known = [one for one in texts if one not in words], [one for one in texts if one in words]
    return lines([HEAD, *((one, "") for one in missing), *((one, words[one]) for one in known)])


def save(language: str, pairs: Iterable[tuple[str, str]], *, actor: Actor) -> Taken:
    """Keep (text, words) pairs; empty words are left out. Raises Refused for a language that the pages do not speak."""
    if language not in languages():
        raise Refused("Choose one of the languages of the public pages.", code="language_unknown", field="language")
    taken, wish = Taken(), {_tidy(text): _tidy(words) for text, words in pairs if text.strip() and words.strip()}
    known = dict(Phrase.objects.filter(language=language).values_list("text", "words"))
    rows = []
    for text, words in wish.items():
        if len(text) > LONGEST_TEXT or len(words) > LONGEST_TEXT:
            taken.refused.append(f"“{text[:40]} …”: at most {LONGEST_TEXT:,} characters.")
        elif "\x00" in text + words:
            taken.refused.append(f"“{text[:40].replace(chr(0), '')}”: holds a character that is no text.")
        elif known.get(text) == words:
            taken.same += 1
        else:
            rows.append(
                Phrase(language=language, digest=digest(text), text=text, words=words, changed_at=timezone.now())
            )
    with log.atomic():
        Phrase.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["language", "digest"], update_fields=["words", "changed_at"]
        )
        taken.saved = len(rows)
        if rows:
            log.record("inventory.translated", actor=actor, noun=rows[0], language=language, texts=len(rows))
    forget()
    return taken


def bring(language: str, file: str, *, actor: Actor) -> Taken:
    """`save` for a CSV text with the columns text and words. Lines that say nothing new or nothing known are told of."""
    known, pairs, refused = set(wanted()), [], []
    for number, row in table(file, check=_columns, wrong=_wrong):
        text, words = _tidy(row["text"]), _tidy(row["words"])
        if words and text not in known:
            refused.append(f"Line {number}: no text like “{text[:60]}” stands in the inventory.")
        elif words:
            pairs.append((text, words))
    taken = save(language, pairs, actor=actor)
    taken.refused[:0] = refused
    return taken


def _columns(found: list[str]) -> None:
    if not set(HEAD) <= set(found):
        raise Refused("The first line of the file must name the columns: text,words.", code="columns", field="file")


def _wrong(line: int, words: str) -> Refused:
    return Refused(f"Line {line}: {words}", code="csv", field="file")


def _tidy(text: str) -> str:
    """A text as it is looked up: browsers and spreadsheets end lines in their own ways."""
    return text.replace("\r\n", "\n").strip()


def digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


@source
def of_inventory() -> Iterable[str]:
    """What the inventory itself says to people."""
    for row in Purpose.objects.values_list("name", "description", "consequence"):
        yield from row
    yield from DataCategory.objects.values_list("name", flat=True)
    yield from Dataset.objects.values_list("source_detail", flat=True)
    shown = Collection.objects.filter(in_package=True)
    for words in shown.values_list("title", "description", "keep_until"):
        yield from words
    yield from Field.objects.filter(collection__in_package=True).exclude(title="").values_list("title", flat=True)
