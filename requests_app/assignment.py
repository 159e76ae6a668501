"""Who looks after a request. `give` is the one writer of `Request.owner`; each change is an event that says why.

A rule is asked by the sweep, for every open request without an owner that some rule fits. The rules are locked while one
decides, so that of two workers one sees whose turn it was, and how much everybody has.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from connectors import handwork
from connectors.models import HandTask
from requests_app import absences, appeals, assigning, locks, policy
from requests_app.models import AssignmentRule, Request, Right, State

BACKEND = "django.contrib.auth.backends.ModelBackend"
RULES = actors.worker("requests.assignment")
HOLDERS = (policy.DECIDE, policy.APPROVE, policy.DENY, policy.WORK)
# An appeal or a complaint is decided by whoever may deny.
DECIDED = (Right.APPEAL, Right.COMPLAINT)


def able(*permissions: str) -> "QuerySet[User]":
    """Active colleagues with one of these permissions. One query."""
    found = User.objects.none()
    for one in permissions or HOLDERS:
        found = found | User.objects.with_perm(f"requests_app.{one}", backend=BACKEND)
    return found.filter(is_staff=True).distinct()


def may_hold(request: Request) -> "QuerySet[User]":
    """Colleagues whose role may work on this request."""
    return able(policy.DENY) if request.right in DECIDED else able()


def offered(request: Request, today: date) -> list[tuple[str, str]]:
    """To whom this request may be given by hand, by name. Two queries."""
    away = absences.away(today)
    found = may_hold(request).order_by("first_name", "username")[:200]
    return [(str(one.pk), absences.name(one)) for one in found if one.pk not in away and one.pk != request.owner_id]


def give(request: Request, *, to: User | None, actor: Actor, event: str = "request.assigned", **why: Any) -> Request:
    """Make `to` the owner (None: nobody), in the caller's transaction, which holds the request's lock."""
    Request.objects.filter(pk=request.pk).update(owner=to)
    request.owner = to
    log.record(
        event, actor=actor, noun=request, subject_id=request.subject_id, **({"to": to.pk} if to else {}), **why
    )  # fmt: skip
    return request


def assign(request: Request, *, to: User, by: User, today: date) -> Request:
    """Give a request to a colleague by hand. Raises Refused for one who is not there, or whose role may not work on it."""
    if not any(by.has_perm(f"requests_app.{one}") for one in HOLDERS):
        raise Refused("Your role may not give requests to colleagues.", code="not_allowed")
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state == State.CLOSED:
            raise Refused("This request is closed; nobody has to look after it.", code="illegal_move")
        if not may_hold(fresh).filter(pk=to.pk).exists():
            raise Refused(
                f"{absences.name(to)} is not active, or their role may not work on this request. Choose somebody else.",
                code="role", field="to",
            )  # fmt: skip
        gone = absences.away(today).get(to.pk)
        if gone is not None and to.pk != by.pk:
            stands = f" {absences.name(gone.stand_in)} stands in." if gone.stand_in else ""
            raise Refused(
                f"{absences.name(to)} is away until {gone.ends_on:%d %B %Y}.{stands}", code="away", field="to"
            )
        event = "request.taken" if to.pk == by.pk else "request.assigned"
        return give(fresh, to=to, actor=actors.staff(by.pk), event=event)


def sweep(today: date) -> int:
    """Give every open request without an owner to whom the rules say, and take those back whose owner cannot work any more."""
    released = _release_lost() + _hand_on(today)
    rules = rules_in_force()
    ids = unowned(rules, _team(rules, today))[:200] if rules else []
    return released + sum(by_rules(pk, today) for pk in ids)


def by_rules(request_id: UUID, today: date) -> bool:
    """Give one request to whom the rules say; whether somebody got it. Nothing where it has an owner or is closed."""
    with log.atomic():
        request = locks.request(request_id)
        if request.owner_id is not None or request.state == State.CLOSED:
            return False
        rules = rules_in_force(lock=True)
        choice = assigning.choose(facts(request), rules, _team(rules, today))
        if choice is None:
            return False
        AssignmentRule.objects.filter(pk=choice.rule.key).update(last_to=choice.turn)
        why: dict[str, Any] = {"rule": choice.rule.key, "place": choice.rule.place, "because": list(choice.because)}
        why |= {"pick": choice.rule.pick, "load": choice.load}
        why |= {"stands_in_for": choice.for_whom} if choice.for_whom is not None else {}
        give(request, to=User.objects.get(pk=choice.to), actor=RULES, **why)
    return True


def rules_in_force(*, lock: bool = False) -> list[assigning.Rule]:
    """The active rules in their order; `lock`: until the caller's transaction ends. Two queries."""
    rows = AssignmentRule.objects.filter(active=True).order_by("place", "pk")
    found = list(rows.select_for_update(of=("self",), no_key=True) if lock else rows)
    people: dict[int, list[int]] = defaultdict(list)
    links = AssignmentRule.people.through.objects.filter(assignmentrule__in=[one.pk for one in found])
    for rule_id, user_id in links.order_by("user_id").values_list("assignmentrule_id", "user_id"):
        people[rule_id].append(user_id)
    return [
        assigning.Rule(
            one.pk, one.place, tuple(one.rights), tuple(one.regions.split()), tuple(one.languages), one.pick,
            tuple(people[one.pk]), one.last_to_id,
        )
        for one in found
    ]  # fmt: skip


