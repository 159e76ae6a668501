"""What this floor answers for."""

from datetime import timedelta

from django.utils import timezone

from audit.assurance import Finding, check
from connectors.models import Connection, WorkOrder


@check("P14", "connectors.parked", "No work waits for a person for more than a week")
def parked() -> Finding:
    """Parked orders older than a week."""
    week = timezone.now() - timedelta(days=7)
    count = WorkOrder.objects.filter(state=WorkOrder.State.PARKED, created_at__lt=week).count()
    return Finding(count == 0, f"{count} parked orders are older than seven days.")


@check("P13", "connectors.addresses", "No connection address can be read in the database")
def addresses() -> Finding:
    """The column of addresses is an encrypted one."""
    column = Connection._meta.get_field("address")
    total = Connection.objects.count()
    return Finding(type(column).__name__ == "EncryptedTextField", f"{total} connection addresses are stored encrypted.")
