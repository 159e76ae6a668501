"""The short notice: a few sentences for the place where people give data, with the way to the whole one."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from consent import notices
from consent.naming import MAIN
from requests_app import leaving, prose


@dataclass(frozen=True)
class Short:
    """The short notice of one version in force."""

    key: str
    number: int
    language: str
    title: str
    text: str
    html: SafeString
    url: str
    digest: str


def fallbacks(language: str) -> tuple[str, ...]:
    """The languages in which a notice is looked for, the wanted one first."""
    stem = language.partition("-")[0].lower()
    return tuple(dict.fromkeys((language[:12], stem[:12], settings.LANGUAGE_CODE)))


def current(key: str = MAIN, language: str = "", region: str = "") -> Short | None:
    """The short notice in force; None where there is none, or nobody wrote it. One query."""
    row = notices.shown(key, fallbacks(language or get_language() or settings.LANGUAGE_CODE), region=region)
    if row is None or not row.short.strip():
        return None
    query = f"?for={key}" if key != MAIN else ""
    html = prose.html(row.short, leaving.leads())
    return Short(
        key, row.number, row.language, row.title, row.short, html, reverse("portal:notice") + query, row.digest
    )
