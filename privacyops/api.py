"""Who may call the API.

Nothing here imports the framework's views: they import these classes (named in settings) while they are being loaded.
"""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from audit import clients
from audit.models import ApiClient


class Caller:
    """What a view sees as `request.user`: an API client with its scopes."""

    is_authenticated = True
    is_staff = False

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self.pk = f"client-{client.pk}"
        self.seen_at = timezone.now()


class ClientKey(BaseAuthentication):
    """`Authorization: Bearer po_...`."""

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            return None
        client = clients.find(key.strip())
        if client is None:
            raise AuthenticationFailed("This API key is unknown or switched off. Ask your privacy team for a new one.")
        return Caller(client), "bearer"

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="PrivacyOps API"'


class Json(JSONParser):
    """JSON; a body nested deeper than Python recurses is malformed like any other nonsense, not an error of ours."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


class HasScope(BasePermission):
    """The view names the scope that it needs per method: `scopes = {"POST": "consent:write"}`."""

    message = "This API key does not have the scope that this call needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Caller):
            return False
        needed = getattr(view, "scopes", {}).get(request.method)
        return needed is not None and needed in request.user.client.scopes
