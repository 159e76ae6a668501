"""Events of this app."""

from audit.log import declare

declare(
    {
        "run.opened": "Retention run opened",
        "run.proposed": "Retention run proposed",
        "run.empty": "Nothing is past its date",
        "run.approved": "Retention run approved",
        "run.returned": "Retention run back to proposal",
        "run.started": "Retention run started",
        "run.recounted": "Retention run counted anew",
        "run.finished": "Retention run finished",
        "run.cancelled": "Retention run cancelled",
    }
)
