"""Nouns: the data subject and what identifies them."""

import uuid

from django.db import models

from subjects.fields import EncryptedTextField


class DataSubject(models.Model):
    """A person, known to every other room by this id only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("reveal_datasubject", "Can reveal masked identifiers")]

    def __str__(self) -> str:
        return f"Person {str(self.id)[:8]}"


class Identifier(models.Model):
    """One value that identifies a person: e-mail address, name, phone, customer number."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail address"
        NAME = "name", "Name"
        PHONE = "phone", "Phone number"
        ACCOUNT = "account_id", "Customer number"
        POST = "post", "Postal address"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=20, choices=Kind)
    value = EncryptedTextField(help_text="As the person wrote it; mail goes to exactly this.")
    blind_index = models.CharField(max_length=64, db_index=True, editable=False)
    proved_at = models.DateTimeField(null=True, blank=True, help_text="When the person showed control of it.")
    claimed = models.BooleanField(
        default=False, help_text="Somebody else said that it is theirs: nobody is found by it."
    )
    held_at = models.DateTimeField(
        null=True, blank=True, help_text="When one of our systems was seen to hold it as this person's."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("subject", "kind", "blind_index"), name="identifier_once_per_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.subject_id}"
