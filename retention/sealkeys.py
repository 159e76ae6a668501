"""The keys of the sealed list: one for each month, in a folder beside the database and not in it.

A backup of our database therefore never holds them. Once no backup is left that could bring back what a month's entries
erased, the key of the month is destroyed, and with it whatever those entries say of anybody, in the database and in the file.
"""

import base64
import os
import re
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from subjects import vault

NONCE = 12
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
CONTEXT = "retention.sealkey"
ARCHIVE = "archive-"


class Destroyed(Exception):
    """The key of this month is gone, as it should be once nothing needs it any more."""


def folder() -> Path:
    """Where the keys lie."""
    path = Path(settings.SEALED_DIR) / "keys"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def month(at: datetime) -> str:
    """The name of the key for what is sealed at this moment."""
    return f"{at.astimezone(UTC):%Y-%m}"


def encrypt(plain: bytes, name: str, context: str) -> str:
    """`plain` under the key of a month, bound to `context`. The key is made at its first use."""
    nonce = secrets.token_bytes(NONCE)
    return base64.b64encode(nonce + AESGCM(_key(name, make=True)).encrypt(nonce, plain, context.encode())).decode()


def decrypt(stored: str, name: str, context: str) -> bytes:
    """The plain bytes. Raises Destroyed, or `vault.Undecryptable` for what was changed."""
    raw = base64.b64decode(stored)
    try:
        return AESGCM(_key(name, make=False)).decrypt(raw[:NONCE], raw[NONCE:], context.encode())
    except InvalidTag:
        raise vault.Undecryptable("an entry of the sealed list does not decrypt") from None


def there() -> list[str]:
    """The months whose keys are there, the oldest first."""
    return sorted(one.stem for one in folder().glob("*.key") if MONTH.fullmatch(one.stem))


def destroy(name: str) -> bool:
    """Overwrite and remove the key of a month; whether it was there."""
    path = folder() / f"{name}.key"
    try:
        with path.open("r+b") as handle:
            handle.write(secrets.token_bytes(path.stat().st_size))
            handle.flush()
            os.fsync(handle.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def last_day(name: str) -> date:
    """The first day after a month: nothing of its key was done later."""
    year, number = map(int, name.split("-"))
    return date(year + number // 12, number % 12 + 1, 1)


def of_archive(archive_id: UUID, *, make: bool = False) -> bytes:
    """The key of one sealed archive. Raises Destroyed."""
    return _key(f"{ARCHIVE}{archive_id.hex}", make=make)


def destroy_of_archive(archive_id: UUID) -> bool:
    """Destroy it; whether it was there."""
    return destroy(f"{ARCHIVE}{archive_id.hex}")


def _key(name: str, *, make: bool) -> bytes:
    path = folder() / f"{name}.key"
    if not path.exists():
        if not make:
            raise Destroyed(name)
        _make(path)
    return base64.b64decode(vault.decrypt(path.read_text(), f"{CONTEXT}.{name}"))


def _make(path: Path) -> None:
    """Written whole and linked into place: of two processes the loser takes the winner's."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    text = vault.encrypt(base64.b64encode(secrets.token_bytes(32)), f"{CONTEXT}.{path.stem}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()
