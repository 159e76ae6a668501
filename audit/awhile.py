"""What may be some seconds old, kept in the cache for all processes. Without it it is read each time: slower, never wrong."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

Found = TypeVar("Found")


def kept(key: str, seconds: float, read: Callable[[], Found]) -> Found:
    """What is kept under `key`, or what `read` gives, which is then kept for so many seconds. None is never kept."""
    found: Found | None = None
    with suppress(RedisError, OSError):
        found = cache.get(key)
    if found is None:
        found = read()
        with suppress(RedisError, OSError):
            cache.set(key, found, seconds)
    return found


def drop(key: str) -> None:
    """Read anew at the next question."""
    with suppress(RedisError, OSError):
        cache.delete(key)
