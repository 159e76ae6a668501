"""How a team handles one right under one law: its steps and defaults, as data; and what was done by it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from requests_app.models.requests import Request, Right


class Playbook(models.Model):
    """Steps and defaults for requests of one right. A request keeps the version under which it was received."""

    name = models.CharField(max_length=80)
    right = models.CharField(max_length=30, choices=Right)
    statute = models.CharField(
        "law", max_length=40, blank=True, help_text="None: under every law without one of its own."
    )
    version = models.PositiveIntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)
    auto_approve = models.BooleanField(
        "approve low-risk ones by itself", default=False,
        help_text="Objections only: nothing found is shared or undecided, and no more rows than below.",
    )  # fmt: skip
    auto_rows = models.PositiveIntegerField("rows at most", default=100, help_text="More than these are no low risk.")
    extra_approval = models.BooleanField(
        default=False, help_text="One more colleague than the law's plan asks for, always another person."
    )
    review_over = models.PositiveIntegerField(
        "one more over so many rows", null=True, blank=True,
        help_text="The extra approval only where what was found has more rows than this.",
    )  # fmt: skip
    categories = models.JSONField(
        "limit to data categories", default=list, blank=True,
        help_text="Where nobody limited the request otherwise. Say so in a paragraph of the closing letter.",
    )  # fmt: skip
    steps = models.TextField(
        "checklist",
        blank=True,
        max_length=2000,
        help_text="One step per line. Before one that has to be ticked first, write !",
    )
    defaults = models.JSONField(
        "further defaults", default=dict, blank=True,
        help_text='JSON: "masks" for requests that bring none; "second_person": true. Never looser than the plan.',
    )  # fmt: skip
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("right", "statute")
        constraints = [
            models.UniqueConstraint(
                fields=("right", "statute"), condition=Q(active=True), name="one_playbook_for_a_right_and_law"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PlaybookText(models.Model):
    """A paragraph of the manager's own in one kind of letter, in one language."""

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="texts")
    kind = models.CharField("letter", max_length=40)
    language = models.CharField(max_length=12)
    words = models.TextField("paragraph", max_length=1000)

    class Meta:
        verbose_name = "paragraph"
        ordering = ("kind", "language")
        constraints = [models.UniqueConstraint(fields=("playbook", "kind", "language"), name="playbook_text_once")]

    def __str__(self) -> str:
        return f"{self.kind}, {self.language}"


class StepTick(models.Model):
    """A step of the checklist that a colleague did on one request."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="ticks")
    number = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("request", "number"), name="step_ticked_once")]

    def __str__(self) -> str:
        return f"step {self.number}"


class Approval(models.Model):
    """An extra approval of one proposal, before the one that sets the work going."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(help_text="Of which proposal.")
    fingerprint = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("request", "by", "proposed_at"), name="approves_a_proposal_once")
        ]

    def __str__(self) -> str:
        return f"{self.by_id} approved {self.request_id}"
