"""What a page's script is told: purposes, words, the notice and the regime, in one language and for one region."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override

from consent import choices, launching, notices
from consent.banner import regimes, words
from consent.models import Cookie, NoticeVersion, Site, SiteText
from inventory import phrases
from inventory.models import Purpose

# Raised when the script must read something new; an older script goes on with what it knows.
FORMAT = 1


def site(key: str) -> Site | None:
    """The site of this key, while it is in use."""
    return Site.objects.filter(key=key, active=True).first()


def origins(one: Site) -> list[str]:
    """Whose pages may show the banner of this site."""
    return one.origins.split()


def build(one: Site, *, language: str, region: str) -> dict[str, Any]:
    """The whole setup. Seven queries, and one more when words are shown for the first time: they go on record then.

    `version` changes with whatever a person would have to be asked about anew: purposes, their words, the notice, the regime.
    It does not change with the language, or a visitor who switches it would be asked again.
    """
    regime = regimes.of(region, elsewhere=one.elsewhere, unknown=one.unknown, own=regimes.own(one.regions))
    purposes = [row for row in one.purposes.order_by("name") if launching.live(row, region)]
    notice = _notice(language)
    with override(language):
        said: dict[str, Any] = {
            "format": FORMAT, "site": one.key, "regime": regime, "region": region, "language": get_language() or language,
            "days": one.ask_again_days, "purposes": _purposes(purposes, language),
            "words": words.titles(regime) | words.buttons(regime) | words.others(),
        }  # fmt: skip
    text = SiteText.objects.filter(site=one, language=language).first()
    if text is not None:
        said["words"] |= {name: value for name in ("title", "body") if (value := getattr(text, name))}
    said["notice"] = {
        "number": notice.number if notice else None,
        "language": notice.language if notice else None,
        "url": f"{settings.SITE_URL}/notice/?lang={language}",
    }
    said["links"] = {"cookies": f"{settings.SITE_URL}/cookies/{one.key}/?lang={language}"}
    said["version"] = _version(purposes, regime)
    said["shown"] = choices.wording(words.shown(said), language).digest
    said["cookies"] = _cookies(one)
    return said


def _purposes(rows: Sequence[Purpose], language: str) -> list[dict[str, Any]]:
    found = []
    for one in rows:
        text = phrases.purpose(one, language)
        found.append({
            "key": one.key, "name": text.name, "description": text.description, "consequence": text.consequence,
            "needed": not choices.refusable(one), "sale": one.sale_or_sharing,
        })  # fmt: skip
    return sorted(found, key=lambda row: not row["needed"])


def _notice(language: str) -> NoticeVersion | None:
    for tag in dict.fromkeys((language, language.partition("-")[0], settings.LANGUAGE_CODE)):
        if found := notices.current(language=tag):
            return found
    return None


def _version(purposes: Sequence[Purpose], regime: str) -> str:
    """What was asked, in short. By the notice in our own language: its translations come and go."""
    notice = notices.current(language=settings.LANGUAGE_CODE)
    parts = [regime, notice.digest if notice else ""]
    for one in purposes:
        parts += [one.key, one.name, one.description, one.lawful_basis, str(one.required), str(one.sale_or_sharing)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _cookies(one: Site) -> list[dict[str, str]]:
    """Names that the register knows, so that the script reports no others, and what to take away with a No."""
    rows = Cookie.objects.filter(site=one).values_list("name", "purpose__key", "party")
    return [{"name": name, "purpose": purpose, "party": party} for name, purpose, party in rows]
