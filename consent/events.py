"""Events of this app."""

from audit.log import declare

declare(
    {
        "choice.recorded": "Choice recorded",
        "choices.recorded": "Choices recorded together",
        "choices.imported": "Choices imported from a file",
        "choices.merged": "Choices of two people merged",
        "choices.forgotten": "Choices emptied of what leads to a person",
        "choice.ended": "Yes ended by its time",
        "device.adopted": "Device recognised as a person's",
        "hook.subscribed": "Webhook set up",
        "hook.switched": "Webhook switched on or off",
        "hook.parked": "Webhook not taken",
        "hook.retried": "Webhook sent again",
        "pending.asked": "Confirmation of a Yes asked for",
        "pending.confirmed": "Yes confirmed by its link",
        "standing.rebuilt": "What holds rebuilt from the ledger",
        "withdrawal.carried": "Withdrawal carried on to systems",
        "cookie.ignored": "Cookie marked as not ours",
        "cookie.loaded": "Register of cookies loaded from CSV",
        "cookie.registered": "Cookie taken into the register",
        "receipt.fetched": "Consent receipt fetched",
        "notice.drafted": "Notice version drafted",
        "notice.edited": "Notice draft changed",
        "notice.proposed": "Notice draft proposed",
        "notice.approved": "Notice draft approved by a second person",
        "notice.returned": "Notice draft returned",
        "notice.published": "Notice version published",
        "notice.reviewed": "Notice read again and found right",
        "notice.announced": "Telling people about a notice version",
        "notice.mailed": "People mailed about a notice version",
        "notice.announcement_stopped": "Telling people stopped",
        "notice.announcement_resumed": "Telling people resumed",
        "notice.announcement_done": "People told about a notice version",
        "notice.announcement_exported": "List of who was told taken out",
        "notice.person_told": "Person told about a notice version",
        "purpose.launch_asked": "Purpose waits to go live",
        "purpose.launched": "Purpose went live",
    }
)
