"""The OpenAPI description of our API, as JSON, for staff and for API clients."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from privacyops.api import Caller, ClientKey


class ClientKeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes `ClientKey`."""

    target_class = ClientKey
    name = "clientKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The API key that your privacy team gave you."}


class StaffOrClient(BasePermission):
    """Signed in at the staff desk, or any API client."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, Caller) or bool(request.user.is_authenticated and request.user.is_staff)


class Schema(SpectacularAPIView):
    """The OpenAPI description of this API, as JSON."""

    authentication_classes = [ClientKey, SessionAuthentication]
    permission_classes = [StaffOrClient]
    renderer_classes = [OpenApiJsonRenderer]
