"""Events of this app."""

from audit.log import declare

declare(
    {
        "batch.opened": "Search opened",
        "batch.authorised": "Work authorised",
        "batch.cancelled": "Work cancelled",
        "finding.decided": "Decision on rows",
        "order.done": "Work done",
        "order.parked": "Work parked",
        "order.retried": "Parked work retried",
        "order.waived": "Parked work given up",
        "order.referred": "Referred to the client who decides",
        "hold.placed": "Legal hold placed",
        "hold.released": "Legal hold released",
        "connection.checked": "Connection tested",
    }
)
