"""Many requests at once, from a file or a program. Each line is a row first; a worker makes requests of them, one by one.

A line has a key of its sender's choice: the same key again is the same line, so a file that is sent twice makes nothing twice.
A line that was refused may be mended and sent again under its key. Nothing is easier for a line than for the form: the
person is told, and proof, authority and limits are as anywhere.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

import law
from audit import actor as actors
from audit import log, sheet
from audit.bell import ring
from audit.models import ApiClient
from audit.refusal import Refused
from requests_app import askers, bells, intake
from requests_app.models import Agent, Line, Request, Upload
from requests_app.policy import DECIDE, WORK

COLUMNS = (
    "key", "right", "email", "name", "residence", "relation", "details", "channel", "received_on",
    "asked_by", "asker_name", "asker_email", "asker_organisation", "basis",
)  # fmt: skip
# Where a field of intake stands in a file under another name.
COLUMN_OF = {"received_at": "received_on", "changes": "right"}
NEEDED = ("key", "right", "email", "residence")
MOST_LINES, LARGEST_FILE, LONGEST_CELL, BATCH = 1000, 2_000_000, 4000, 50
SAMPLE = (
    ",".join(COLUMNS) + "\n"
    "2026-0001,access,ada@example.org,Ada Lovelace,DE,customer,My orders of last year,post,2026-11-20,,,,,\n"
    "2026-0002,opt_out_sale,bob@example.org,,US-CA,,,email,,agent,Eve Agent,eve@agents.example,Agents Ltd,permission\n"
)


@dataclass(frozen=True)
class Taken:
    """What was taken of one file or call."""

    upload: Upload
    new: int
    repeated: int


def read_csv(raw: bytes) -> list[dict[str, str]]:
    """The lines of a file as they stand. Raises Refused for what is no table with our columns."""
    rows = sheet.rows(sheet.text(raw, most=LARGEST_FILE))
    heads = sheet.columns(next(rows, (1, []))[1], needed=NEEDED, known=COLUMNS)
    found = [row for _, row in rows]
    if len(found) > MOST_LINES:
        raise Refused(f"At most {MOST_LINES:,} lines at once. Send it in parts.", code="lines_many", field="file")
    lines = [dict(zip(heads, row, strict=False)) | _beyond(heads, row) for row in found if row is not None]
    if len(lines) < len(found):
        raise Refused("This is no table that we can read. Save it as CSV.", code="file_shape", field="file")
    return lines


def _beyond(heads: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {"too_many": "yes"} if any(cell.strip() for cell in row[len(heads) :]) else {}


def take(
    lines: Sequence[Mapping[str, str]], *, by: User | None = None, client: ApiClient | None = None, name: str = ""
) -> Taken:
    """Keep every line as a row and ask a worker to go on; nothing is decided yet. Raises Refused for the whole."""
    if by is not None and not (by.has_perm(f"requests_app.{WORK}") or by.has_perm(f"requests_app.{DECIDE}")):
        raise Refused("Your role may not enter requests.", code="not_allowed")
    if not lines or len(lines) > MOST_LINES:
        raise Refused(f"Send between 1 and {MOST_LINES:,} lines.", code="lines_many", field="lines")
    if client is not None:
        agent_of(client)
    who = actors.client(client.pk) if client is not None else actors.staff(by.pk if by else 0)
    source = f"client-{client.pk}" if client is not None else "desk"
    with log.atomic():
        upload = Upload.objects.create(by=by, client=client, name=name[:120])
        new = sum(_keep(upload, number, source, line) for number, line in enumerate(lines, start=1))
        log.record("bulk.uploaded", actor=who, noun=upload, lines=len(lines), new=new)
        ring(bells.process_upload, upload.pk)
    return Taken(upload, new, len(lines) - new)


def agent_of(client: ApiClient) -> Agent | None:
    """The agent that this key belongs to, if it is one's. Raises Refused when what we agreed with them has ended."""
    agent = Agent.objects.filter(client=client).first()
    if agent is not None and not askers.valid_agents().filter(pk=agent.pk).exists():
        words = "What we agreed with this agent has ended or is suspended. Ask the privacy team."
        raise Refused(words, code="mandate_ended")
    return agent


