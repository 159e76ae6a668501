"""What the case page shows, worked out from `reads.case`: words and numbers for the template."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.timezone import localdate

import law
from audit.accountable import Input, Verb
from connectors.models import Finding, WorkOrder
from consent.models import Choice
from disclosures import notices
from disclosures.models import Recipient
from inventory.models import Collection
from requests_app import conversation, glance, halting, laws, reads, referrals, repeats, results, review, wording
from requests_app.admin import held, teamwork
from requests_app.admin.referring import VERBS
from requests_app.badges import badge
from requests_app.models import Pack, Referral, Request, State
from retention import anonymity, remaining
from subjects import identifiers

ACTIONS = {"delete": "Delete rows", "mask": "Erase personal fields, keep the row", "keep": "Keep the rows"}
DOES = {
    "export": "In the package", "correct": "Correct", "suppress": "Switch off", "restrict": "Restrict", "": "",
}  # fmt: skip
Fields = dict[str, str]


@dataclass(frozen=True)
class Button:
    """An action with its inputs, each with the value that it stands at; `open`: it was refused just now."""

    action: review.Action
    asks: list[tuple[review.Ask, str]]
    open: bool


@dataclass(frozen=True)
class Row:
    """One finding as the page shows it; `form` are the values of its form, `open`: it was refused just now."""

    finding: Finding
    action: str
    ground: str
    outcome: str
    held: list[str]
    may_change: bool
    inputs: tuple[Input, ...]
    form: Fields
    open: bool


@dataclass(frozen=True)
class Referred:
    """One referral as the page shows it: what became of it, and the buttons with what was typed into the refused one."""

    referral: Referral
    said: str
    assisted: str
    buttons: list[tuple[Verb, list[tuple[Input, str]], bool]]


@dataclass(frozen=True)
class Way:
    """One step of the request's way; `place` is done, now or ahead."""

    label: str
    place: str


@dataclass(frozen=True)
class Line:
    """One line of the preview: what will happen to how many rows."""

    words: str
    rows: int
    tone: str


def buttons(request: Request, user: User, given: Fields) -> list[Button]:
    """The next actions, with what was typed into the one that was refused."""
    made = []
    for action in review.actions(request, user):
        pressed = given.get("form") == action.name
        typed = given if pressed else {}
        values = [(ask, ask.value if ask.kind == "hidden" else typed.get(ask.name, ask.value)) for ask in action.fields]
        made.append(Button(action, values, pressed))
    return made


def findings(case: reads.Case, user: User, given: Fields) -> list[Row]:
    """Findings with their action and what became of them."""
    open_now = case.request.state == "in_review" and user.has_perm("requests_app.decide_request")
    keeping = held.keeping(case)
    return [_row(case, one, open_now, given, keeping) for one in case.findings]


def _row(case: reads.Case, one: Finding, open_now: bool, given: Fields, keeping: list[held.Keeping]) -> Row:
    pressed = given.get("form") == f"finding-{one.pk}"
    form = given if pressed else {"action": one.action, "ground": one.ground, "note": one.ground_note}
    if not pressed and one.decision != Finding.Decision.KEEP:
        form["ground"] = ""
    return Row(
        finding=one,
        action=_action(case, one),
        ground=results.ground(case.request, one.ground) if one.ground else "",
        outcome=_outcome(one),
        held=held.words(one, keeping),
        may_change=open_now,
        inputs=decision_inputs(case.request, one) if open_now else (),
        form=form,
        open=pressed,
    )


def decision_inputs(request: Request, one: Finding) -> tuple[Input, ...]:
    """What may be chosen for a finding. To keep on a ground is a choice of its own; "keep" as the inventory has it stays."""
    offered = [(code, words) for code, words in ACTIONS.items() if code != "keep" or one.action == "keep"]
    erases = request.plan.get("operation") == "erase"
    return (
        Input("action", "What happens to these rows", offered if erases else [("", "")], required=False),
        Input("ground", "Or keep them, because", grounds(request), required=False),
    )


def _action(case: reads.Case, one: Finding) -> str:
    if one.decision == Finding.Decision.KEEP:
        return "Kept"
    operation = case.plan.operation
    if operation == "erase":
        return ACTIONS[one.action]
    return DOES[operation]


