"""Errors as pages that say what to do next, and as JSON for programs; they never show what was sent."""

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

# What a program is told: code and sentence.
SPOKEN = {
    400: ("malformed", "The call could not be read."),
    403: ("permission_denied", "You may not do this."),
    404: ("not_found", "There is no such thing here."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", "The body is larger than 1 MiB, or has too many parts. Send it in parts."),
    500: ("error", "Something broke on our side, and has been noted. Try again in a few minutes."),
    503: ("unavailable", "We are away for a moment. Send the same call again."),
}


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is gone or wrong."""
    return render(request, "errors/csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that we cannot read, or (413) that is too large."""
    large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    return _answer(request, 413 if large else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Not for this visitor."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing here."""
    return _answer(request, 404)


def not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """405: this address does not take the method."""
    response = _answer(request, 405)
    response["Allow"] = allowed
    return response


def locked_out(request: HttpRequest, original_response: Any = None, credentials: Any = None) -> HttpResponse:
    """429: too many wrong passwords. Says nothing about the account."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    response = render(request, "errors/429.html", {"minutes": -(-seconds // 60)}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """500; 503 with Retry-After while the database is away, for then sending again helps."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        request.without_database = True  # type: ignore[attr-defined]
        response = _answer(request, 503)
        response["Retry-After"] = "30"
        return response
    return _answer(request, 500)


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        code, message = SPOKEN[status]
        return JsonResponse({"code": code, "message": message}, status=status)
    return render(request, f"errors/{status}.html", status=status)
