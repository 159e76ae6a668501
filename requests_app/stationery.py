"""Which letters there are, when each goes out, what it has to say, and the paper that it is written on. No database.

A letter is a text template in `templates/letters/`: English beside this rule, other languages in a folder of their code.
`<kind>.<statute>.txt` is the same letter for one law. The version of a letter is a digest of the files that it was made from.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context, Engine, TemplateDoesNotExist
from django.utils import translation

FOLDER = Path(settings.BASE_DIR) / "templates"
DEFAULT = "en"
# Stands where a template names something that nobody gave; a letter with it is never written.
MISSING = "\x02%s\x03"  # control characters: nobody can type them into a form
GAP = re.compile("\x02(.*?)\x03")
INCLUDE = re.compile(r'{%\s*include\s+"([^"]+)"')
FETCHED = ("access", "portability", "third_party_list")
PROVED = (*FETCHED, "delete", "correct", "object", "restrict")
STOPPED = ("opt_out_targeted_ads", "opt_out_profiling", "limit_sensitive", "withdraw_consent")
ASKED = (*PROVED, "opt_out_sale", *STOPPED)


class Unfilled(ValueError):
    """A template names something that the caller did not give: a mistake in the code or in the template."""


@dataclass(frozen=True)
class Language:
    """A language of letters: its own name, and its code for the typesetter (ISO 639)."""

    name: str
    paper: str


LANGUAGES = {
    "en": Language("English", "en"),
    "es": Language("Español", "es"),
    "de": Language("Deutsch", "de"),
    "fr": Language("Français", "fr"),
    "pt-br": Language("Português", "pt"),
    "zh-hans": Language("简体中文", "zh"),
    "ar": Language("العربية", "ar"),
}

# What a law can demand of a letter: words for colleagues, and the facts that must then stand in it.
PIECES: dict[str, tuple[str, tuple[str, ...]]] = {
    "reference": ("reference", ("reference",)),
    "right": ("what was asked for", ("right",)),
    "received": ("day of receipt", ("received_on",)),
    "due": ("day of the answer, with its law and section", ("due_on", "due_law")),
    "until": ("new day of the answer", ("due_on",)),
    "section": ("section that allows more time", ("extension_law",)),
    "reason": ("reason that the law knows", ("reason",)),
    "ground": ("ground of the refusal, with its law and section", ("denial",)),
    "words": ("our reasons, in our own words", ("denial_note",)),
    "note": ("our own words", ("note",)),
    "question": ("the question", ("question",)),
    "page": ("where to answer", ("sign_in_page",)),
    "fetch": ("where to fetch it", ("my_page",)),
    "link": ("a link that works once", ("link",)),
    "code": ("a code", ("code",)),
    "stop": ("a link that stops it", ("stop_link",)),
    "earlier": ("reference of the earlier request", ("earlier",)),
    "done": ("what became of each kind of data", ("summary.lines",)),
    "kept": ("what is not in it, and why", ("summary.withheld",)),
    "system": ("which system of theirs", ("system",)),
    "person": ("whom to look for: one identifier", ("person",)),
    "expected": ("day by which we expect an answer", ("answer_by",)),
    "remedies": ("appeal, regulator with its address, court: as the law gives them", ("remedies",)),
}


@dataclass(frozen=True)
class Kind:
    """One letter: its code, when it goes out, what must stand in it, and the rights that it can be about."""

    code: str
    when: str
    pieces: tuple[str, ...]
    rights: tuple[str, ...] = ASKED
    needs_extension: bool = False
    to: str = "person"


KINDS: dict[str, Kind] = {
    one.code: one
    for one in (
        Kind("acknowledgement", "A request arrived.", ("reference", "right", "received", "due")),
        Kind("asked_for_you", "Somebody else asked for the person: to the person.",
             ("reference", "right", "received", "due")),
        Kind("asker_acknowledged", "Somebody asked for another person: to whoever asked.",
             ("reference", "right", "received", "due"), to="asker"),
        Kind("asker_answered", "A request that somebody made for another person has ended: to whoever asked.",
             ("reference", "received"), to="asker"),
        Kind("asker_refused", "Nobody could see that somebody may ask for the person: to whoever asked.",
             ("reference", "received", "note"), PROVED, to="asker"),
        Kind("sign_in", "The person asked to see their requests.", ("link",)),
        Kind("open", "The person asked for another link to confirm a request.",
             ("reference", "right", "received", "link"), PROVED),
        Kind("phone_code", "The person asked for a code to a phone number on file: a text, no mail.", ("code",), PROVED,
             to="phone"),
        Kind("paper_wanted", "A colleague asks for a document, as the last resort.",
             ("reference", "right", "received", "note"), PROVED),
        Kind("opened", "A request was opened: to every other channel on file.",
             ("reference", "right", "received", "stop"), PROVED),
        Kind("erasing", "An approved deletion is about to begin: to every channel on file.",
             ("reference", "received", "stop"), ("delete",)),
        Kind("unverified", "Nobody confirmed the request in time.",
             ("reference", "right", "received", "remedies"), PROVED),
        Kind("duplicate", "We work on the same request already.", ("reference", "earlier")),
        Kind("question", "We need to ask the person something.",
             ("reference", "right", "received", "question", "page", "due")),
        Kind("answered", "The person answered; we go on.", ("reference", "right", "received", "due")),
        Kind("message", "A colleague wrote to the person: where to read it, and nothing of it.",
             ("reference", "page"), (*ASKED, "appeal", "complaint")),
        Kind("extended", "We need more time.",
             ("reference", "right", "received", "reason", "note", "until", "section", "remedies"), needs_extension=True),
        Kind("date_changed", "The residence was corrected, and with it the day of the answer.",
             ("reference", "right", "received", "due")),
        Kind("package_ready", "The copy of the data can be fetched.",
             ("reference", "received", "fetch", "kept", "remedies"), FETCHED),
        Kind("fresh", "The person is about to fetch the copy.", ("reference", "link"), FETCHED),
        Kind("erased", "An erasure was carried out.", ("reference", "received", "done", "remedies"), ("delete",)),
        Kind("corrected", "A correction was carried out.", ("reference", "received", "done", "remedies"), ("correct",)),
        Kind("opted_out", "An opt-out was carried out.", ("reference", "received", "done", "remedies"),
             ("opt_out_sale",)),
        Kind("stopped", "What needs no proof and no decision was carried out.",
             ("reference", "right", "received", "done", "remedies"), STOPPED),
        Kind("objected", "An objection was carried out.", ("reference", "received", "done", "remedies"), ("object",)),
        Kind("restricted", "A restriction was carried out.", ("reference", "received", "done", "remedies"),
             ("restrict",)),
        Kind("nothing_held", "The search found nothing.", ("reference", "right", "received", "remedies")),
        Kind("denied", "The request was refused.", ("reference", "right", "received", "ground", "words", "remedies")),
        Kind("withdrawn", "The person withdrew the request.", ("reference", "right", "received")),
        Kind("appeal_received", "An appeal arrived.", ("reference", "earlier", "received", "due"), ("appeal",)),
        Kind("appeal_granted", "An appeal was granted.", ("reference", "earlier", "received", "note"), ("appeal",)),
        Kind("appeal_refused", "An appeal was refused.",
             ("reference", "earlier", "received", "note", "remedies"), ("appeal",)),
        Kind("complaint_received", "A complaint arrived.", ("reference", "received", "due"), ("complaint",)),
        Kind("complaint_answered", "A complaint was answered.",
             ("reference", "received", "note", "remedies"), ("complaint",)),
        Kind("referred_client", "We only process the data for a client, who decides: to them, not to the person.",
             ("reference", "right", "received", "system", "person", "expected"), to="client"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A letter as it was written: its words, and from which template, in which language, under which law."""

    subject_line: str
    body: str
    language: str
    statute: str
    version: str


