"""What can be done with rows whose time is over. Deleting and anonymising are the engine's; another room registers the rest."""

from audit.refusal import Refused
from connectors.models import Authorisation, WorkOrder
from retention.models import Action, Run, Schedule

Operation = WorkOrder.Operation
OPERATIONS: dict[str, str] = {Action.DELETE: Operation.ERASE, Action.ANONYMISE: Operation.ANONYMISE}


def register(action: str, operation: str) -> None:
    """Make an action available: the engine's operation that carries it out."""
    OPERATIONS[action] = operation


def refuse_unavailable(action: str) -> None:
    """Raises Refused for an action that nothing here can carry out."""
    if action not in OPERATIONS:
        raise Refused(
            "Moving rows to a sealed archive is not installed here. Choose to delete or to anonymise them.",
            code="action_unavailable", field="action",
        )  # fmt: skip


def operation(schedule: Schedule) -> str:
    """The engine's operation for a schedule. Raises Refused when nothing here can carry its action out."""
    refuse_unavailable(schedule.action)
    return OPERATIONS[schedule.action]


def authorised(run: Run) -> str:
    """The operation that was authorised for a run's rows: a schedule may say another one since."""
    leave = Authorisation.objects.filter(batch=run.batch_id).values_list("operation", flat=True)
    return str(leave.get())
