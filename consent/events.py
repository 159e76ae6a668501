"""Events of this app."""

from audit.log import declare

declare(
    {
        "choice.recorded": "Choice recorded",
        "notice.drafted": "Notice version drafted",
        "notice.edited": "Notice draft changed",
        "notice.published": "Notice version published",
    }
)
