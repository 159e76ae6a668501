"""Keys of this installation: from the environment, or made once in the state folder for a first run.

A production installation sets SECRET_KEY, DATA_KEYS and INDEX_KEY; `doctor` says so when it does not.
"""

import base64
import os
import secrets
from pathlib import Path


def generate() -> str:
    """A fresh 256-bit key as URL-safe base64 text."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def from_file(folder: Path, name: str) -> str:
    """The key kept in `folder/name`, made on first use with mode 0600.

    Two processes may start at once: the file is created exclusively, and the loser reads the winner's.
    """
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(generate())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key is the key
        finally:
            draft.unlink()
    return path.read_text().strip()
