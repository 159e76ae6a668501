"""Work that a colleague does by hand in a system that no connector reaches."""

import uuid
from datetime import date

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models

from connectors.models.work import WorkOrder
from subjects.fields import EncryptedJSONField, EncryptedTextField


class HandTasks(models.QuerySet["HandTask"]):
    """Tasks, by what they wait for."""

    def waiting(self) -> "HandTasks":
        """Not signed off, and still needed."""
        settled = (WorkOrder.State.DONE, WorkOrder.State.WAIVED)
        return self.filter(state=HandTask.State.OPEN).exclude(order__state__in=settled)

    def overdue(self, today: date) -> "HandTasks":
        """Waiting although their day has passed."""
        return self.waiting().filter(due_on__lt=today)

    def of(self, user: User) -> "HandTasks":
        """Waiting for this colleague."""
        return self.waiting().filter(assignee=user.pk)


class HandTask(models.Model):
    """What one work order asks of a colleague: assigned, with a day, signed off by them."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Signed off"
        CANCELLED = "cancelled", "Not needed any more"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="hand_tasks")
    ask = models.JSONField(default=dict, help_text="What is to be done, without personal data: operation, collection.")
    details = EncryptedJSONField(default=dict, help_text="Whom to look for, or what to write; shown to the assignee.")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="hand_tasks"
    )
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_index=True)
    answer = models.JSONField(default=dict, help_text="Counts and codes of the sign-off.")
    note = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)

    objects = HandTasks.as_manager()

    class Meta:
        permissions = [("sign_handtask", "Can sign off work done by hand")]
        constraints = [models.UniqueConstraint(fields=("order",), name="one_task_per_order")]
        indexes = [models.Index(fields=("state", "due_on"))]

    def __str__(self) -> str:
        return f"Task for order {self.order_id}"


class HandTaskItem(models.Model):
    """One thing that the colleague found: a title, and the file or words that go into the package."""

    task = models.ForeignKey(HandTask, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    dataset = models.CharField(max_length=60)
    collection = models.CharField(max_length=120)
    content = EncryptedJSONField(default=dict, help_text="Field values by name.")
    file_name = models.CharField(max_length=120, blank=True, help_text="A name of ours, not the uploaded one.")
    file = EncryptedTextField(blank=True, help_text="The uploaded file in base64.")

    class Meta:
        ordering = ("task", "number")
        constraints = [models.UniqueConstraint(fields=("task", "number"), name="task_item_once")]

    def __str__(self) -> str:
        return f"Item {self.number} of {self.task_id}"
