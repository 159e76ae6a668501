"""A file of recipients is brought in: all of it, or nothing, with every fault by line and column.

A column that is not there leaves what there is; an empty cell empties. Recipients that the file does not name stay as they
are. Bringing the same file in twice changes nothing the second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit import log, sheet
from audit.actor import Actor
from audit.refusal import Refused
from disclosures.models import Grant, Recipient, Transfer
from disclosures.register import cells
from inventory.models import DataCategory, Purpose

MOST_LINES, MOST_FAULTS, LONGEST_CELL = 5_000, 200, 20_000
RELATED = ("categories", "grants__category", "grants__purpose", "transfers")


@dataclass
class Brought:
    """What a file holds: keys that are new, that change, and how many lines say what is there already."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0
    written: bool = False


@dataclass
class _Line:
    """One recipient as the file has it."""

    row: Recipient
    new: bool
    changed: list[str]
    related: dict[str, Any]


def export() -> str:
    """The register as CSV, by key."""
    rows = Recipient.objects.select_related("owner").prefetch_related(*RELATED).order_by("key")
    return sheet.lines([cells.COLUMNS, *map(cells.written, rows)])


def bring(text: str, *, actor: Actor, check: bool) -> Brought:
    """Check a file and, unless that was all, write it. Raises Refused with every fault, one in a line; then none is written."""
    with log.atomic():
        lines = _Table().read(text)
        done = Brought(written=not check)
        for one in lines:
            if one.new:
                done.new.append(one.row.key)
            elif one.changed:
                done.changed.append(one.row.key)
            else:
                done.same += 1
            if not check and (one.new or one.changed):
                _write(one, actor)
    return done


def _write(line: _Line, actor: Actor) -> None:
    row, related = line.row, line.related
    row.save()
    if "grants" in related:
        row.grants.all().delete()
        Grant.objects.bulk_create(
            Grant(recipient=row, category_id=one, purpose_id=two) for one, two in related["grants"]
        )
    if "categories" in related:
        row.categories.set(related["categories"])
    if "grants" in related:  # what is granted is what they get
        row.categories.add(*{one for one, _ in related["grants"]})
    if "transfers" in related:
        row.transfers.filter(ended_on=None).exclude(country__in=related["transfers"]).update(
            ended_on=timezone.localdate()
        )
        for country, values in related["transfers"].items():
            Transfer.objects.update_or_create(recipient=row, country=country, defaults={**values, "ended_on": None})
    log.record("recipient.imported", actor=actor, noun=row, new=line.new, fields=line.changed)


