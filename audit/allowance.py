"""How much a caller may ask for in a minute, counted across processes without a trip to the cache for each call.

Each process takes a hundredth of a caller's minute from the common counter and spends it on its own, so that the limit holds to
within a hundredth for each process. When the cache is away nobody is refused: it is a courtesy to others, and no lock.
"""

import logging
import time
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
SECONDS = 60
MOST_CALLERS = 10_000


@dataclass
class _Purse:
    window: int
    left: int


class Allowance:
    """So many units a minute for each caller; 0: as many as they like."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._purses: dict[str, _Purse] = {}

    def take(self, caller: str, units: int, most: int, now: float | None = None) -> int:
        """Spend units; 0 if they are granted, else the seconds to wait."""
        if not most:
            return 0
        at = now if now is not None else time.time()
        window = int(at // SECONDS)
        purse = self._purses.get(caller)
        if purse is None or purse.window != window:
            if len(self._purses) >= MOST_CALLERS:
                self._purses.clear()
            purse = self._purses[caller] = _Purse(window, 0)
        if purse.left < units:
            wanted = max(units, most // 100)
            if self._counted(caller, window, wanted) - wanted + units > most:
                return max(1, int((window + 1) * SECONDS - at))
            purse.left += wanted
        purse.left -= units
        return 0

    def _counted(self, caller: str, window: int, units: int) -> int:
        key = f"{self.name}:{caller}:{window}"
        try:
            cache.add(key, 0, timeout=2 * SECONDS)
            return int(cache.incr(key, units))
        except (RedisError, OSError, ValueError) as error:
            logger.warning("nothing counts %s: %s", self.name, type(error).__name__)
            return units
