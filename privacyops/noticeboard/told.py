"""The list of who was told which version when, as CSV: ids only, no names and no addresses."""

from collections.abc import Iterator
from uuid import UUID

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from audit import actor, log, sheet
from audit.accountable import colleague
from consent.models import Announcement, Told

HEAD = ("data_subject", "notice", "number", "language", "channel", "state", "told_at", "attempts", "trouble")


def told(site: AdminSite, request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """Streams the list of one announcement. Taking it out is an event."""
    by = colleague(request)
    if not by.has_perm("consent.view_announcement"):
        raise PermissionDenied
    row = get_object_or_404(Announcement.objects.select_related("version"), pk=pk)
    with log.atomic():
        log.record("notice.announcement_exported", actor=actor.staff(by.pk), noun=row)
    answer = StreamingHttpResponse(_lines(row), content_type="text/csv; charset=utf-8")
    name = f"told-{row.version.key}-{row.version.number}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(row: Announcement) -> Iterator[str]:
    yield sheet.line(HEAD)
    rows = Told.objects.filter(key=row.version.key, number=row.version.number).order_by("id")
    names = ("subject_id", "key", "number", "version__language", "channel", "state", "told_at", "attempts", "trouble")
    yield from map(sheet.line, rows.values_list(*names).iterator(chunk_size=2000))
