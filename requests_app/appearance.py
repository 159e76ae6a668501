"""How the public pages look today: read once, kept in this process for a few seconds, and never a reason for an error page."""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from requests_app import colours, leaving, plans, prose
from requests_app.models import Appearance, AppearanceText

# How long another process may show the look of before a change.
SECONDS = 10.0
ORIGIN = re.compile(r"^https?://[a-z0-9.-]+(:\d{1,5})?$")
LINK = re.compile(r"^\[[^\[\]\n]{1,60}\]\((?:https?://|mailto:|/(?!/))[^()\s]+\)$")
LOOPBACK = ("localhost", "127.0.0.1")
SERIF = '"Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", "Noto Serif", Georgia, serif'
SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'
HUMANIST = 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "DejaVu Sans", "Noto Sans", sans-serif'
# Headings, text.
FONTS = {"book": (SERIF, SANS), "plain": (SANS, SANS), "classic": (SERIF, SERIF), "humanist": (HUMANIST, HUMANIST)}


@dataclass(frozen=True)
class Words:
    """The company's own words in one language; empty where it left ours."""

    home_title: str = ""
    home_lead: SafeString = field(default_factory=SafeString)
    contact: SafeString = field(default_factory=SafeString)
    footer: SafeString = field(default_factory=SafeString)
    links: tuple[SafeString, ...] = ()


@dataclass(frozen=True)
class Look:
    """What templates ask for."""

    name: str = ""
    colour: str = "#17605a"
    night_colour: str = "#84d2c5"
    css: str = ""
    css_digest: str = ""
    logo_digest: str = ""
    rights: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    embed_origins: tuple[str, ...] = ()
    texts: Mapping[str, Words] = field(default_factory=dict)

    @property
    def offered(self) -> tuple[str, ...]:
        """The rights that the public pages offer, in the order of the plans: as chosen on the desk, else by RIGHTS_OFFERED."""
        chosen = self.rights or settings.RIGHTS_OFFERED or plans.OFFERED
        return tuple(right for right in plans.OFFERED if right in chosen)

    @property
    def words(self) -> Words:
        """The company's words in the language of this page; none when it wrote none in it."""
        language = get_language() or settings.LANGUAGE_CODE
        return self.texts.get(language) or self.texts.get(language.partition("-")[0]) or Words()


_kept: tuple[float, Look] | None = None


def current() -> Look:
    """Today's look; at most one query in SECONDS. While the database is away, what was known last."""
    if _kept is not None and _kept[0] > time.monotonic():
        return _kept[1]
    try:
        look = _read()
    except (DatabaseError, InterfaceError):
        look = known()
    return remember(look)


def known() -> Look:
    """What was known last, without asking the database."""
    return _kept[1] if _kept is not None else Look()


def remember(look: Look) -> Look:
    """Keep a look for SECONDS in this process."""
    global _kept
    _kept = (time.monotonic() + SECONDS, look)
    return look


def forget() -> None:
    """The next page of this process reads the look anew."""
    global _kept
    _kept = None


def made(row: Appearance, texts: list[AppearanceText], leads: prose.Leads = str) -> Look:
    """The look that a row describes."""
    css = stylesheet(row)
    return Look(
        name=row.name,
        colour=row.colour,
        night_colour=row.night_colour or colours.mended(row.colour, "night"),
        css=css,
        css_digest=hashlib.sha256(css.encode()).hexdigest()[:16],
        logo_digest=row.logo_digest[:16],
        rights=tuple(row.rights),
        left_out=tuple(row.left_out),
        embed_origins=tuple(row.embed_origins.split()),
        texts={text.language: _words(text, leads) for text in texts},
    )


def stylesheet(row: Appearance) -> str:
    """The few variables by which this look differs from static/portal.css."""
    heading, text = FONTS[row.font]
    day = colours.palette(row.colour, "day") | {"--serif": heading, "--sans": text}
    night = colours.palette(row.night_colour or colours.mended(row.colour, "night"), "night")
    return f":root{{{_rules(day)}}}@media (prefers-color-scheme:dark){{:root{{{_rules(night)}}}}}\n"


def fault_of_colour(colour: str, scheme: str) -> str:
    """Why a colour cannot be taken, with what was measured and a colour that can; empty for one that can."""
    if not colours.HEX.match(colour):
        return "Write the colour as #rrggbb, for example #17605a."
    ratio, ground = colours.worst(colour, scheme)
    if ratio >= colours.LEAST:
        return ""
    rather = colours.mended(colour, scheme)
    pages = "light" if scheme == "day" else "dark"
    return (
        f"On {pages} pages this is too hard to read: {ratio:.2f} : 1 on {ground}, and {colours.LEAST} : 1 is needed."
        f" The nearest that works is {rather} ({colours.worst(rather, scheme)[0]:.2f} : 1)."
    )


def fault_of_origin(origin: str) -> str:
    """Why a site cannot embed the form; empty for one that can."""
    host = urlsplit(origin).hostname if ORIGIN.match(origin) else None
    if host is None:
        return f"{origin}: write the site as https://www.company.example, without a path and without *."
    if not origin.startswith("https:") and host not in LOOPBACK:
        return f"{origin}: only sites with https can embed the form."
    return ""


def _read() -> Look:
    row = Appearance.objects.defer("logo").prefetch_related("texts").first()
    return Look() if row is None else made(row, list(row.texts.all()), leaving.leads())


def _rules(variables: dict[str, str]) -> str:
    return "".join(f"{name}:{value};" for name, value in variables.items())


def _words(text: AppearanceText, leads: prose.Leads) -> Words:
    links = [line.strip() for line in text.links.splitlines() if LINK.match(line.strip())]
    return Words(
        home_title=text.home_title,
        home_lead=prose.line(text.home_lead, leads),
        contact=prose.html(text.contact, leads),
        footer=prose.html(text.footer, leads),
        links=tuple(prose.line(line, leads) for line in links),
    )
