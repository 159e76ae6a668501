"""The local mailbox as pages: the letters of a demo without a mail server, for a browser on this very machine.

Shown only when DEMO is on, no mail server is set, and the caller is on the loopback with no proxy in between; else 404, for
these letters hold one-time links. Letters are read from the folder each time; nothing of them is kept.
"""

import email
import email.policy
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

MOST = 100
NAME = re.compile(r"^\d{1,20}-[0-9a-f]{8}$")
PROXIED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@dataclass(frozen=True)
class Seen:
    """One letter as it is shown."""

    name: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str


def local_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """404 for everybody but a browser on this machine, and everywhere but in a demo."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: str) -> HttpResponse:
        if not settings.DEMO or settings.EMAIL_URL or not _loopback(request):
            raise Http404
        return view(request, **kwargs)

    return guarded


@require_safe
@local_only
def letters(request: HttpRequest) -> HttpResponse:
    """All letters, the newest first."""
    names = sorted((file.stem for file in settings.MAILBOX_DIR.glob("*.eml") if NAME.match(file.stem)), reverse=True)
    context = {"letters": [_read(name) for name in names[:MOST]], "more": len(names) > MOST}
    with timezone.override(settings.ESTABLISHMENT_TIME_ZONE):
        return render(request, "mailbox/list.html", context)


@require_safe
@local_only
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """One letter, with its links."""
    if not NAME.match(name) or not _file(name).is_file():
        raise Http404
    with timezone.override(settings.ESTABLISHMENT_TIME_ZONE):
        return render(request, "mailbox/letter.html", {"letter": _read(name)})


def _loopback(request: HttpRequest) -> bool:
    if any(header in request.META for header in PROXIED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _file(name: str) -> Path:
    return Path(settings.MAILBOX_DIR) / f"{name}.eml"


def _read(name: str) -> Seen:
    message = email.message_from_bytes(_file(name).read_bytes(), policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    return Seen(
        name=name,
        at=datetime.fromtimestamp(int(name.partition("-")[0]) / 1e9, tz=UTC),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=str(body.get_content()) if body is not None else "",
    )


app_name = "mailbox"
urlpatterns = [
    path("", letters, name="list"),
    path("<str:name>/", letter, name="letter"),
]