def _outcome(one: Finding) -> str:
    if one.decision == Finding.Decision.KEEP or one.action == "keep":
        return f"{one.rows:,} kept" if one.outcome else ""
    if not one.outcome:
        return ""
    done = one.outcome.get("rows", 0)
    spared = one.outcome.get("spared", 0)
    for_what = ", because a legal hold protects them" if one.outcome.get("spared_for") == "legal_hold" else ""
    words = f"{done:,} done" + (f", {spared:,} spared{for_what}" if spared else "")
    fields = one.outcome.get("fields", {})
    if spared and "spared" in fields.values() and "erase" in fields.values():
        words += f"; erased in them: {', '.join(name for name, what in fields.items() if what == 'erase')}"
    moved = one.outcome.get("moved", 0)
    words += f", {moved:,} no longer this person's" if moved else ""
    kept = [f"{name} ({WHY.get(why, why)})" for name, why in one.outcome.get("why", {}).items()]
    left = [f"{name or 'rows'} ({count:,})" for name, count in one.outcome.get("left", {}).items()]
    called = anonymity.said(one.outcome.get("anonymity", {}))
    words += f"; what is left is {called}" if called else ""
    return words + (f"; kept: {', '.join(kept)}" if kept else "") + (f"; left: {', '.join(left)}" if left else "")


# Why a personal field of an erased row keeps its value, see connectors.masking.kept.
WHY = {"read_only": "read-only", "another_person": "another person's", "preserved": "by the description"}


def _referred(one: Referral, user: User, given: Fields) -> Referred:
    made = []
    for verb in VERBS:
        if user.has_perm(verb.permission) and verb.shown(one):
            pressed = given.get("form") == f"referral-{verb.name}-{one.pk}"
            typed = given if pressed else {}
            made.append((verb, [(ask, typed.get(ask.name, "")) for ask in verb.inputs], pressed))
    return Referred(one, referrals.said(one), referrals.ASSISTS.get(one.assist_reason, one.assist_reason), made)


PREVIEWS: dict[str, tuple[str, str]] = {
    "export": ("row goes into the package", "rows go into the package"),
    "correct": ("row is searched for the fields to correct", "rows are searched for the fields to correct"),
    "suppress": ("row is searched for switches to turn off", "rows are searched for switches to turn off"),
    "restrict": ("row is searched for marks of a restriction", "rows are searched for marks of a restriction"),
    "delete": ("row is deleted", "rows are deleted"),
    "mask": ("row stays, its personal fields are erased", "rows stay, their personal fields are erased"),
    "keep": ("row is kept on a ground", "rows are kept on a ground"),
    "held": ("row stays: a legal hold covers it", "rows stay: a legal hold covers them"),
    "held_fields": (
        "row keeps some fields: a legal hold covers them",
        "rows keep some fields: a legal hold covers them",
    ),
    "shared": ("of all these rows concerns another person too", "of all these rows concern another person too"),
}


def preview(case: reads.Case) -> list[Line]:
    """What approving would do, in rows."""
    included = [one for one in case.findings if one.decision == Finding.Decision.INCLUDE]
    if case.plan.operation != "erase":
        lines = [_line(case.plan.operation, included, "ok")]
        kept = [one for one in case.findings if one.decision == Finding.Decision.KEEP]
    else:
        kept = [one for one in case.findings if one.decision == Finding.Decision.KEEP or one.action == "keep"]
        stays, partly = held.parted(case, included)
        free = [one for one in included if one not in stays]
        lines = [
            _line("delete", [one for one in free if one.action == "delete"], "late"),
            _line("mask", [one for one in free if one.action == "mask"], "soon"),
            _line("held", stays, "ok"),
            _line("held_fields", partly, "ok"),
        ]
    lines.append(_line("keep", kept, "ok"))
    lines.append(_line("shared", [one for one in case.findings if one.shared], "ok"))
    return [line for line in lines if line.rows]


def _line(code: str, found: list[Finding], tone: str) -> Line:
    rows = sum(one.rows for one in found)
    return Line(PREVIEWS[code][rows != 1], rows, tone)


def unreached(request: Request) -> list[str]:
    """What the search could not reach with what we know of the person, in the words of the inventory."""
    keys = [tuple(one["collection"]) for one in request.batch.plan.get("unreached", ())] if request.batch else []
    if not keys:
        return []
    known = Collection.objects.filter(dataset__key__in={dataset for dataset, _ in keys})
    titles = {(dataset, name): title for dataset, name, title in known.values_list("dataset__key", "name", "title")}
    return [titles.get(key, ".".join(key)) for key in keys]


def recipients(case: reads.Case) -> list[Recipient]:
    """Who will be told once this is carried out; nobody once notices say so themselves."""
    kind, request = case.plan.recipients, case.request
    if not kind or case.notices or request.state not in ("in_review", "delivering"):
        return []
    return notices.to_tell(request.subject, kind, wording.categories(request))


def grounds(request: Request) -> list[tuple[str, str]]:
    """Grounds on which rows may be kept, with their sections."""
    return [(one.code, f"{one.sentence} ({one.cite})") for one in laws.grounds(request) if one.keeps]


