"""Who may do what to a case, through the door: each role presses each button, allowed or not."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client

from audit.models import Event
from connectors.models import Finding, LegalHold
from privacyops import roles
from requests_app import laws, review
from requests_app.models import Letter, Request
from tests.desk import builders
from tests.desk.builders import ADA, QUEUE, browser, colleague, fresh, in_review, mark, press

Press = Callable[[Client, Request], object]
WORKING = {"Agent", "Reviewer", "Privacy officer"}
LOOKING = {*WORKING, "Legal", "Auditor"}
DECIDING = {"Reviewer", "Privacy officer"}
OFFICER = {"Privacy officer"}


def finding(request: Request) -> Finding:
    return Finding.objects.get(batch=request.batch_id, collection="applications")


def ground(request: Request) -> str:
    return next(one.code for one in laws.grounds(request) if one.keeps)


def order(verb: str) -> Press:
    def run(client: Client, request: Request) -> object:
        parked = builders.park(request)
        given = {"form": "waive", "reason_code": "done_by_hand"} if verb == "waive" else {}
        return client.post(f"{QUEUE}{request.pk}/order/{parked.pk}/{verb}/", given)

    return run


def proposed(name: str, **given: str) -> Press:
    """A button that is there once somebody else has proposed."""

    def run(client: Client, request: Request) -> object:
        review.propose(fresh(request), by=builders.root("proposer"), fingerprint=mark(request))
        return press(client, request, name, fingerprint=mark(request), **given)

    return run


# Button, who may press it, how it is pressed.
BUTTONS: dict[str, tuple[set[str], Press]] = {
    "give to a colleague": (
        WORKING,
        lambda client, one: press(client, one, "assign", to=str(colleague("Reviewer", "other").pk)),
    ),
    "watch": (LOOKING, lambda client, one: client.post(f"{QUEUE}{one.pk}/team/watch/")),
    "take": (WORKING, lambda client, one: press(client, one, "take")),
    "propose an erasure": (DECIDING, lambda client, one: press(client, one, "propose", fingerprint=mark(one))),
    "approve an erasure": (OFFICER, proposed("approve")),
    "send back": (OFFICER, proposed("send_back", reason_code="incomplete")),
    "search again": (DECIDING, lambda client, one: press(client, one, "collect_again")),
    "deny": (OFFICER, lambda client, one: press(client, one, "deny", ground=laws.grounds(one)[0].code, note="A claim.")),
    "keep a finding": (
        DECIDING,
        lambda client, one: client.post(
            f"{QUEUE}{one.pk}/finding/{finding(one).pk}/", {"ground": ground(one), "note": "until 2030"}
        ),
    ),
    "mask a finding": (
        DECIDING,
        lambda client, one: client.post(f"{QUEUE}{one.pk}/finding/{finding(one).pk}/", {"action": "mask"}),
    ),
    "retry an order": (OFFICER, order("retry")),
    "give an order up": (OFFICER, order("waive")),
    "write a note": (WORKING, lambda client, one: client.post(f"{QUEUE}{one.pk}/note/", {"text": "Called her."})),
    "retry a letter": (DECIDING, lambda client, one: letter_again(client, one)),
}  # fmt: skip


def letter_again(client: Client, request: Request) -> object:
    Letter.objects.filter(request=request).update(state="parked", park_reason="Refused.")
    return client.post(f"{QUEUE}{request.pk}/letter/{request.letters.first().pk}/again/")


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_each_role_does_what_the_table_says_and_nothing_else(company, role):
    request = in_review("delete")
    by = colleague(role)
    desk, deeds = browser(by), Event.objects.filter(actor=f"staff:{by.pk}")
    for name, (allowed, pressed) in BUTTONS.items():
        with transaction.atomic():
            answer = pressed(desk, request)
            if role in allowed:
                assert answer.status_code == 302, f"{role} may {name}: {answer.status_code} {said(answer)}"
                assert deeds.exists(), f"{role}: {name} left no event"
            else:
                assert answer.status_code in (403, 422), f"{role} may not {name}: {answer.status_code}"
                assert not deeds.exists(), f"{role}: {name} was refused and left an event"
            transaction.set_rollback(True)


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_whoever_may_not_press_a_button_is_not_shown_it(company, role):
    request = in_review("delete")
    answer = browser(colleague(role)).get(builders.case(request))
    if role not in {"Agent", "Reviewer", "Privacy officer", "Legal", "Auditor"}:
        assert answer.status_code == 403
        return
    page = answer.content.decode()
    for name in ("take", "propose an erasure", "search again", "deny"):
        url = {"propose an erasure": "propose", "search again": "collect_again"}.get(name, name)
        assert (f"/do/{url}/" in page) == (role in BUTTONS[name][0]), f"{role}: {name}"
    assert ("/note/" in page) == (role in WORKING)
    assert ("/reveal/" in page) == (role in WORKING)
    assert (f'/finding/{finding(request).pk}/"' in page) == (role in DECIDING)


@pytest.mark.parametrize("role", ["Legal", "Auditor", "System owner", "Administrator"])
def test_who_only_looks_never_sees_what_is_personal(company, role):
    request = in_review("access")
    desk = browser(colleague(role))
    assert desk.post(f"{QUEUE}{request.pk}/reveal/").status_code == 403
    assert desk.get(f"{QUEUE}{request.pk}/finding/{finding(request).pk}/rows/").status_code == 403
    assert desk.get(f"{QUEUE}{request.pk}/letter/{request.letters.first().pk}/").status_code == 403
    assert not builders.events("subject.revealed").exists()


def test_an_agent_proposes_a_copy_and_whoever_decides_approves_it(company):
    request = in_review("access")
    agent, reviewer = browser(colleague("Agent")), browser(colleague("Reviewer"))
    shown = mark(request)
    assert press(agent, request, "propose", fingerprint=shown).status_code == 302
    assert (fresh(request).state, fresh(request).proposed_by.username) == ("in_review", "agent")
    assert press(agent, request, "approve", fingerprint=shown).status_code == 422
    assert press(reviewer, request, "approve", fingerprint=shown).status_code == 302
    assert (fresh(request).state, fresh(request).approved_by.username) == ("delivering", "reviewer")


def test_the_second_person_is_another_person_also_for_who_may_do_everything(company):
    request = in_review("delete")
    boss = browser(builders.root())
    shown = mark(request)
    assert press(boss, request, "propose", fingerprint=shown).status_code == 302
    answer = press(boss, request, "approve", fingerprint=shown)
    assert answer.status_code == 422
    assert "somebody else has to approve it" in said(answer)
    assert fresh(request).state == "in_review"


def test_holds_are_placed_by_the_officer_and_by_legal_and_ended_by_two_of_them(company):
    in_review("delete")
    form = {"email": ADA, "matter": "Case 4711", "reason": "A claim", "review_on": "2030-01-01"}
    colleagues = {role: colleague(role) for role in roles.ROLES}
    for role, one in colleagues.items():
        desk, may = browser(one), role in ("Privacy officer", "Legal")
        with transaction.atomic():
            answer = desk.post("/admin/connectors/legalhold/add/", form)
            assert (answer.status_code, LegalHold.objects.count()) == ((302, 1) if may else (403, 0)), role
            if may:
                hold = LegalHold.objects.get()
                assert hold.placed_by == one
                other = browser(colleagues["Legal" if role != "Legal" else "Privacy officer"])
                doing = f"/admin/connectors/legalhold/{hold.pk}/do/"
                assert desk.post(f"{doing}ask_release/", {"reason": "Settled."}).status_code == 302
                desk.post(f"{doing}release/")
                hold.refresh_from_db()
                assert hold.released_at is None, "whoever asks does not grant"
                assert other.post(f"{doing}release/").status_code == 302
                hold.refresh_from_db()
                assert hold.released_at is not None and hold.release_asked_by == one
            transaction.set_rollback(True)


def test_the_table_of_roles_can_be_applied_twice(db):
    roles.sync()
    before = permissions()
    roles.sync()
    assert permissions() == before
    assert set(before) == set(roles.ROLES)
    assert not any("delete_" in name for names in before.values() for name in names)
    assert not any(name.startswith(("add_", "change_")) for name in before["Auditor"])


def permissions() -> dict[str, set[str]]:
    return {one.name: set(one.permissions.values_list("codename", flat=True)) for one in Group.objects.all()}


def said(answer: object) -> str:
    return " ".join(str(one) for one in answer.context["messages"]) if answer.context else ""
