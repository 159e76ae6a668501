"""The register of cookies: written by hand, from CSV, or out of what the banner saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from audit import actor as actors
from audit import log, sheet
from audit.refusal import Refused
from consent.banner import seeing
from consent.models import Cookie, SeenCookie, Site
from inventory.models import Purpose

COLUMNS = ("site", "name", "provider", "purpose", "days", "party")
MOST_LINES, MOST_BYTES, LONGEST_DAYS = 5_000, 1_000_000, 36_500


@dataclass(frozen=True)
class Load:
    """What a file did: rows that are new, rows that were changed, and what was wrong, by line."""

    added: int = 0
    changed: int = 0
    faults: list[str] = field(default_factory=list)


def of(site: Site) -> QuerySet[Cookie]:
    """The register of one site, with purposes. One query."""
    return Cookie.objects.filter(site=site).select_related("purpose").order_by("purpose__name", "name")


def unregistered() -> QuerySet[SeenCookie]:
    """Names that were seen and that nobody has decided on."""
    return SeenCookie.objects.filter(state=SeenCookie.State.OPEN)


def register(seen: SeenCookie, *, purpose: str, provider: str, days: str, party: str, by: User) -> Cookie:
    """Take a name that was seen into the register. Raises Refused for what is missing or wrong, and if it was decided."""
    line = {"name": seen.name, "provider": provider, "purpose": purpose, "days": days, "party": party}
    values = _values(line, {one.key: one for one in Purpose.objects.filter(key=purpose)})
    with log.atomic():
        _open(seen)
        row, _ = Cookie.objects.update_or_create(
            site_id=seen.site_id, name=seen.name, defaults={**values, "source": Cookie.Source.SEEN}
        )
        _settle(seen, SeenCookie.State.REGISTERED)
        log.record("cookie.registered", actor=actors.staff(by.pk), noun=row, site=seen.site.key, seen=seen.pk)
    return row


def ignore(seen: SeenCookie, *, by: User) -> None:
    """The name is none of ours: a visitor's extension, another site on the domain. Raises Refused if it is decided already."""
    with log.atomic():
        _open(seen)
        _settle(seen, SeenCookie.State.IGNORED)
        log.record("cookie.ignored", actor=actors.staff(by.pk), noun=seen, site=seen.site.key)


def settle_covered(site_id: int) -> int:
    """Names that the register covers by now are decided; how many. For after a row was added or changed by hand."""
    patterns = list(Cookie.objects.filter(site=site_id).values_list("name", flat=True))
    rows = unregistered().filter(site=site_id)
    covered = [one.pk for one in rows if seeing.matches(one.name, patterns)]
    return SeenCookie.objects.filter(pk__in=covered).update(state=SeenCookie.State.REGISTERED)


def written(rows: Sequence[Cookie]) -> str:
    """The register as CSV, as `load` reads it."""
    cells = ((one.site.key, one.name, one.provider, one.purpose.key, one.days, one.party) for one in rows)
    return sheet.lines([COLUMNS, *cells])


def load(data: bytes, *, by: User) -> Load:
    """Bring a CSV file in: new rows are added, known ones (by site and name) changed, none is taken away.

    All or nothing: with any fault nothing is written, and each is named with its line. Raises Refused for what is no such file.
    """
    lines = _lines(data)
    sites = {one.key: one for one in Site.objects.all()}
    purposes = {one.key: one for one in Purpose.objects.all()}
    held = {(one.site_id, one.name): one for one in Cookie.objects.all()}
    rows: dict[tuple[int, str], Cookie] = {}
    faults = []
    for number, line in lines:
        try:
            site = sites.get(line["site"])
            if site is None:
                raise Refused(f"there is no site “{line['site']}”")
            values = _values(line, purposes)
            key = (site.pk, values["name"])
            if key in rows:
                raise Refused(f"“{line['name']}” stands in the file twice")
            row = held.get(key) or Cookie(site=site, source=Cookie.Source.CSV)
            for name, value in values.items():
                setattr(row, name, value)
            rows[key] = row
        except Refused as error:
            faults.append(f"Line {number}: {error.message}.")
    if faults:
        return Load(faults=faults)
    return _write(rows, held, by)


def _write(rows: Mapping[tuple[int, str], Cookie], held: Mapping[tuple[int, str], Cookie], by: User) -> Load:
    new = [row for key, row in rows.items() if key not in held]
    old = [row for key, row in rows.items() if key in held]
    with log.atomic():
        Cookie.objects.bulk_create(new)
        Cookie.objects.bulk_update(old, ["provider", "purpose", "days", "party"])
        for site_id in {key[0] for key in rows}:
            settle_covered(site_id)
        for site in Site.objects.filter(pk__in={key[0] for key in rows}):
            log.record("cookie.loaded", actor=actors.staff(by.pk), noun=site, added=len(new), changed=len(old))
    return Load(len(new), len(old))


def _lines(data: bytes) -> list[tuple[int, dict[str, str]]]:
    rows = sheet.table(sheet.text(data, most=MOST_BYTES), check=_columns, wrong=_wrong)
    found = [(number, {name: cell.strip() for name, cell in line.items()}) for number, line in rows]
    if len(found) > MOST_LINES:
        raise Refused(f"The file has more than {MOST_LINES} lines.", code="too_large", field="file")
    return found


def _columns(found: list[str]) -> None:
    sheet.columns(found, needed=COLUMNS, known=COLUMNS)


def _wrong(line: int, words: str) -> Refused:
    return Refused(f"Line {line}: {words}", code="not_csv", field="file")


def _values(line: Mapping[str, str], purposes: Mapping[str, Purpose]) -> dict[str, Any]:
    """The columns of a row. Raises Refused with what is wrong."""
    days = line["days"] or "0"
    if not seeing.NAME.match(line["name"]):
        raise Refused(f"“{line['name'][:40]}” is no name of a cookie", code="name", field="name")
    if not line["provider"] or len(line["provider"]) > 120:
        raise Refused("say in up to 120 characters who sets it", code="provider", field="provider")
    if line["purpose"] not in purposes:
        raise Refused(f"there is no purpose “{line['purpose'][:60]}”", code="unknown_purpose", field="purpose")
    if not days.isascii() or not days.isdigit() or int(days[:6]) > LONGEST_DAYS or len(days) > 5:
        raise Refused("write the days as a number, 0 for until the browser is closed", code="days", field="days")
    if line["party"] not in Cookie.Party:
        raise Refused("party is first or third", code="party", field="party")
    return {"name": line["name"], "provider": line["provider"], "purpose": purposes[line["purpose"]], "days": int(days),
            "party": line["party"]}  # fmt: skip


def _open(seen: SeenCookie) -> None:
    row = SeenCookie.objects.select_for_update().get(pk=seen.pk)
    if row.state != SeenCookie.State.OPEN:
        raise Refused("A colleague has decided this one already.", code="state_conflict")


def _settle(seen: SeenCookie, state: str) -> None:
    SeenCookie.objects.filter(pk=seen.pk).update(state=state)
    seen.state = state
