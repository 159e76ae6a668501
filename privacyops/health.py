"""Whether we live and whether we can work; for load balancers and monitoring. No personal data, no secrets."""

import hmac
import ipaddress
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.models import SweepRun
from connectors.models import WorkOrder
from requests_app import limits
from requests_app.models import Letter, Request

SILENT_AFTER = timedelta(minutes=5)


def _may_count(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXIES:
        return False  # through a proxy that we were not told of: it may be anybody
    try:
        return ipaddress.ip_network(limits.network(request)).is_private
    except ValueError:
        return False


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers, and the scheduler did something in the last minutes."""
    try:
        connection.ensure_connection()
        last = SweepRun.objects.aggregate(last=Max("started_at"))["last"]
    except (DatabaseError, InterfaceError):
        return JsonResponse({"database": "down"}, status=503)
    beating = last is not None and last > timezone.now() - SILENT_AFTER
    return JsonResponse({"database": "up", "scheduler": "up" if beating else "silent"}, status=200 if beating else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts in the Prometheus text format: for the token of METRICS_TOKEN, or without one for our own network only."""
    if not _may_count(request):
        raise Http404
    now = timezone.now()
    running = Request.objects.exclude(state="closed")
    last = SweepRun.objects.aggregate(last=Max("started_at"))["last"]
    values = {
        "requests_open": ("Requests that are not closed", running.count()),
        "requests_overdue": ("Open requests past their day", running.filter(due_at__lte=now).count()),
        "orders_parked": ("Work that waits for a person", WorkOrder.objects.filter(state="parked").count()),
        "forms_flood": ("Forms of the minute that last was a flood; 0: there is none", limits.flood()),
        "letters_queued": ("Letters to be sent", Letter.objects.filter(state="queued").count()),
        "sweep_age_seconds": (
            "Since the last sweep began; -1: never",
            int((now - last).total_seconds()) if last else -1,
        ),
    }
    text = "".join(
        f"# HELP privacyops_{name} {words}\n# TYPE privacyops_{name} gauge\nprivacyops_{name} {value}\n"
        for name, (words, value) in values.items()
    )
    return HttpResponse(text, content_type="text/plain; version=0.0.4")
