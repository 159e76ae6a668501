"""The registry of assurance checks: each promise of the notice (P1 to P17) is kept by something that can be run."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What a check saw: `ok`, a sentence with figures for the staff desk, and where on the desk that is mended."""

    ok: bool
    sentence: str
    link: str = ""


@dataclass(frozen=True)
class Check:
    """A named check of one promise."""

    promise: str
    key: str
    title: str
    run: Callable[[], Finding]


_checks: dict[str, Check] = {}


def check(promise: str, key: str, title: str) -> Callable[[Callable[[], Finding]], Callable[[], Finding]]:
    """Register a check; each app's `assurance_checks.py` does. `key` must be unique."""

    def decorate(run: Callable[[], Finding]) -> Callable[[], Finding]:
        if key in _checks:
            raise ValueError(f"assurance check {key!r} is registered twice")
        _checks[key] = Check(promise, key, title, run)
        return run

    return decorate


def checks() -> list[Check]:
    """All checks, in the order of the promises."""
    return sorted(_checks.values(), key=lambda one: (int(one.promise[1:]), one.key))