def unowned(rules: list[assigning.Rule], team: assigning.Team) -> "QuerySet[Any, Any]":
    """Keys of open requests without an owner that a rule with somebody there fits: one that nobody can have holds up nobody."""
    wanted = Q(pk__in=())
    for rule in rules:
        there = [one for key in rule.people if (one := team.stand(key)) is not None]
        does = frozenset[str]().union(*(one.does for one in there))
        condition = Q(right__in=[one for one in does if not rule.rights or one in rule.rights])
        if rule.languages:
            condition &= Q(language__in=rule.languages)
        if rule.regions:
            places = Q(residence__in=rule.regions)
            for region in rule.regions:
                places |= Q(residence__startswith=f"{region}-")
            condition &= places
        wanted |= condition
    rows = Request.objects.filter(wanted, owner=None).exclude(state=State.CLOSED)
    return rows.order_by("received_at").values_list("pk", flat=True)


def facts(request: Request) -> assigning.Facts:
    """What the rules ask about a request."""
    barred = appeals.deciders(request.follows) if request.right == Right.APPEAL and request.follows else set()
    return assigning.Facts(request.right, request.residence, request.language, frozenset(barred))


def loads(people: Iterable[int] | None = None) -> dict[int, int]:
    """How many open requests each colleague looks after. One query."""
    rows = Request.objects.exclude(state=State.CLOSED).exclude(owner=None)
    if people is not None:
        rows = rows.filter(owner__in=list(people))
    return dict(rows.values("owner").annotate(many=Count("pk")).order_by().values_list("owner", "many"))


def _team(rules: list[assigning.Rule], today: date) -> assigning.Team:
    """Everybody whom a rule may reach, with what their role may do, their absence and their load. Four queries."""
    away = absences.away(today)
    named = {key for rule in rules for key in rule.people}
    named |= {one.stand_in_id for one in away.values() if one.stand_in_id is not None}
    holding = set(able().filter(pk__in=named).values_list("pk", flat=True))
    denying = set(able(policy.DENY).filter(pk__in=named).values_list("pk", flat=True))
    ordinary, all_rights = frozenset(one for one in Right.values if one not in DECIDED), frozenset(Right.values)
    many = loads(named)
    return assigning.Team({
        key: assigning.Colleague(
            key, all_rights if key in denying else ordinary, key in away,
            away[key].stand_in_id if key in away else None, many.get(key, 0),
        )
        for key in holding | denying
    })  # fmt: skip


def _release_lost() -> int:
    """Take open requests from owners who left or whose role may not work on any; how many."""
    rows = Request.objects.exclude(state=State.CLOSED).exclude(owner=None)
    ids = list(rows.exclude(owner__in=able().values("pk")).order_by("received_at").values_list("pk", flat=True)[:200])
    released = 0
    for pk in ids:
        with log.atomic():
            request = locks.request(pk)
            if request.owner_id is None or able().filter(pk=request.owner_id).exists():
                continue
            give(request, to=None, actor=RULES, event="request.released", was=request.owner_id)
            released += 1
    return released


def _hand_on(today: date) -> int:
    """Give tasks by hand that came to somebody while they are away to who stands in; how many. One query when nobody is."""
    away = {key: one for key, one in absences.away(today).items() if one.stand_in is not None}
    if not away:
        return 0
    tasks = HandTask.objects.waiting().filter(assignee__in=list(away)).select_related("order__batch")
    moved = 0
    for task in tasks.order_by("created_at")[:200]:
        absence = away[task.assignee_id or 0]
        new = task.created_at.date() >= absence.starts_on
        if new and absence.stand_in is not None and absence.stand_in_id not in away:
            moved += handwork.hand_on(task, to=absence.stand_in, actor=RULES)
    return moved
