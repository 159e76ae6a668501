"""Events of the roof."""

from audit.log import declare

declare(
    {
        "pack.asked": "Pack of evidence asked for",
        "pack.built": "Pack of evidence built",
        "pack.fetched": "Pack of evidence fetched",
        "pack.destroyed": "Pack of evidence destroyed",
        "report.queued": "Report's mail queued",
        "report.sent": "Report's mail sent",
        "report.parked": "Report's mail could not be sent",
        "signin.unlocked": "Failed sign-ins forgiven",
        "signin.done": "Signed in to the desk",
        "signin.factor_changed": "A second factor changed",
        "signin.factors_removed": "A colleague's second factors removed",
    }
)
