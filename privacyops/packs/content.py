"""The files of a pack. Tables as CSV, papers as PDF (tagged), events as JSON lines; each case in a folder of its own."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count
from django.utils import timezone

import law
from audit import sheet
from connectors import holds
from connectors.models import Finding, WorkOrder
from privacyops.packs import chain, masks
from privacyops.reports import facts, periods, sheets
from privacyops.reports.sheets import Table
from requests_app import laws, letters, pdf, reads, results, stationery
from requests_app.delivery.bag import Bag
from requests_app.models import Letter, Pack, Request
from subjects import registry

VERIFY = Path(__file__).with_name("verify.py")
README = Path(__file__).with_name("README.txt")
Heartbeat = Callable[[], None]


def write(
    target: BinaryIO, pack: Pack, requests: list[Request], *, period: "periods.Period | None", beat: Heartbeat
) -> None:
    """The whole ZIP. `beat` is called between cases, so that the worker keeps its lease."""
    bag = Bag(target, name(pack))
    for request in requests:
        beat()
        _case(bag, request, masks.of(request, pack.clear))
    if period is not None:
        tables = sheets.of_report(facts.read(period, now=timezone.now()))
        bag.put("data/report.csv", sheets.as_csv(tables))
        bag.put("data/report.pdf", sheets.as_pdf("Requests", f"{period.first} to {period.last}", tables))
    bag.put("data/cases.csv", _csv(_cases(requests)))
    _chain(bag, pack, requests, beat)
    bag.put("data/README.txt", README.read_text())
    bag.put("verify.py", VERIFY.read_text())
    bag.seal({"Source-Organization": settings.COMPANY_NAME, "Bagging-Date": f"{timezone.localdate()}"})


def name(pack: Pack) -> str:
    """The folder within the ZIP, and the file's name."""
    if pack.request is not None:
        return f"evidence-{pack.request.reference}"
    return f"evidence-{pack.first_on}-{pack.last_on}"


def _case(bag: Bag, request: Request, mask: masks.Mask) -> None:
    case = reads.case(request.pk)
    at = f"data/{request.reference}"
    tables = [
        _summary(case, mask),
        _clocks(case),
        _pauses(case, mask),
        _decisions(case, mask),
        _work(case),
        _told(case),
    ]
    tables += [_holds(case), _timeline(case)]
    for table in tables:
        bag.put(f"{at}/{table.title.lower().replace(' ', '-')}.csv", _csv(table))
    title = f"{request.reference}: {request.get_right_display()}"
    shown = "with personal data" if mask.clear else "personal data masked"
    bag.put(f"{at}/case.pdf", sheets.as_pdf(title, f"{timezone.localdate()}, {shown}", tables))
    for number, letter in enumerate(case.letters, 1):
        bag.put(f"{at}/letters/{number:02}-{letter.kind}.pdf", _letter(request, letter, mask))
    said = [(_at(one.written_at), one.author, mask.theirs(one.text)) for one in request.messages.order_by("written_at")]
    if said:
        bag.put(f"{at}/conversation.csv", _csv(Table("Conversation", ("Time", "Who", "Words"), said)))
    with bag.open(f"{at}/events.jsonl") as out:
        for event in chain.events([request]).iterator(chunk_size=500):
            out.write(f"{chain.line(event)}\n".encode())


def _chain(bag: Bag, pack: Pack, requests: list[Request], beat: Heartbeat) -> None:
    newest, digest = chain.newest()
    first = chain.events(requests).values_list("number", flat=True).first() or newest
    whole = newest - first < chain.LONGEST_CHAIN
    if whole:
        with bag.open("data/chain.csv") as out:
            for number, line in enumerate(chain.digests(max(1, first - 1), newest)):
                out.write(line.encode())
                if number % 50_000 == 0:
                    beat()
    about = {
        "pack": str(pack.pk), "made_at": timezone.now().isoformat(), "company": settings.COMPANY_NAME,
        "case": pack.request.reference if pack.request else None,
        "period": [str(pack.first_on), str(pack.last_on)] if pack.first_on else None,
        "cases": len(requests), "personal_data": "clear" if pack.clear else "masked",
        "chain": {"newest": newest, "digest": digest, "links": "chain.csv" if whole else "left out: too long"},
    }  # fmt: skip
    bag.put("data/pack.json", json.dumps(about, indent=2))


def _letter(request: Request, letter: Letter, mask: masks.Mask) -> bytes:
    sheet = stationery.Sheet(
        mask.text(letter.subject_line), mask.text(letter.body), letter.language, letter.statute, letter.template_version
    )
    on = timezone.localdate(letter.sent_at or letter.queued_at)
    addressee = mask.text(letters.addressee(letter))
    return pdf.made(sheet, reference=request.reference, residence=request.residence, on=on, name=addressee)


