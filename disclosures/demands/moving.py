"""The one writer of a demand's state: checked, scope set, approved, disclosed; or refused, or withdrawn.

What goes wrong if this is wrong: somebody's data goes to somebody who may not have it. So:
1. `_move` is the only place that changes a state, by the table, compare-and-swap, with its event;
2. nothing is approved with an open or failed check, and never by who prepared it (the database refuses that too);
3. nothing leaves before the person was told and could object, unless a gag or a reason approved by legal stands against it;
4. what left is sealed and hashed first (`sealing`); the move to "disclosed" writes the ledger.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit import log
from audit.refusal import Refused
from disclosures import persons
from disclosures.demands import checklists, entering, gags, table
from disclosures.demands.registering import locked, may, note
from disclosures.models import DemandCheck, LegalDemand
from inventory.models import DataCategory

PREPARE, DECIDE = "change_legaldemand", "approve_legaldemand"
Notify = LegalDemand.Notify


def _move(demand: LegalDemand, to: str, event: str, by: User, facts: Mapping[str, Any], **changes: Any) -> None:
    """The one change of state. `demand` is locked; the guard on its old state makes a lost race visible."""
    if not table.may(demand.state, to):
        label = dict(LegalDemand.State.choices)[demand.state].lower()
        raise Refused(f"This cannot be done: the demand is “{label}”.", code="state_conflict")
    if to not in table.OPEN:
        changes["closed_at"] = timezone.now()
    rows = LegalDemand.objects.filter(pk=demand.pk, state=demand.state)
    if not rows.update(state=to, **changes):
        raise Refused("Somebody else moved this demand meanwhile.", code="state_conflict")
    demand.refresh_from_db()
    note(event, demand, by, **facts)


def answer(demand: LegalDemand, answers: Mapping[str, str], notes: Mapping[str, str], *, by: User) -> None:
    """Write answers of the checklist; the first ones begin the check. Empty ones are left alone. Raises Refused."""
    may(by, PREPARE)
    known = {one.key for one in checklists.questions(demand.kind)}
    given = {key: value for key, value in answers.items() if value}
    if not known >= set(given) or not set(given.values()) <= set(DemandCheck.Answer.values):
        raise Refused("Choose one of the answers.", code="choice_unknown")
    with log.atomic():
        fresh = locked(demand)
        if fresh.state == table.RECEIVED:
            _move(fresh, table.CHECKING, "demand.checking", by, {})
        if fresh.state != table.CHECKING:
            raise Refused("The checks are done. Take the demand back to them first.", code="state_conflict")
        for key, value in given.items():
            DemandCheck.objects.update_or_create(
                demand=fresh, key=key,
                defaults={"answer": value, "note": notes.get(key, "").strip()[:1000], "answered_by": by,
                          "answered_at": timezone.now()},
            )  # fmt: skip
        if given:
            note("demand.checked", fresh, by, answers=[f"{key}:{value}" for key, value in sorted(given.items())])


def narrow(
    demand: LegalDemand, *, given: Iterable[DataCategory], given_from: date | None = None, given_to: date | None = None,
    note_text: str, notify: str, never_code: str = "", by: User,
) -> None:  # fmt: skip
    """Set what is given against what was asked, and how the person is told; it waits for legal then. Raises Refused."""
    may(by, PREPARE)
    categories = list(given)
    with log.atomic():
        fresh = locked(demand)
        answers = dict(fresh.checks.values_list("key", "answer"))
        _checks_hold(fresh, answers)
        asked = {one.key for one in fresh.asked.all()}
        whole = _scope(fresh, asked, categories, given_from, given_to, note_text)
        _telling(fresh, notify, never_code)
        if not fresh.people.exists():
            raise Refused("Enter whom the demand is about first.", code="no_people")
        fresh.given.set(categories)
        _move(
            fresh, table.NARROWED, "demand.narrowed", by,
            {"asked": sorted(asked), "given": sorted(one.key for one in categories), "whole": whole, "notify": notify},
            given_from=given_from, given_to=given_to, whole=whole, scope_note=note_text.strip(), notify=notify,
            never_code=never_code, prepared_by=by, prepared_at=timezone.now(),
        )  # fmt: skip


def _checks_hold(demand: LegalDemand, answers: dict[str, str]) -> None:
    if missing := checklists.missing(demand.kind, answers):
        raise Refused(f"Answer the checklist first: {missing[0].words}", code="checks_missing")
    if failed := checklists.failed(demand.kind, answers):
        raise Refused(
            f"A check says no: {failed[0].words} Have the authority mend it, or refuse the demand.",
            code="checks_failed",
        )  # fmt: skip


def _scope(
    demand: LegalDemand, asked: set[str], given: list[DataCategory], first: date | None, last: date | None, words: str
) -> bool:
    """Whether everything is given. Raises Refused where more would be given than was asked for."""
    keys = {one.key for one in given}
    if not keys:
        raise Refused("Tick what is given, or refuse the demand.", code="no_category", field="given")
    if not all(one in asked or any(one.startswith(f"{top}.") for top in asked) for one in keys):
        raise Refused("You would give more than was asked for.", code="scope_wider", field="given")
    if first and last and first > last:
        raise Refused("The period ends before it begins.", code="period", field="given_to")
    if (demand.asked_from and (first is None or first < demand.asked_from)) or (
        demand.asked_to and (last is None or last > demand.asked_to)
    ):
        raise Refused("The period would be longer than was asked for.", code="scope_wider", field="given_from")
    if not words.strip():
        raise Refused("Say how you set the scope: what was left out and why, or why nothing.", code="scope_note")
    return keys == asked and (first, last) == (demand.asked_from, demand.asked_to)


def _telling(demand: LegalDemand, notify: str, never_code: str) -> None:
    silent = gags.running(demand, timezone.localdate())
    if notify not in Notify.values or not notify:
        raise Refused("Choose when the person is told.", code="notify", field="notify")
    if silent != (notify == Notify.GAG):
        words = "A gag runs: the person is told when it ends." if silent else "No gag runs: choose another moment."
        raise Refused(words, code="notify_gag", field="notify")
    if notify == Notify.AFTER and demand.kind != LegalDemand.Kind.EMERGENCY:
        raise Refused(
            "Only in an emergency is the person told afterwards; else before.", code="notify_after", field="notify"
        )
    if (notify == Notify.NEVER) != (never_code in table.NEVER):
        raise Refused("Say why the person is not told at all, and only then.", code="never_code", field="never_code")


def approve(demand: LegalDemand, *, by: User) -> None:
    """Legal agrees that exactly this may leave. Where people are told before, the mails go now. Raises Refused."""
    may(by, DECIDE)
    with log.atomic():
        fresh = locked(demand)
        if fresh.prepared_by_id == by.pk:
            raise Refused("You prepared this yourself; somebody else has to approve it.", code="same_person")
        if fresh.state == table.NARROWED:
            _telling(fresh, fresh.notify, fresh.never_code)  # a gag may have ended since
        _move(fresh, table.APPROVED, "demand.approved", by, {"notify": fresh.notify}, approved_by=by,
              approved_at=timezone.now())  # fmt: skip
        if fresh.notify == Notify.BEFORE:
            gags.tell_before(fresh)


def consider(demand: LegalDemand, *, words: str, by: User) -> None:
    """Legal looked at the objections and says what came of them; the disclosure may go on. Raises Refused."""
    may(by, DECIDE)
    if not words.strip():
        raise Refused("Say what came of the objections.", code="considered", field="words")
    with log.atomic():
        fresh = locked(demand)
        if fresh.state != table.APPROVED or not fresh.people.filter(objected_at__isnull=False).exists():
            raise Refused("There is no objection to decide about.", code="state_conflict")
        rows = LegalDemand.objects.filter(pk=fresh.pk)
        rows.update(considered_at=timezone.now(), considered=words.strip()[:2000])
        note("demand.objections_considered", fresh, by)


def disclose(demand: LegalDemand, *, by: User) -> None:
    """What was sealed went to the authority: the state, the ledger, and the mails that come afterwards. Raises Refused."""
    may(by, PREPARE)
    with log.atomic():
        fresh = locked(demand)
        if fresh.state == table.APPROVED:
            _may_leave(fresh)
        files = list(fresh.files.order_by("number").values_list("digest", flat=True))
        _move(fresh, table.DISCLOSED, "demand.disclosed", by,
              {"files": len(files), "digests": files, "people": fresh.people.count(), "whole": bool(fresh.whole)},
              disclosed_by=by, disclosed_at=timezone.now())  # fmt: skip
        if fresh.notify != Notify.GAG:
            entering.enter(fresh)
        if fresh.notify == Notify.AFTER:
            gags.tell_after(fresh)


def _may_leave(demand: LegalDemand) -> None:
    today = timezone.localdate()
    if not demand.files.exists():
        raise Refused("Seal a copy of each file that leaves first.", code="no_files")
    if demand.notify == Notify.GAG and not gags.running(demand, today):
        raise Refused("The gag has ended, so the person is told first. The mails go within minutes.", code="gag_ended")
    if demand.notify != Notify.BEFORE:
        return
    if demand.object_until is None or today <= demand.object_until:
        raise Refused(f"The people can object until {demand.object_until}.", code="objection_time")
    if persons.unsettled(demand):
        raise Refused("Not everybody was told: see the notices that wait.", code="not_told")
    after = {"objected_at__gt": demand.considered_at} if demand.considered_at else {"objected_at__isnull": False}
    if demand.people.filter(**after).exists():
        raise Refused("Somebody objected. Legal has to say what comes of it.", code="objected")


def send_back(demand: LegalDemand, *, by: User) -> None:
    """Back to the checks: the approval falls, and so does the scope. Raises Refused."""
    if not (by.has_perm(f"disclosures.{PREPARE}") or by.has_perm(f"disclosures.{DECIDE}")):
        may(by, DECIDE)
    with log.atomic():
        fresh = locked(demand)
        _move(fresh, table.CHECKING, "demand.sent_back", by, {}, approved_by=None, approved_at=None, prepared_by=None,
              prepared_at=None, whole=None)  # fmt: skip


def refuse(demand: LegalDemand, *, ground: str, words: str = "", by: User) -> None:
    """Nothing is given, on a ground of `table.GROUNDS`. Raises Refused."""
    may(by, DECIDE)
    if ground not in table.GROUNDS:
        raise Refused("Choose a ground from the list.", code="ground", field="ground")
    if ground == "other" and not words.strip():
        raise Refused("Say on which ground.", code="ground_note", field="words")
    with log.atomic():
        _move(locked(demand), table.REFUSED, "demand.refused", by, {"ground": ground}, ground=ground,
              ground_note=words.strip()[:2000])  # fmt: skip


def withdraw(demand: LegalDemand, *, by: User) -> None:
    """The authority took it back. Raises Refused."""
    may(by, PREPARE)
    with log.atomic():
        _move(locked(demand), table.WITHDRAWN, "demand.withdrawn", by, {})
