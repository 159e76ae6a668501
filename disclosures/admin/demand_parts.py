"""The forms on a demand's page: people, checklist, scope, files; what the page shows and what a POST does."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, QueryDict

from audit import typed
from audit.refusal import Refused
from connectors.models import LegalHold
from disclosures.admin.demand_verbs import day
from disclosures.demands import checklists, moving, registering, sealing, table
from disclosures.models import DemandCheck, LegalDemand
from inventory.models import DataCategory
from subjects.models import Identifier

PREPARE, DECIDE = "disclosures.change_legaldemand", "disclosures.approve_legaldemand"


def reads_words(by: User) -> bool:
    """Whether a colleague works on demands, and not only looks on."""
    return by.has_perm(PREPARE) or by.has_perm(DECIDE)


def context(demand: LegalDemand, by: User, shown: dict[str, Any]) -> dict[str, Any]:
    """What the page needs besides the record: a fixed number of queries."""
    typed, part = shown.get("typed") or QueryDict(), shown.get("typed_part")
    answers = {one.key: one for one in demand.checks.select_related("answered_by")}
    rows = []
    for one in checklists.questions(demand.kind):
        have = answers.get(one.key)
        again = part == "checks"
        value = typed.get(f"answer-{one.key}", "") if again else (have.answer if have else "")
        note = typed.get(f"note-{one.key}", "") if again else (have.note if have and reads_words(by) else "")
        choices = [pair for pair in DemandCheck.Answer.choices if one.optional or pair[0] != "na"]
        rows.append({"question": one, "have": have, "value": value, "note": note, "choices": choices})
    held = LegalHold.objects.filter(matter=demand.reference, released_at=None).values_list("subject", flat=True)
    asked = list(demand.asked.order_by("key"))
    return {
        "demand": demand, "checks": rows, "answered": len(answers), "held": set(held), "words": reads_words(by),
        "people": list(demand.people.select_related("subject").order_by("pk")),
        "files": list(demand.files.select_related("added_by").order_by("number")),
        "notices": list(demand.notices.order_by("pk")[:registering.MOST_PEOPLE]),
        "identifier_kinds": Identifier.Kind.choices, "asked_categories": _below(asked),
        "given_keys": set(typed.getlist("given")) if part == "scope" else {str(one.pk) for one in asked},
        "notify_choices": [pair for pair in LegalDemand.Notify.choices if pair[0]], "never": table.NEVER.items(),
        "typed": typed, "may_prepare": by.has_perm(PREPARE), "may_reveal": by.has_perm("subjects.reveal_datasubject"),
        "may_enter": demand.state in (table.RECEIVED, table.CHECKING), "may_check": demand.state == table.CHECKING,
        "may_seal": demand.state == table.APPROVED, "most_mb": sealing.MOST_BYTES // 1024 // 1024,
    }  # fmt: skip


def _below(asked: list[DataCategory]) -> list[DataCategory]:
    """What was asked for, and what lies below it: a part of it may be given."""
    tops = [one.key for one in asked]
    rows = DataCategory.objects.order_by("key")
    return [one for one in rows if any(one.key == top or one.key.startswith(f"{top}.") for top in tops)]


def _person(demand: LegalDemand, request: HttpRequest, by: User) -> str:
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "").strip()
    if kind not in Identifier.Kind.values or not value:
        raise Refused("Choose what kind of identifier it is, and write it.", code="identifier", field="value")
    registering.add_person(demand, kind, value, by=by)
    return "Entered."


def _drop_person(demand: LegalDemand, request: HttpRequest, by: User) -> str:
    registering.drop_person(demand, _number(request, "person"), by=by)
    return "Taken out."


def _checks(demand: LegalDemand, request: HttpRequest, by: User) -> str:
    keys = [one.key for one in checklists.questions(demand.kind)]
    answers = {key: request.POST.get(f"answer-{key}", "") for key in keys}
    moving.answer(demand, answers, {key: request.POST.get(f"note-{key}", "") for key in keys}, by=by)
    return "The answers are kept."


def _scope(demand: LegalDemand, request: HttpRequest, by: User) -> str:
    ticked = [typed.number(one) for one in request.POST.getlist("given")]
    first, last = request.POST.get("given_from", ""), request.POST.get("given_to", "")
    moving.narrow(
        demand, given=DataCategory.objects.filter(pk__in=ticked), note_text=request.POST.get("scope_note", ""),
        given_from=day(first, "given_from") if first else None, given_to=day(last, "given_to") if last else None,
        notify=request.POST.get("notify", ""), never_code=request.POST.get("never_code", ""), by=by,
    )  # fmt: skip
    return "The scope is set. Somebody else of legal has to approve it."


def _seal(demand: LegalDemand, request: HttpRequest, by: User) -> str:
    files = request.FILES.getlist("file")
    if not files:
        raise Refused("Choose a file.", code="no_file", field="file")
    for one in files:
        sealing.seal(demand, one, by=by)
    return "Sealed. The digest stands below."


def _drop_file(demand: LegalDemand, request: HttpRequest, by: User) -> str:
    sealing.drop(demand, _number(request, "number"), by=by)
    return "Taken out."


def _number(request: HttpRequest, name: str) -> int:
    found = typed.number(request.POST.get(name))
    if not found:
        raise Refused("This row is gone.", code="row_unknown")
    return found


PARTS: dict[str, Callable[[LegalDemand, HttpRequest, User], str]] = {
    "person": _person,
    "drop-person": _drop_person,
    "checks": _checks,
    "scope": _scope,
    "seal": _seal,
    "drop-file": _drop_file,
}
