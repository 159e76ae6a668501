"""Events of this app."""

from audit.log import declare

declare(
    {
        "batch.opened": "Search opened",
        "batch.authorised": "Work authorised",
        "batch.cancelled": "Work cancelled",
        "finding.decided": "Decision on rows",
        "item.decided": "Decision on one item of a package",
        "item.taken_back": "Decision on one item of a package taken back",
        "order.done": "Work done",
        "order.parked": "Work parked",
        "order.retried": "Parked work retried",
        "order.waived": "Parked work given up",
        "order.referred": "Referred to the client who decides",
        "hold.placed": "Legal hold placed",
        "hold.released": "Legal hold released",
        "task.opened": "A colleague was asked to do this by hand",
        "task.assigned": "Task by hand assigned",
        "task.viewed": "Identifiers of a task by hand looked at",
        "task.item_added": "Item put into a task by hand",
        "task.item_dropped": "Item taken out of a task by hand",
        "task.signed": "Task by hand signed off",
        "task.asked_again": "Rest of a task by hand asked for once more",
        "task.cancelled": "Task by hand not needed any more",
        "connection.examined": "Connection examined",
        "survey.taken": "Tables and columns of a system looked at",
        "survey.failed": "Tables and columns of a system could not be looked at",
        "proposal.accepted": "Proposal for the inventory accepted",
        "proposal.dismissed": "Proposal for the inventory dismissed",
        "connection.checked": "Connection tested",
    }
)
