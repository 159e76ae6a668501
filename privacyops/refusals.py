"""How the API says no."""

from typing import Any

from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from audit.refusal import Refused

# Refusals are 422 but for these: the call itself is malformed, not its meaning.
MALFORMED = ("idempotency_key_missing", "idempotency_key_shape")


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal in one shape: a code for programs, a sentence for people, the field at fault if one is.

    A domain refusal is 422, or 409 for a conflict; what the framework refuses keeps its status.
    """
    if isinstance(error, Refused):
        body = {"code": error.code, "message": error.message} | ({"field": error.field} if error.field else {})
        return Response(body, status=_status(error.code))
    if isinstance(error, Http404):
        return Response({"code": "not_found", "message": "There is no such thing here."}, status=404)
    response = exception_handler(error, context)
    if response is not None:
        response.data = _plain(error)
    return response


def _status(code: str) -> int:
    if code in MALFORMED:
        return status.HTTP_400_BAD_REQUEST
    return status.HTTP_409_CONFLICT if code.endswith("_conflict") else status.HTTP_422_UNPROCESSABLE_ENTITY


def _plain(error: Exception) -> dict[str, Any]:
    if isinstance(error, ValidationError):
        message = "Some of what you sent is missing or malformed. Mend the fields named here."
        return {"code": "malformed", "message": message, "fields": _fields(error.detail)}
    if isinstance(error, APIException):
        return {"code": str(error.get_codes()), "message": _sayable(error.detail)}
    return {"code": "permission_denied", "message": "You may not do this."}  # Django's own PermissionDenied


def _fields(detail: Any, place: str = "") -> dict[str, list[str]]:
    """Sentences by dotted field name, however deep the serializers nest."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            found |= _fields(inner, f"{place}.{name}" if place else str(name))
        return found
    return {place or "body": [_sayable(one) for one in detail]}


def _sayable(words: Any) -> str:
    """Half a character (a lone surrogate) that a caller sent and a sentence quotes cannot be written as UTF-8."""
    return str(words).encode("utf-8", "replace").decode()
