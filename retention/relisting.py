"""After our own database was restored: whoever was erased by request since the backup is on the list of who was erased again.

The list itself came back as old as the backup; what was erased since stands on the sealed list. Who came back of their own will
after that erasure, and was taken off the list, stays off it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connectors.sharing import parts
from retention import erased, sealed, sealkeys
from retention.models import Erased, SealedEntry

AT_ONCE = 500
BY_REQUEST = (SealedEntry.Kind.ERASE, SealedEntry.Kind.ANONYMISE)


@dataclass(frozen=True)
class _Gone:
    kind: str
    digest: str
    at: datetime
    origin: str


def relist(since: datetime) -> int:
    """Put on the list again whom orders of requests erased since a moment; how many identifiers it had lost. Safe to repeat;
    entries whose key was destroyed are left out.
    """
    entries = SealedEntry.objects.filter(kind__in=BY_REQUEST, done_at__gte=since).exclude(system="").order_by("number")
    return sum(_missing(some) for some in parts(_gone(entries.iterator(chunk_size=AT_ONCE)), AT_ONCE))


def _gone(entries: Iterable[SealedEntry]) -> Iterator[_Gone]:
    for entry in entries:
        try:
            known = sealed.payload(entry).get("identities", {})
        except sealkeys.Destroyed:
            continue
        for kind in erased.KINDS:
            marks = (erased.mark(kind, value) for value in known.get(kind, ()))
            yield from (_Gone(kind, one, entry.done_at, entry.origin) for one in marks if one)


def _missing(some: list[_Gone]) -> int:
    """Of these, enter those that the list does not know, or from before an earlier return of theirs."""
    newest = {(one.kind, one.digest): one for one in some}
    rows = Erased.objects.filter(digest__in=[one.digest for one in some], place="")
    known = {(kind, digest): lifted for kind, digest, lifted in rows.values_list("kind", "digest", "lifted_at")}
    lost = [
        one
        for mark, one in newest.items()
        if mark not in known or ((lifted := known[mark]) is not None and lifted < one.at)
    ]
    return erased.put([(one.kind, one.digest, one.at, one.origin, "", None) for one in lost]) if lost else 0