def _keep(upload: Upload, number: int, source: str, line: Mapping[str, str]) -> bool:
    """One line as a row; False for a repeat of one that is there. A refused line under the same key is taken anew."""
    given = {name: str(value).strip()[: LONGEST_CELL + 1] for name, value in line.items() if str(value).strip()}
    key = given.pop("key", "")
    values: dict[str, Any] = {"upload": upload, "number": number, "given": given, "digest": _digest(given)}
    wrong = (
        "" if 0 < len(key) <= 80 and key.isprintable() else "Give each line a key of its own, of at most 80 characters."
    )
    known = Line.objects.select_for_update().filter(source=source, key=key).first() if not wrong else None
    if known is not None and known.state == Line.State.FAILED:
        again = {"state": Line.State.WAITING, "error": "", "field": "", "done_at": None}
        for name, value in (values | again).items():
            setattr(known, name, value)
        known.save(update_fields=[*values, *again])
        return True
    if known is not None and known.digest == values["digest"]:
        return False
    if known is not None:
        wrong = "Another line was sent under this key before. Give this one a key of its own."
    if wrong:
        apart = f"{upload.pk.hex[:12]}-{number}"  # so that it is told, and takes nobody's key
        values |= {"state": Line.State.FAILED, "error": wrong, "field": "key", "given": None, "done_at": timezone.now()}
        Line.objects.create(source=source, key=apart, **values)
        return True
    Line.objects.create(source=source, key=key, **values)
    return True


def process(upload_id: UUID) -> int:
    """Make requests of some waiting lines of an upload, and ring for the rest; how many were done. Safe to run twice."""
    waiting = Line.objects.filter(upload=upload_id, state=Line.State.WAITING).order_by("number")
    lines = list(waiting.select_related("upload__by", "upload__client")[:BATCH])
    for line in lines:
        _make(line)
    if len(lines) == BATCH:
        ring(bells.process_upload, upload_id)
    return len(lines)


def unfinished() -> list[UUID]:
    """Uploads with lines that wait."""
    rows = Upload.objects.filter(lines__state=Line.State.WAITING).order_by("created_at").distinct()
    return list(rows.values_list("pk", flat=True)[:20])


def _make(line: Line) -> None:
    """One request of one line; the nonce makes a second run give the same request."""
    changes: dict[str, Any]
    upload, now = line.upload, timezone.now()
    try:
        agent = agent_of(upload.client) if upload.client is not None else None
        who = actors.client(upload.client.pk) if upload.client else actors.staff(upload.by_id or 0)
        request = intake.submit(_submission(line, agent), now=now, actor=who, agent=agent)
        changes = {"state": Line.State.DONE, "request": request}
    except Refused as refused:
        field = COLUMN_OF.get(refused.field or "", refused.field or "")
        changes = {"state": Line.State.FAILED, "error": refused.message[:300], "field": field[:40]}
    Line.objects.filter(pk=line.pk, state=Line.State.WAITING).update(**changes, given=None, done_at=now)


def _submission(line: Line, agent: Agent | None) -> intake.Submission:
    given: dict[str, str] = line.given or {}
    if "too_many" in given:
        raise Refused("This line has more cells than the first line has columns.", code="cells", field="")
    for name, value in given.items():
        if len(value) > LONGEST_CELL:
            raise Refused(f"{name}: at most {LONGEST_CELL:,} characters.", code="cell_long", field=name)
    nonce = hashlib.sha256(f"bulk {line.source} {line.key}".encode()).hexdigest()
    by_program = line.upload.client_id is not None
    return intake.Submission(
        right=given.get("right", ""),
        email=given.get("email", ""),
        name=given.get("name", ""),
        residence=given.get("residence", "").upper(),
        details=given.get("details", ""),
        relation=given.get("relation", ""),
        channel=Request.Channel.API if by_program else given.get("channel", Request.Channel.EMAIL),
        received_at=_received(given.get("received_on", "")),
        asker=_asker(given, agent),
        nonce=nonce,
    )


def _asker(given: Mapping[str, str], agent: Agent | None) -> askers.Given | None:
    by = given.get("asked_by", law.AGENT if agent is not None else law.SELF)
    if agent is not None and by != law.AGENT:
        raise Refused("With an agent's key only this agent asks: leave the column empty.", code="by", field="asked_by")
    if by == law.SELF:
        return None
    known = (agent.name, agent.contact, agent.organisation) if agent is not None else ("", "", "")
    return askers.Given(
        kind=by,
        name=known[0] or given.get("asker_name", ""),
        email=known[1] or given.get("asker_email", ""),
        organisation=known[2] or given.get("asker_organisation", ""),
        basis=given.get("basis", ""),
    )


def _received(text: str) -> datetime | None:
    """The day of receipt, at noon where the company is; None for today."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise Refused("Write the day as 2026-11-27.", code="received_shape", field="received_on") from error
    at = datetime.combine(day, time(12), ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    return min(at, timezone.now()) if day == timezone.now().astimezone(at.tzinfo).date() else at


def _digest(given: Mapping[str, str]) -> str:
    text = json.dumps(given, sort_keys=True)
    return hmac.new(settings.INDEX_KEY.encode(), b"privacyops bulk v1 " + text.encode(), hashlib.sha256).hexdigest()
