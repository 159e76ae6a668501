"""Playbooks at work: which one applies, its extra approval, its checklist. What approves by itself is in `automatic`."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Sum

import law
from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors.models import Finding
from requests_app import locks, narrowing, plans, playbooks, policy
from requests_app.models import Approval, Playbook, PlaybookText, Request, State, StepTick

MANAGE = "requests_app.change_playbook"
WORKS = (policy.DECIDE, policy.APPROVE, policy.DENY, policy.WORK)
NONE: dict[str, Any] = {}


def wanted(row: Playbook, texts: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """What a playbook says, as `playbooks.faults` takes it. `texts`: letter, language, words."""
    return {
        "auto_approve": row.auto_approve, "extra_approval": row.extra_approval, "review_over": row.review_over,
        "categories": row.categories, "steps": row.steps, "defaults": row.defaults, "texts": list(texts),
    }  # fmt: skip


def check(row: Playbook, texts: Iterable[tuple[str, str, str]]) -> list[playbooks.Fault]:
    """Everything that speaks against a playbook, also what only the inventory knows."""
    found = playbooks.faults(row.right, wanted(row, texts))
    if row.statute and row.statute not in law.statutes():
        found.append(playbooks.Fault("statute", "There is no such law here. Choose one of the list."))
    masks = row.defaults.get("masks", {}) if isinstance(row.defaults, dict) else {}
    if not found and (row.categories or masks):
        try:
            narrowing.check((), row.categories, masks if isinstance(masks, dict) else {"masks": None})
        except Refused as refused:
            found.append(
                playbooks.Fault("categories" if refused.field == "categories" else "defaults", refused.message)
            )
    return found


def keep(row: Playbook, texts: list[tuple[str, str, str]], *, by: User) -> Playbook:
    """Keep a playbook as its next version, with the name of who did. Raises Refused for what no playbook may say."""
    if not by.has_perm(MANAGE):
        raise Refused("Your role may not change playbooks. Ask a manager of the privacy team.", code="not_allowed")
    found = check(row, texts)
    if found:
        raise Refused(found[0].words, code="playbook", field=found[0].field)
    with log.atomic():
        if row.pk is not None:
            row.version = Playbook.objects.select_for_update().get(pk=row.pk).version
        row.version += 1
        row.changed_by = by
        row.save()
        _keep_texts(row, texts)
        facts: dict[str, Any] = {"right": row.right, "statute": row.statute, "version": row.version}
        facts |= {"active": row.active, "auto": row.auto_approve, "extra": row.extra_approval, "texts": len(texts)}
        log.record("playbook.kept", actor=actors.staff(by.pk), noun=row, **facts)
    return row


def _keep_texts(row: Playbook, texts: list[tuple[str, str, str]]) -> None:
    """Rows that stay keep their key: a page that is open in another tab still knows them."""
    gone = {(one.kind, one.language): one.pk for one in PlaybookText.objects.filter(playbook=row)}
    for kind, language, words in texts:
        gone.pop((kind, language), None)
        PlaybookText.objects.update_or_create(
            playbook=row, kind=kind, language=language, defaults={"words": words.strip()}
        )  # fmt: skip
    PlaybookText.objects.filter(pk__in=gone.values()).delete()


def applying(right: str, laws: list[dict[str, Any]]) -> Playbook | None:
    """The playbook for a new request: that of its strictest law which has one, else the one for every law. Two queries at most.

    One that says what no playbook may say (it came past `keep`) applies to nothing.
    """
    order = [row["statute"] for row in laws] + [""]
    rows = Playbook.objects.filter(right=right, active=True, statute__in=order)
    found = sorted(rows.prefetch_related("texts"), key=lambda one: order.index(one.statute))
    if not found or playbooks.faults(right, wanted(found[0], _texts(found[0]))):
        return None
    return found[0]


def frozen(row: Playbook | None, *, limited: bool = False) -> dict[str, Any]:
    """The version as JSON, to be kept with a request; `limited`: by this playbook, and not by whoever asked."""
    if row is None:
        return NONE
    texts: dict[str, dict[str, str]] = {}
    for kind, language, words in _texts(row):
        texts.setdefault(kind, {})[language] = words
    return {
        "id": row.pk, "name": row.name, "version": row.version, "by": row.changed_by_id or 0,
        "auto": row.auto_approve, "auto_rows": row.auto_rows,
        "extra": row.extra_approval or row.defaults.get("second_person") is True,
        "over": row.review_over, "limited": limited, "steps": playbooks.lines(row.steps), "must": playbooks.blocking(row.steps),
        "texts": texts,
    }  # fmt: skip


def masks(row: Playbook | None) -> dict[str, Any]:
    """Masks for a request that brings none."""
    found: Mapping[str, Any] = row.defaults.get("masks", {}) if row is not None else {}
    return dict(found)


def _texts(row: Playbook) -> list[tuple[str, str, str]]:
    return [(one.kind, one.language, one.words) for one in row.texts.all()] if row.pk else []


# ---------------------------------------------------------------- the extra approval


def extra(request: Request) -> bool:
    """Whether the playbook of this request wants one more colleague: always, or for so many rows. A query only then."""
    plan, play = plans.thaw(request.plan), playbooks.thaw(request.playbook)
    if not plan.review:
        return False  # an opt-out waits for nobody, whatever is written there
    return play.extra or (play.over is not None and rows(request) > play.over)


def rows(request: Request) -> int:
    """How many rows are included in what would be carried out."""
    found = Finding.objects.filter(batch=request.batch_id, decision=Finding.Decision.INCLUDE)
    return found.aggregate(many=Sum("rows"))["many"] or 0


def second_person(request: Request) -> bool:
    """Whether whoever proposes cannot also approve: by the plan, or by the playbook."""
    return plans.thaw(request.plan).second_person or extra(request)


def approvals(request: Request) -> list[Approval]:
    """Those that count: of the proposal that is open, of exactly these findings, by somebody other than its author."""
    if request.proposed_at is None:
        return []
    found = Approval.objects.filter(
        request=request, proposed_at=request.proposed_at, fingerprint=request.proposed_fingerprint
    )
    return list(found.exclude(by=request.proposed_by_id).select_related("by").order_by("at"))


def lacking(request: Request, by: User) -> int:
    """How many more colleagues have to approve after this one. Raises Refused for one who did already."""
    needed = (1 if plans.thaw(request.plan).second_person else 0) + (1 if extra(request) else 0)
    if needed < 2:
        return 0
    before = {one.by_id for one in approvals(request)}
    if by.pk in before:
        raise Refused("You approved this already. One more colleague has to, and it cannot be you.", code="same_person")
    return max(needed - len(before) - 1, 0)


def approve_first(request: Request, *, by: User) -> None:
    """Keep an approval that is not the last one, in the caller's transaction, which holds the request's lock."""
    assert request.proposed_at is not None  # asked by the caller
    Approval.objects.create(
        request=request, by=by, proposed_at=request.proposed_at, fingerprint=request.proposed_fingerprint
    )
    log.record("request.approved_first", actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id)


# ---------------------------------------------------------------- the checklist


def open_steps(request: Request) -> list[str]:
    """The steps that have to be ticked before anything is carried out, and are not. A query only where there are some."""
    play, plan = playbooks.thaw(request.playbook), plans.thaw(request.plan)
    if not play.must:
        return []
    ticked = StepTick.objects.filter(request=request.pk).values_list("number", flat=True)
    return playbooks.open_steps(play, plan, set(ticked))


def tick(request: Request, *, number: int, done: bool, by: User) -> None:
    """A step of the checklist is done, or was not after all. Raises Refused."""
    if not any(by.has_perm(f"requests_app.{one}") for one in WORKS):
        raise Refused("Your role may not work on requests.", code="not_allowed")
    with log.atomic():
        fresh = locks.request(request.pk)
        if not 1 <= number <= len(playbooks.thaw(fresh.playbook).steps):
            raise Refused("The playbook of this request has no such step.", code="step_unknown")
        if fresh.state == State.CLOSED:
            raise Refused("This request is closed; its checklist stays as it is.", code="illegal_move")
        if done:
            _, changed = StepTick.objects.get_or_create(request=fresh, number=number, defaults={"by": by})
        else:
            changed = bool(StepTick.objects.filter(request=fresh, number=number).delete()[0])
        if changed:
            name = "request.step_ticked" if done else "request.step_unticked"
            log.record(name, actor=actors.staff(by.pk), noun=fresh, subject_id=fresh.subject_id, step=number)
