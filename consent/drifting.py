"""The drift of every notice in force: read now, or as the sweep kept it for the desk's numbers."""

from datetime import datetime

from audit import log
from consent import naming, notices
from consent.models import Drift, NoticeVersion


def read(now: datetime) -> list[tuple[NoticeVersion, list[naming.Line]]]:
    """Each version in force with its drift. A fixed number of queries."""
    have = naming.things()
    return [(one, naming.drift(one, have)) for one in notices.in_force(now)]


def refresh(now: datetime) -> int:
    """Bring the kept rows in line with what is; how many were added or removed."""
    wanted = {(one.pk, line.kind, line.key): line.what for one, lines in read(now) for line in lines}
    rows = {(row.version_id, row.kind, row.key): row for row in Drift.objects.all()}
    gone = [row.pk for place, row in rows.items() if wanted.get(place) != row.what]
    new = [place for place, what in wanted.items() if place not in rows or rows[place].what != what]
    if not gone and not new:
        return 0
    with log.atomic():
        Drift.objects.filter(pk__in=gone).delete()
        made = [
            Drift(version_id=pk, kind=kind, key=key[:120], what=wanted[pk, kind, key], found_at=now)
            for pk, kind, key in new
        ]
        Drift.objects.bulk_create(made, ignore_conflicts=True)
    return len(gone) + len(new)
