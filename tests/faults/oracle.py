"""The eight questions, asked the same way after every disturbance."""

from collections import Counter
from typing import Any

from tests.faults import company
from tests.faults.house import House

SETTLED = {"done", "waived", "parked"}


def judge(house: House, seen: dict[str, Any], *, asked: list[str], touched: list[str], before: str) -> None:
    """Raise AssertionError with all answers that are wrong.

    `asked`: references that were acknowledged; `touched`: people whose rows may change; `before`: digest of all others.
    """
    wrong = [
        *_o1_nothing_acknowledged_is_lost(seen, asked),
        *_o2_effects_happened_once(house, seen),
        *([] if company.others(house.database, *touched) == before else ["O3: a row of somebody else changed"]),
        *_o4_letters_arrived(house, seen),
        *_o5_the_log_holds(seen),
        *_o6_nothing_is_stuck(seen),
        *_o7_no_personal_data_outside(house, seen),
        *[f"O8: {ref} has no clock" for ref, one in seen["requests"].items() if not one["clocks"]],
    ]
    assert not wrong, "\n".join(wrong)


def _o1_nothing_acknowledged_is_lost(seen: dict[str, Any], asked: list[str]) -> list[str]:
    return [f"O1: {ref} was acknowledged and is gone" for ref in asked if ref not in seen["requests"]]


def _o2_effects_happened_once(house: House, seen: dict[str, Any]) -> list[str]:
    found = company.effects(house.database)
    wrong = [
        f"O2: {key} was changed {times} times" for key, times in found.items() if times > 1 and key[0] != "messages"
    ]
    # A message to oneself is found by both of its links: its two sides are masked by two statements.
    wrong += [f"O2: {key} was changed {times} times" for key, times in found.items() if times > 2]
    done = sum(order["rows_done"] for order in seen["orders"] if order["operation"] != "find")
    if done != seen["receipt_rows"]:
        wrong.append(f"O2: orders say {done} rows, receipts say {seen['receipt_rows']}")
    return wrong


def _o4_letters_arrived(house: House, seen: dict[str, Any]) -> list[str]:
    arrived = Counter(house.sink.ids)
    wrong = []
    for letter in [*seen["letters"], *seen["notices"]]:
        if letter["state"] in ("sent", "acknowledged") and not arrived[letter["message_id"]]:
            wrong.append(f"O4: {letter['kind']} is marked sent and never arrived")
        if arrived[letter["message_id"]] > 2:
            wrong.append(f"O4: {letter['kind']} arrived {arrived[letter['message_id']]} times")
    return wrong


def _o5_the_log_holds(seen: dict[str, Any]) -> list[str]:
    wrong = [f"O5: {fault}" for fault in seen["chain"]]
    repeated = [move for move, times in Counter(map(tuple, seen["moves"])).items() if times > 1]
    # A case may go back to collecting once its findings are stale; the same move twice is otherwise a lost race.
    return wrong + [f"O5: moved twice: {move}" for move in repeated if "collecting" not in move[1]]


def _o6_nothing_is_stuck(seen: dict[str, Any]) -> list[str]:
    wrong = [f"O6: order {order}" for order in seen["orders"] if order["state"] not in SETTLED]
    wrong += [f"O6: letter {one['kind']} is {one['state']}" for one in seen["letters"] if one["state"] == "queued"]
    for ref, one in seen["requests"].items():
        waits_for_people = one["attention"] or one["state"] in ("in_review", "verifying")
        if one["state"] != "closed" and not waits_for_people:
            wrong.append(f"O6: {ref} stands in {one['state']} and nobody is told")
    return wrong


def _o7_no_personal_data_outside(house: House, seen: dict[str, Any]) -> list[str]:
    log = house.log.read_text(errors="replace")
    canaries = [*company.PEOPLE.values(), "Faultproof", "Newname"]
    wrong = [f"O7: {canary!r} is in the children's log" for canary in canaries if canary in log]
    return wrong + [f"O7: {canary!r} is in an event" for canary in canaries if canary in seen["event_text"]]