def known(language: str) -> str:
    """`language` if letters can be written in it, else English."""
    return language if language in LANGUAGES else DEFAULT


@contextmanager
def speaking(language: str) -> Iterator[str]:
    """Facts that are put into words inside are put into the words of this language."""
    with translation.override(known(language)):
        yield known(language)


def day_format() -> str:
    """How the language that is spoken just now writes a day."""
    return translation.gettext("j F Y")


def find(kind: str, language: str, statutes: Iterable[str]) -> tuple[str, str]:
    """The template for a letter and the law that it was written for ("" for all): the nearest one wins.

    Raises KeyError for a kind that is not in the table.
    """
    code = KINDS[kind].code
    folders = ["letters/"] if language == DEFAULT else [f"letters/{language}/", "letters/"]
    for folder in folders:
        for statute in statutes:
            if _exists(f"{folder}{code}.{statute}.txt"):
                return f"{folder}{code}.{statute}.txt", statute
        if _exists(f"{folder}{code}.txt"):
            return f"{folder}{code}.txt", ""
    raise TemplateDoesNotExist(code)


def version(template: str) -> str:
    """What a letter keeps of its template: 16 hex digits of the SHA-256 over it and all that it includes."""
    digest = hashlib.sha256()
    for name, source in sorted(_sources(template).items()):
        digest.update(f"{name}\0{source}\0".encode())
    return digest.hexdigest()[:16]


def write(kind: str, facts: Mapping[str, Any], *, language: str, statutes: Iterable[str]) -> Sheet:
    """The letter of `kind` from these facts. Raises Unfilled if the template names a fact that is not there."""
    laws = list(statutes)
    name, special = find(kind, language, laws)
    text = _engine().get_template(name).render(Context(dict(facts), autoescape=False))
    if gap := GAP.search(text):
        raise Unfilled(f"{name} names {gap[1]!r}, which was not given")
    first, _, body = text.strip().partition("\n")
    subject_line = " ".join(first.split())[:200]
    return Sheet(subject_line, tidy(body), language, special or next(iter(laws), ""), version(name))


def both(first: Sheet, second: Sheet) -> Sheet:
    """One letter in two languages: the one that the person chose, then the one that their law demands."""
    name = LANGUAGES[second.language].name
    body = f"{first.body}\n* * * {name} * * *\n\n{second.subject_line}\n\n{second.body}"
    digest = hashlib.sha256(f"{first.version}{second.version}".encode()).hexdigest()[:16]
    return replace(first, body=tidy(body), version=digest)


def tidy(text: str) -> str:
    """At most one empty line in a row, no space at line ends."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _exists(name: str) -> bool:
    return (FOLDER / name).is_file()


def _sources(name: str) -> dict[str, str]:
    """A template and what it includes, by name."""
    found: dict[str, str] = {}
    wanted = [name]
    while wanted:
        one = wanted.pop()
        if one not in found:
            found[one] = _engine().get_template(one).source
            wanted += INCLUDE.findall(found[one])
    return found


@lru_cache(maxsize=1)
def _engine() -> Engine:
    """Django's templates for plain text: nothing is escaped, and what is missing is seen."""
    return Engine(dirs=[str(FOLDER)], string_if_invalid=MISSING)