def person(request: Request) -> list[tuple[str, str, bool]]:
    """(kind, masked value, proved) of each identifier."""
    rows = request.subject.identifiers.order_by("created_at")
    return [
        (one.get_kind_display(), identifiers.masked(one.kind, one.value), one.proved_at is not None) for one in rows
    ]


def names(case: reads.Case) -> dict[str, str]:
    """The colleagues of a timeline by key, whoever acted and whomever it concerned, in one query."""
    ids = {one.actor.partition(":")[2] for one in case.timeline if one.actor.startswith("staff:")}
    ids |= teamwork.named(case.timeline) | {str(case.request.playbook.get("by", 0))}
    return {str(one.pk): one.get_full_name() or one.get_username() for one in User.objects.filter(pk__in=ids)}


def actors(case: reads.Case, named: dict[str, str]) -> list[tuple[reads.Moment, str]]:
    """The timeline with who did it in words: colleagues by name."""
    words = {"person": "the person", "worker": "by itself", "client": "a program"}
    lines = []
    for one in case.timeline:
        kind, _, key = one.actor.partition(":")
        who = named.get(key, one.actor) if kind == "staff" else words.get(kind, one.actor)
        by_playbook = one.name == "request.approved_by_playbook"
        lines.append((one, teamwork.by_playbook(one, named) if by_playbook else who))
    return lines


def _around(case: reads.Case, user: User) -> dict[str, Any]:
    """What stands beside the work: who will be told, time, evidence, and whether somebody stopped it."""
    may_pack = user.has_perm("requests_app.make_pack")
    return {
        "to_tell": recipients(case),
        "minutes": sum(note.minutes or 0 for note in case.notes),
        "chose": user.has_perm("consent.view_choice")
        and Choice.objects.filter(subject=case.request.subject_id).exists(),
        "packs": list(Pack.objects.filter(request=case.request)[:5]) if may_pack else [],
        "halted": halting.can_go_on(case.request),
        "still_there": still_there(case),
    }


def still_there(case: reads.Case) -> list[dict[str, Any]]:
    """Backups and archives made before the erasure; of no other case, and not before it is carried out."""
    if case.plan.operation != "erase" or case.request.state not in (State.NOTIFYING, State.CLOSED):
        return []
    return remaining.facts(remaining.of_erasure(case.request.reference))


def context(case: reads.Case, user: User, now: datetime, given: Fields) -> dict[str, Any]:
    """Everything for the template. `given`: what was typed into the form that was refused."""
    request = case.request
    steps = glance.steps(case.plan, request.state, request.outcome)
    asker = getattr(request, "asker", None)
    said = conversation.thread(request, case.pauses)
    named = names(case)
    return {
        "case": case,
        "given": given,
        "today": localdate(now),
        "asker": asker,
        "asker_mailbox": identifiers.masked("email", asker.identifier.value) if asker else "",
        "excess": repeats.excess(request) if request.state != "closed" else None,
        "nearest": next((one for one in case.clocks if one.due_at == request.due_at), None),
        "badge": badge(request.due_at, now, closed=request.state == "closed"),
        "steps": [Way(State(one.code).label, one.place) for one in steps],
        "actions": buttons(request, user, given),
        "rows": findings(case, user, given),
        "preview": preview(case) if case.findings and request.state in ("in_review", "delivering") else [],
        "person": person(request),
        "laws": [law.statute(one["statute"]).short_name for one in request.laws],
        "statutes": {one.statute: laws.short(one.statute) for one in case.clocks},
        "why": laws.why(case.clocks),
        "waits": next((one for one in case.pauses if one.answered_at is None), None),
        "unreached": unreached(request),
        "denial": laws.denial(request) if request.denial_ground else {},
        "orders": [one for one in case.orders if one.operation != WorkOrder.Operation.FIND or one.state != "done"],
        "searched": [one for one in case.orders if one.operation == WorkOrder.Operation.FIND and one.state == "done"],
        **_around(case, user),
        "timeline": actors(case, named),
        **teamwork.context(case, user, laws.today(), named),
        "thread": said,
        "unread": any(line.unread and line.author == "person" for line in said),
        "hidden_words": any(line.author == "person" for line in said),
        "may_write": user.has_perm("requests_app.decide_request") or user.has_perm("requests_app.change_request"),
        "nonce": secrets.token_urlsafe(18),
        "file_limits": {"most": settings.ATTACHMENTS_PER_MESSAGE, "mb": settings.ATTACHMENT_MB},
        "referred": [_referred(one, user, given) for one in case.referrals],
    }
