"""What is erased by date is erased by the clock, so a clock that is wrong must not decide."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from connectors.kinds.base import Kind, Permanent

APART_SECONDS = 600


def refuse_if_apart(kind: Kind) -> None:
    """Raises Permanent when the system's clock and ours differ by more than ten minutes. A kind that has no method `moment`,
    or no clock of its own, is not asked.
    """
    asked: Any = getattr(kind, "moment", None)
    theirs: datetime | None = None if asked is None else asked()
    if theirs is not None and abs((theirs - timezone.now()).total_seconds()) > APART_SECONDS:
        raise Permanent(
            "clock", "The system's clock and ours are more than ten minutes apart, so nothing is counted or erased by date. "
            "Set the clock that is wrong, then retry.",
        )  # fmt: skip
