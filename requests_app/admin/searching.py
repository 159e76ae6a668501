"""The search box: a reference, a whole e-mail address, name, phone or customer number, or words that we wrote.

Personal data is never searched by pattern: what identifies a person is found whole, by its blind index. And it never stands
in a URL: that bears a reference, the ids of the people that were found, or the key of a search that the session keeps
encrypted. What a person wrote, notes and messages are encrypted and are not searched.
"""

import secrets
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from audit.refusal import Refused
from requests_app.models import Request
from subjects import identifiers, vault
from subjects.models import Identifier

PARAMETER = "found"
SESSION, CONTEXT = "queue-searches", "desk.search"
REMEMBERED, LONGEST, MOST_FOUND = 10, 200, 500


def people(words: str) -> list[UUID]:
    """Ids of the people with exactly this address, name, phone or customer number."""
    kinds = ("email",) if "@" in words else ("name", "phone", "account_id")
    indexes = Q()
    for kind in kinds:
        try:
            indexes |= Q(kind=kind, blind_index=vault.blind_index(kind, identifiers.normalise(kind, words)))
        except Refused:
            continue
    if not indexes:
        return []
    return list(dict.fromkeys(Identifier.objects.filter(indexes).values_list("subject", flat=True)[:20]))


def referenced(words: str) -> Q:
    """Requests whose reference begins so; references are in capitals."""
    return Q(reference__startswith=words.upper())


def where(request: HttpRequest, typed: str) -> str | None:
    """What stands after the question mark for what was typed: empty for nothing, None where nothing can be found."""
    words = typed.strip().replace("\x00", "")[:LONGEST]
    if not words:
        return ""
    if "@" not in words and Request.objects.filter(referenced(words)).exists():
        return urlencode({"q": words})
    found = people(words)
    if found:
        return urlencode({"subject__in": ",".join(str(one) for one in found)})
    return None if "@" in words else urlencode({PARAMETER: _remember(request, words)})


def _remember(request: HttpRequest, words: str) -> str:
    key = secrets.token_urlsafe(9)
    kept: dict[str, str] = request.session.get(SESSION, {})
    kept[key] = vault.encrypt(words.encode(), CONTEXT)
    request.session[SESSION] = dict(list(kept.items())[-REMEMBERED:])
    return key


def words(request: HttpRequest, key: str) -> str:
    """What was searched for under this key by this colleague; empty if nobody remembers."""
    kept = request.session.get(SESSION, {}).get(key)
    try:
        return vault.decrypt(kept, CONTEXT).decode() if kept else ""
    except vault.Undecryptable:  # its key left the ring
        return ""


def holding(sought: str) -> Q:
    """Requests with these words in what a colleague is told to look at, or in the reasons of a refusal; the newest ones."""
    told: Any = Q(attention__icontains=sought) & ~Q(attention="")
    noted: Any = _noted(sought) if connection.vendor == "postgresql" else Q(denial_note__icontains=sought)
    ids: set[UUID] = set()
    for condition in (told, noted):  # each by its own index; one question with both would use neither
        rows = Request.objects.filter(condition).order_by("-received_at").values_list("pk", flat=True)
        ids.update(rows[:MOST_FOUND])
    return Q(pk__in=ids)


def _noted(sought: str) -> RawSQL:
    """As the index `denial_words` has it (migration 0010)."""
    table = Request._meta.db_table
    sql = f"({table}.denial_note <> '' AND to_tsvector('simple', {table}.denial_note) @@ plainto_tsquery('simple', %s))"
    return RawSQL(sql, (sought,), output_field=BooleanField())
