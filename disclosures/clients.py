"""Clients and what they instruct (P6): the register of documented instructions, and what is missing in it.

GDPR art. 28(3)(a): a processor works on documented instructions only; its last sentence: whoever thinks that one infringes the
law says so at once. An instruction is never edited: it is carried out, doubted, confirmed, or ended.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from disclosures.models import Client, Instruction
from inventory.models import System

MAY_RECORD, MAY_SETTLE = "disclosures.add_instruction", "disclosures.settle_instruction"
State, Kind = Instruction.State, Instruction.Kind
LONGEST = 2_000
# verb -> from which states, to which.
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "carry_out": ((State.IN_FORCE,), State.DONE),
    "doubt": ((State.IN_FORCE,), State.DOUBTED),
    "confirm": ((State.DOUBTED,), State.IN_FORCE),
    "end": ((State.IN_FORCE, State.DOUBTED), State.ENDED),
}
EVENTS = {
    "carry_out": "instruction.carried_out", "doubt": "instruction.doubted", "confirm": "instruction.confirmed",
    "end": "instruction.ended",
}  # fmt: skip


def from_inventory(*, actor: Actor) -> list[Client]:
    """Make a client for each name in the inventory that has none; the new ones."""
    made: list[Client] = []
    with log.atomic():
        for name, contact in unregistered().values_list("client", "client_contact"):
            if any(one.name == name for one in made):
                continue
            one = Client.objects.create(key=_key(name), name=name, contact=contact)
            log.record("desk.added", actor=actor, noun=one, fields=["from_inventory"])
            made.append(one)
    return made


def _key(name: str) -> str:
    stem = slugify(name)[:50] or "client"
    taken = set(Client.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(
        key for turn in range(1, len(taken) + 2) if (key := stem if turn == 1 else f"{stem}-{turn}") not in taken
    )


def unregistered() -> "QuerySet[System]":
    """Systems that hold a client's data, whose client is not in the register or is switched off."""
    known = Client.objects.filter(name=OuterRef("client"), active=True)
    return System.objects.filter(~Exists(known), role=System.Role.PROCESSOR).order_by("client", "pk")


def uninstructed() -> "QuerySet[System]":
    """Systems that hold a client's data without an instruction of that client in force that names them."""
    told = Instruction.objects.filter(
        systems=OuterRef("pk"), client__name=OuterRef("client"), kind=Kind.PROCESS, state=State.IN_FORCE
    )
    return System.objects.filter(~Exists(told), role=System.Role.PROCESSOR).order_by("client", "name")


def overdue(today: date) -> "QuerySet[Instruction]":
    """Instructions that should have been carried out, and those about which a client has not answered our doubt."""
    rows = Instruction.objects.filter(state=State.IN_FORCE, due_on__lt=today).exclude(kind=Kind.PROCESS)
    return rows | Instruction.objects.filter(state=State.DOUBTED)


def record(instruction: Instruction, systems: Collection[System], *, by: User) -> Instruction:
    """Enter a client's instruction. Raises Refused: "not_allowed", "day_future", "other_client", "words_personal"."""
    if not by.has_perm(MAY_RECORD):
        raise Refused("Your role may not record instructions. Ask your privacy officer.", code="not_allowed")
    check(
        instruction.client, systems, given_on=instruction.given_on, said=instruction.given_by + instruction.processing
    )
    with log.atomic():
        instruction.state, instruction.recorded_by = State.IN_FORCE, by
        instruction.save()
        instruction.systems.set(systems)
        facts: dict[str, Any] = {
            "client": instruction.client.key, "kind": instruction.kind, "given_on": instruction.given_on
        }  # fmt: skip
        log.record("instruction.recorded", actor=actors.staff(by.pk), noun=instruction, **facts)
    return instruction


def check(client: Client, systems: Collection[System], *, given_on: date, said: str) -> None:
    """Raises Refused for what is no instruction of this client."""
    if given_on > timezone.localdate():
        raise Refused("This day lies in the future.", code="day_future", field="given_on")
    if "@" in said:
        raise Refused("Say who gave it by their function, without addresses.", code="words_personal", field="given_by")
    strange = [one.name for one in systems if one.client != client.name]
    if strange:
        raise Refused(f"{strange[0]} holds data of another client.", code="other_client", field="systems")


def move(instruction: Instruction, verb: str, *, by: User, words: str = "") -> None:
    """Carry out, doubt, confirm or end an instruction: by MOVES, won by compare-and-swap.

    Raises Refused: "not_allowed", "words_missing", "too_long", "standing" for carrying out what holds until further notice,
    "state_conflict".
    """
    if not by.has_perm(MAY_SETTLE):
        raise Refused("Your role may not settle instructions. Ask your privacy officer.", code="not_allowed")
    if not words.strip():
        raise Refused("Write a few words, without names of people.", code="words_missing", field="words")
    if len(words) > LONGEST:
        raise Refused(f"At most {LONGEST} characters.", code="too_long", field="words")
    if verb == "carry_out" and instruction.kind == Kind.PROCESS:
        raise Refused("It holds until further notice: end it when it ends.", code="standing")
    before, after = MOVES[verb]
    settled = timezone.localdate() if after in (State.DONE, State.ENDED) else None
    with log.atomic():
        held = Instruction.objects.select_for_update().get(pk=instruction.pk).words
        said = f"{held}\n{timezone.localdate().isoformat()}: {words.strip()}".strip()
        rows = Instruction.objects.filter(pk=instruction.pk, state__in=before)
        if not rows.update(state=after, settled_on=settled, words=said):
            raise Refused("Somebody was faster: this instruction has moved on.", code="state_conflict")
        log.record(EVENTS[verb], actor=actors.staff(by.pk), noun=instruction, client=instruction.client.key)
