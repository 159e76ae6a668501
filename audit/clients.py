"""API clients: keys are shown once and kept as a hash."""

import hashlib
import secrets

from django.utils import timezone

from audit import log
from audit.actor import Actor
from audit.models import ApiClient


def hashed(key: str) -> str:
    """SHA-256 of a key with 256 random bits: no salt or stretching is needed for such a secret."""
    return hashlib.sha256(key.encode()).hexdigest()


def create(name: str, scopes: list[str], *, actor: Actor) -> tuple[ApiClient, str]:
    """A new client and its key, which is shown this once."""
    key = f"po_{secrets.token_urlsafe(32)}"
    with log.atomic():
        client = ApiClient.objects.create(name=name, key_hash=hashed(key), scopes=scopes)
        log.record("client.created", actor=actor, noun=client, scopes=scopes)
    return client, key


def keyholder(name: str) -> ApiClient:
    """The client that the idempotency keys belong to of what no program sends; nobody can call with it."""
    unknown = hashed(secrets.token_urlsafe(32))
    return ApiClient.objects.get_or_create(name=name, defaults={"key_hash": unknown, "active": False})[0]


def find(key: str) -> ApiClient | None:
    """The active client with this key."""
    found = ApiClient.objects.filter(key_hash=hashed(key), active=True).first()
    if found is not None:
        ApiClient.objects.filter(pk=found.pk).update(last_used_at=timezone.now())
    return found


def switch(client: ApiClient, *, active: bool, actor: Actor) -> None:
    """Let a client's key work, or not."""
    with log.atomic():
        ApiClient.objects.filter(pk=client.pk).update(active=active)
        log.record("client.switched", actor=actor, noun=client, active=active)