def _summary(case: reads.Case, mask: masks.Mask) -> Table:
    one = case.request
    known = ", ".join(mask.text(value) for _, values in _known(one) for value in values)
    denied = laws.denial(one) if one.denial_ground else {}
    rows = [
        ("Right", one.get_right_display()),
        ("Person", known),
        ("Received", f"{_at(one.received_at)}, {one.get_channel_display()}"),
        ("Lives in", one.residence),
        ("Who asked", one.get_asked_by_display()),
        ("Laws, strictest first", ", ".join(f"{_law(row['statute'])} ({row['version'][:12]})" for row in one.laws)),
        ("Identity proved", _at(one.proved_at) or ("not needed" if not case.plan.needs_proof else "not yet")),
        ("State", one.get_state_display()),
        ("Outcome", one.get_outcome_display() if one.outcome else ""),
        ("Proposed by", f"{_who(one.proposed_by)} {_at(one.proposed_at)}".strip()),
        ("Approved by", f"{_who(one.approved_by)} {_at(one.approved_at)}".strip()),
        ("Decided by", _who(one.decided_by)),
        ("Denied", f"{denied['sentence']} ({denied['cite']})" if denied else ""),
        ("Words of the denial", mask.text(one.denial_note)),
        ("The person's words", mask.theirs(one.details)),
        ("Closed", _at(one.closed_at)),
    ]
    return Table("Case", ("", "What"), [row for row in rows if row[1]], words=True)


def _known(request: Request) -> Iterable[tuple[str, list[str]]]:
    return registry.values(request.subject_id).items()


def _clocks(case: reads.Case) -> Table:
    columns = ("Clock", "Law", "Section", "Counted from", "Due", "Extended", "Met", "Missed", "How it was counted")
    rows = [
        (one.get_kind_display(), _law(one.statute), one.cite, str(one.start_on), str(one.due_on), _at(one.extended_at),
         _at(one.met_at), _at(one.breached_at), " ".join(one.steps))
        for one in case.clocks
    ]  # fmt: skip
    return Table("Clocks", columns, rows, words=True)


def _pauses(case: reads.Case, mask: masks.Mask) -> Table:
    columns = ("About", "Asked", "By", "Question", "Answered")
    rows = [
        (one.get_reason_display(), _at(one.asked_at), _who(one.asked_by), mask.text(one.question), _at(one.answered_at))
        for one in case.pauses
    ]
    return Table("Pauses", columns, rows, words=True)


def _decisions(case: reads.Case, mask: masks.Mask) -> Table:
    columns = ("What", "System", "Rows", "Found by", "Decision", "Ground", "Outcome")
    rows = [_finding(case.request, one, mask) for one in case.findings]
    return Table("Decisions", columns, rows, words=True)


def _finding(request: Request, one: Finding, mask: masks.Mask) -> tuple[str, ...]:
    ground = results.ground(request, one.ground) if one.ground else ""
    note = f"{ground}: {mask.text(one.ground_note)}" if one.ground_note else ground
    done = one.outcome.get("rows")
    spared = one.outcome.get("spared")
    outcome = f"{done} done" + (f", {spared} spared" if spared else "") if done is not None else ""
    decision = "kept" if one.decision == Finding.Decision.KEEP else one.action or "included"
    return one.title, one.system.name, str(one.rows), f"{one.collection}.{one.via}", decision, note, outcome


def _work(case: reads.Case) -> Table:
    columns = ("Work", "System", "State", "Rows planned", "Rows done", "Receipts", "Began", "Ended", "Reason")
    counts = dict(_receipts(case.orders))
    rows = [
        (one.get_operation_display(), one.system.name, one.get_state_display(), str(one.rows_planned), str(one.rows_done),
         str(counts.get(one.pk, 0)), _at(one.started_at), _at(one.finished_at), one.park_reason)
        for one in case.orders
    ]  # fmt: skip
    return Table("Work", columns, rows, words=True)


def _receipts(orders: list[WorkOrder]) -> Iterator[tuple[object, int]]:
    rows = WorkOrder.objects.filter(pk__in=[one.pk for one in orders]).annotate(many=Count("receipts"))
    yield from rows.values_list("pk", "many")


def _told(case: reads.Case) -> Table:
    rows = [
        (
            one.recipient.name,
            one.get_kind_display(),
            one.get_state_display(),
            _at(one.sent_at),
            _at(one.acknowledged_at),
        )
        for one in case.notices
    ]
    return Table("Recipients told", ("Recipient", "What", "State", "Sent", "Acknowledged"), rows, words=True)


def _holds(case: reads.Case) -> Table:
    rows = [(_at(one.placed_at), _who(one.placed_by), holds.covers(one), str(one.review_on)) for one in case.holds]
    return Table("Legal holds", ("Placed", "By", "Covers", "To be looked at again"), rows, words=True)


def _timeline(case: reads.Case) -> Table:
    names = {f"staff:{one.pk}": one.get_username() for one in User.objects.all()}
    rows = [(_at(one.at), one.label, names.get(one.actor, one.actor.partition(":")[0])) for one in case.timeline]
    return Table("Timeline", ("Time", "What happened", "Who"), rows, words=True)


def _cases(requests: list[Request]) -> Table:
    columns = ("Reference", "Right", "Received", "State", "Outcome", "Closed")
    rows = [
        (one.reference, one.get_right_display(), _at(one.received_at), one.get_state_display(),
         one.get_outcome_display() if one.outcome else "", _at(one.closed_at))
        for one in requests
    ]  # fmt: skip
    return Table("Cases", columns, rows, words=True)


def _csv(table: Table) -> str:
    return sheet.lines([table.columns, *table.rows])


def _law(statute: str) -> str:
    return settings.COMPANY_NAME if statute == "company" else law.statute(statute).short_name


def _who(user: User | None) -> str:
    return (user.get_full_name() or user.get_username()) if user else ""


def _at(moment: "datetime | date | None") -> str:
    if isinstance(moment, datetime):
        return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
    return str(moment or "")
