"""What the case page shows of the team: who has the case and why, who watches it, and its playbook."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User

from requests_app import absences, assigning, plans, playbooks, playing, reads
from requests_app.models import Mention, Request, Right, StepTick, Watcher

RIGHTS = {code: str(label) for code, label in Right.choices}
OWNING = ("request.assigned", "request.taken", "request.released")


def named(timeline: list[reads.Moment]) -> set[str]:
    """Keys of the colleagues whom the facts of a timeline name, besides who acted."""
    keys = ("to", "stands_in_for", "manager", "was")
    return {str(one.facts[key]) for one in timeline for key in keys if key in one.facts}


def given(timeline: list[reads.Moment], names: dict[str, str]) -> str:
    """Why the owner has this case, if a rule gave it to them. No query."""
    last = next((one for one in reversed(timeline) if one.name in OWNING), None)
    if last is None or last.name != "request.assigned":
        return ""
    return assigning.explained(last.facts, RIGHTS, {int(key): name for key, name in names.items() if key.isdecimal()})


def by_playbook(moment: reads.Moment, names: dict[str, str]) -> str:
    """Who did what a playbook did: its version, with the name of the manager who kept it."""
    manager = names.get(str(moment.facts.get("manager", "")), "a manager")
    return f"version {moment.facts.get('version', '')} of the playbook, which {manager} kept"


@dataclass(frozen=True)
class Step:
    """One step of the checklist, and who ticked it."""

    number: int
    words: str
    tick: StepTick | None
    must: bool = False


def play(request: Request, user: User, names: dict[str, str]) -> dict[str, Any]:
    """The playbook of this case: what it does in words, its checklist, its extra approvals. Three queries at most."""
    book, plan = playbooks.thaw(request.playbook), plans.thaw(request.plan)
    if not book.id:
        return {"play": None}
    ticks = {one.number: one for one in request.ticks.select_related("by")} if book.steps else {}
    does = []
    if book.auto and playbooks.may_approve_itself(plan):
        does.append(f"Approves by itself what is of low risk, up to {book.auto_rows:,} rows.")
    if book.extra and plan.review:
        does.append("Wants one more colleague to approve than the plan does.")
    elif book.over is not None and plan.review:
        does.append(f"Wants one more colleague to approve where more than {book.over:,} rows were found.")
    if book.limited:
        does.append(f"Limits what is searched to: {', '.join(request.categories)}.")
    if book.texts:
        does.append("Adds a paragraph of our own to letters.")
    return {
        "play": book, "play_by": names.get(str(book.by), "a manager"), "play_does": does,
        "play_steps": [
            Step(number, words, ticks.get(number), number in book.must and playbooks.may_block(plan))
            for number, words in enumerate(book.steps, 1)
        ],
        "play_blocks": playbooks.unticked(playbooks.open_steps(book, plan, ticks)),
        "ticked": len(ticks),
        "may_tick": request.state != "closed" and any(user.has_perm(f"requests_app.{one}") for one in playing.WORKS),
        "approved_first": playing.approvals(request) if request.state == "in_review" and playing.extra(request) else [],
    }  # fmt: skip


def context(case: reads.Case, user: User, today: date, names: dict[str, str]) -> dict[str, Any]:
    """For the template: three queries, however many colleagues, and those of the playbook."""
    request = case.request
    still = request.state != "closed"
    gone = absences.away(today).get(request.owner_id) if request.owner_id and still else None
    watchers = list(Watcher.objects.filter(request=request).select_related("person").order_by("since"))
    mentions = Mention.objects.filter(note__request=request, person=user, read_at=None).select_related("note__author")
    return play(request, user, names) | {
        "given_why": given(case.timeline, names),
        "owner_away": gone,
        "watchers": [absences.name(one.person) for one in watchers],
        "may_watch": still,
        "i_watch": any(one.person_id == user.pk for one in watchers),
        "mentions": list(mentions.order_by("note")),
    }