class _Table:
    """A file being read, with all that its cells may refer to."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        rows = Recipient.objects.select_related("owner").prefetch_related(*RELATED)
        self.held = {one.key: one for one in rows}
        self.categories = dict(DataCategory.objects.values_list("key", "pk"))
        self.purposes = dict(Purpose.objects.values_list("key", "pk"))
        self.people = {one.get_username(): one for one in User.objects.filter(is_staff=True, is_active=True)}
        self.seen: dict[str, int] = {}

    def read(self, text: str) -> list[_Line]:
        rows = list(sheet.table(text, check=_columns, wrong=_wrong, longest=LONGEST_CELL))
        if len(rows) > MOST_LINES:
            raise Refused(f"At most {MOST_LINES:,} recipients at a time.", code="too_long")
        stripped = [(number, {name: cell.strip() for name, cell in row.items()}) for number, row in rows]
        lines = [found for number, row in stripped if (found := self.line(number, row)) is not None]
        if self.faults:
            more = len(self.faults) - MOST_FAULTS
            shown = [*self.faults[:MOST_FAULTS], *([f"and {more} more."] if more > 0 else [])]
            raise Refused("\n".join(shown), code="lines_refused")
        if not lines:
            raise Refused("There is no recipient in this file.", code="lines_refused")
        return lines

    def line(self, number: int, given: Mapping[str, str]) -> _Line | None:
        before, key = len(self.faults), given["key"]
        if not key:
            self.fault(number, "key", "every recipient has one.")
            return None
        if key in self.seen:
            self.fault(number, "key", f"“{key[:60]}” stands in line {self.seen[key]} already.")
            return None
        self.seen[key] = number
        held = self.held.get(key)
        row = held or Recipient(key=key)
        changed, related = self.fields(number, row, given), self.related(number, given)
        self.sound(number, row, {name for name in given if name in cells.FIELDS})
        if len(self.faults) > before:
            return None
        was = _related(held) if held else {}
        if held and "grants" in related and "categories" not in related:
            related["categories"] = was["categories"]
        if "categories" in related:
            related["categories"] |= {one for one, _ in related.get("grants", was.get("grants", ()))}
        changed += [name for name, value in related.items() if was.get(name) != value]
        return _Line(row, held is None, sorted(changed), related)

    def fields(self, number: int, row: Recipient, given: Mapping[str, str]) -> list[str]:
        """Set what the line says; the names of what differs."""
        changed = []
        for name in cells.FIELDS:
            if name not in given or name == "key" or (row.pk is None and not given[name] and name not in cells.TEXTS):
                continue  # a new one has what the model gives it
            try:
                value = cells.field(name, given[name])
            except cells.Wrong as error:
                self.fault(number, name, str(error))
                continue
            if getattr(row, name) != value:
                setattr(row, name, value)
                changed.append(name)
        if "owner" in given and given["owner"] != (row.owner.get_username() if row.owner else ""):
            if given["owner"] and given["owner"] not in self.people:
                self.fault(number, "owner", "there is no colleague with this user name.")
            else:
                row.owner = self.people.get(given["owner"])
                changed.append("owner")
        return changed

    def related(self, number: int, given: Mapping[str, str]) -> dict[str, Any]:
        readers = {
            "categories": lambda cell: cells.listed(cell, self.categories, "category"),
            "grants": lambda cell: cells.granted(cell, self.categories, self.purposes),
            "transfers": cells.transferred,
        }
        found = {}
        for name, read in readers.items():
            if name in given:
                try:
                    found[name] = read(given[name])
                except cells.Wrong as error:
                    self.fault(number, name, str(error))
        return found

    def sound(self, number: int, row: Recipient, columns: set[str]) -> None:
        """What the model itself refuses: lengths, choices, an address, what may not be together."""
        try:
            row.full_clean(exclude=["owner"], validate_unique=False)
        except ValidationError as error:
            told = {one.split(":")[0] for one in self.faults if one.startswith(f"Line {number}, ")}
            for name, words in error.message_dict.items():
                where = name if name in cells.COLUMNS else "the line"
                if f"Line {number}, {where}" not in told:
                    self.fault(number, where, _plainly(name, words, columns))

    def fault(self, number: int, column: str, words: str) -> None:
        self.faults.append(f"Line {number}, {column}: {words}")


def _plainly(name: str, words: list[str], columns: set[str]) -> str:
    if name == "__all__":
        return words[0]
    if name not in columns:
        return "a new recipient needs this column."
    return f"{words[0][0].lower()}{words[0][1:]}"


def _related(row: Recipient) -> dict[str, Any]:
    return {
        "categories": {one.pk for one in row.categories.all()},
        "grants": {(one.category_id, one.purpose_id) for one in row.grants.all()},
        "transfers": {
            one.country: {"basis": one.basis, "assessed_on": one.assessed_on, "certified_until": one.certified_until,
                          "derogation": one.derogation, "assessment": one.assessment}
            for one in row.transfers.all() if one.ended_on is None
        },
    }  # fmt: skip


def _wrong(line: int, words: str) -> Refused:
    return Refused(f"Line {line}: {words}", code="lines_refused")


def _columns(columns: list[str]) -> None:
    unknown = [one[:40] for one in columns if one not in cells.COLUMNS]
    if "key" not in columns or unknown or len(set(columns)) != len(columns):
        what = f"There is no column {', '.join(unknown)}." if unknown else "Each column once, and “key” among them."
        raise Refused(f"Line 1: {what} The columns are {', '.join(cells.COLUMNS)}.", code="lines_refused")
