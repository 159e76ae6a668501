"""The sealed list: rows that are never changed, and the same lines in a file outside the database.

What goes wrong if this is wrong: after a restore the erased come back and nobody knows whom to erase. So:
1. entries are chained by an HMAC, in the database and in the file; the key of it is derived from INDEX_KEY;
2. one process appends at a time (a lock on the file); a line is on the disk before the next entry is made;
3. the file may know more than the database: then the database was restored. What it lacks is taken over from the file, after
   the chain was checked, before anything else is appended;
4. where the two say different things under one number, nothing is appended, and a check says so.
"""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.failpoints import failpoint
from audit.refusal import Refused
from retention import sealkeys
from retention.models import SealedEntry

SEALER = actors.worker("retention.sealed")
GENESIS = "0" * 64
FIELDS = ("number", "id", "kind", "system", "origin", "source", "done_at", "sealed_at", "key", "payload", "previous")
AT_ONCE = 500


def path() -> Path:
    """The file outside the database."""
    return Path(settings.SEALED_DIR) / "erasures.jsonl"


@contextmanager
def locked() -> Iterator[None]:
    """Alone with the list."""
    folder = Path(settings.SEALED_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def append(deeds: Iterable[dict[str, Any]]) -> int:
    """Seal what was done: each with kind, system, origin, source, done_at and payload; how many were new. What has an entry (by
    its source) is left out. Call it `locked`, after `reconcile`.
    """
    rows = list(deeds)
    known = set(SealedEntry.objects.filter(source__in=[one["source"] for one in rows]).values_list("source", flat=True))
    rows = [one for one in rows if one["source"] not in known]
    if not rows:
        return 0
    number, previous = newest()
    now = timezone.now()
    entries = []
    for one in rows:
        number += 1
        month = sealkeys.month(one["done_at"])
        plain = json.dumps(one["payload"], separators=(",", ":"), default=str).encode()
        entry = SealedEntry(
            number=number, kind=one["kind"], system=one["system"], origin=one["origin"][:64], source=one["source"],
            done_at=one["done_at"], sealed_at=now, key=month, previous=previous,
            payload=sealkeys.encrypt(plain, month, one["source"]),
        )  # fmt: skip
        entry.mac = previous = mac(entry)
        entries.append(entry)
    with log.atomic():
        SealedEntry.objects.bulk_create(entries, batch_size=AT_ONCE)
        log.record(
            "list.sealed", actor=SEALER, noun=entries[-1], entries=len(entries), number=number, mac=entries[-1].mac
        )
    failpoint("sealed.after_rows")
    export()
    return len(entries)


def newest() -> tuple[int, str]:
    """Number and MAC of the newest entry in the database."""
    return SealedEntry.objects.order_by("-number").values_list("number", "mac").first() or (0, GENESIS)


def payload(entry: SealedEntry) -> dict[str, Any]:
    """What an entry was done to. Raises `sealkeys.Destroyed`."""
    found: dict[str, Any] = json.loads(sealkeys.decrypt(entry.payload, entry.key, entry.source))
    return found


def mac(entry: SealedEntry) -> str:
    """HMAC-SHA256 over the entry's canonical JSON, the MAC before it included."""
    body = json.dumps(_line(entry), sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(_chain_key(), body, hashlib.sha256).hexdigest()


def _chain_key() -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"privacyops sealed list v1")
    return derived.derive(settings.INDEX_KEY.encode())


def _line(entry: SealedEntry) -> dict[str, Any]:
    row = {name: getattr(entry, name) for name in FIELDS}
    return {name: one.isoformat() if isinstance(one, datetime) else one if name == "number" else str(one)
            for name, one in row.items()}  # fmt: skip


# ---------------------------------------------------------------- the file outside


def reconcile(file: Path | None = None) -> int:
    """Bring database and file to the same state; how many entries a restored database took over from the file.
    Raises Refused (code "sealed_conflict") where they differ. Call it `locked`.
    """
    file = file or path()
    taken = _take_over(file)
    if file == path() or taken:
        export()
    return taken


def _take_over(file: Path) -> int:
    number, previous = newest()
    last = _last(file)
    if last is None or (last.number <= number and file == path()):
        return 0  # the usual case: it ends where we do, and `export` compares the ends
    taken, batch = 0, list[SealedEntry]()
    for entry in lines(file):
        if entry.number <= number:
            continue
        if entry.number != number + 1 or entry.previous != previous or entry.mac != mac(entry):
            raise _conflict(entry.number)
        number, previous = entry.number, entry.mac
        batch.append(entry)
        if len(batch) >= AT_ONCE:
            taken += _taken(batch)
            batch = []
    return taken + (_taken(batch) if batch else 0)


def _taken(batch: list[SealedEntry]) -> int:
    with log.atomic():
        SealedEntry.objects.bulk_create(batch)
        log.record("list.taken_over", actor=SEALER, noun=batch[-1], entries=len(batch), number=batch[-1].number)
    return len(batch)


def export() -> int:
    """Write what the file lacks; how many lines. Raises Refused where its last line is not ours. Call it `locked`."""
    file = path()
    last = _last(file)
    start = 0
    if last is not None:
        same = SealedEntry.objects.filter(number=last.number, mac=last.mac).exists()
        if not same:
            raise _conflict(last.number)
        start = last.number
    rows = SealedEntry.objects.filter(number__gt=start).order_by("number")
    written = 0
    if not rows.exists():
        return 0
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as handle:
        for entry in rows.iterator(chunk_size=AT_ONCE):
            handle.write(json.dumps({**_line(entry), "mac": entry.mac}, separators=(",", ":")) + "\n")
            written += 1
        handle.flush()
        os.fsync(handle.fileno())
    return written


def agrees() -> bool:
    """Whether the file ends with an entry that the database has, and lacks none but those of the last moment."""
    last, (number, _) = _last(path()), newest()
    if last is None:
        return number == 0
    return SealedEntry.objects.filter(number=last.number, mac=last.mac).exists() and number - last.number <= AT_ONCE


def lines(file: Path) -> Iterator[SealedEntry]:
    """The entries of a file, as they stand there. A last line that was cut off by a crash is left out."""
    if not file.exists():
        return
    with file.open() as handle:
        for text in handle:
            if text.endswith("\n"):
                yield _entry(text)


def _last(file: Path) -> SealedEntry | None:
    """The last whole line; what a crash left of another one is cut off, where the file is ours to write."""
    if not file.exists():
        return None
    with file.open("r+b" if file == path() else "rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        end, tail = size, b""
        while end > 0:
            start = max(0, end - 65536)
            handle.seek(start)
            tail = handle.read(end - start) + tail
            end = start
            whole = tail.rfind(b"\n")
            before = tail.rfind(b"\n", 0, whole) if whole > 0 else -1
            if whole >= 0 and (before >= 0 or start == 0):
                if whole + 1 < len(tail) and handle.writable():
                    handle.truncate(size - (len(tail) - whole - 1))
                return _entry(tail[before + 1 : whole].decode())
        if handle.writable():
            handle.truncate(0)
    return None


def _entry(text: str) -> SealedEntry:
    try:
        row = json.loads(text)
        moments = {name: datetime.fromisoformat(row[name]) for name in ("done_at", "sealed_at")}
        plain = {name: row[name] for name in (*FIELDS, "mac") if name not in moments}
    except (ValueError, KeyError, TypeError):
        raise Refused("The file of the sealed list has a line that is none of ours.", code="sealed_conflict") from None
    return SealedEntry(**plain, **moments)


def _conflict(number: int) -> Refused:
    return Refused(
        f"The sealed list in the database and the one in its file differ at entry {number}. Find out which is right before "
        "anything is restored or replayed (docs/replay.md).", code="sealed_conflict",
    )  # fmt: skip


def faults(entries: Iterable[SealedEntry] | None = None) -> Iterator[str]:
    """Every place where the chain does not hold, in words."""
    number, previous = 0, GENESIS
    for entry in entries or SealedEntry.objects.order_by("number").iterator(chunk_size=AT_ONCE):
        if entry.number != number + 1:
            yield f"entry {number + 1} of the sealed list is missing"
        if entry.previous != previous or entry.mac != mac(entry):
            yield f"entry {entry.number} of the sealed list was changed"
        number, previous = entry.number, entry.mac
