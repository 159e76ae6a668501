"""Our own house: a closed case loses everything personal when its time is over, and the chain of events stands."""

import uuid
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.utils import timezone

from audit import log
from audit.actor import Actor, person
from audit.models import Event
from connectors import batches, engine, holds
from consent import choices, forgetting
from consent.models import Choice
from inventory.models import Purpose
from requests_app import acts, clearing, conversation, uploads
from requests_app.models import Letter, Note, Request
from retention import erased, house, nights, redoing, replays, runs, sealed, sealing, versions
from retention.models import Cleared, Erased, Run, Schedule, SealedEntry
from subjects.fields import EncryptedTextField
from subjects.models import DataSubject, Identifier
from tests.requests_app.builders import ask, colleague, prove, pump
from tests.requests_app.test_leftovers import erase

pytestmark = pytest.mark.django_db
MARKS = ("ada@example.org", "Ada Lovelace", "canary-words", "canary-file", "canary-note", "canary-answer", "+49301")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "files"
    return settings.UPLOAD_DIR


@pytest.fixture
def keepers(db) -> SimpleNamespace:
    """Nora writes schedules, Paula approves them and their runs."""
    both = ("retention.change_schedule", "retention.approve_scheduleversion", "retention.approve_run")
    return SimpleNamespace(nora=colleague("nora", *both), paula=colleague("paula", *both))


def who(request: Request) -> Actor:
    return person(request.subject_id)


def case(rita) -> Request:
    """Ada wrote, sent a file, was asked, was noted about, and her rows were erased; all long ago."""
    request = ask("delete", details="canary-words of the form")
    prove(request)
    pump()
    given = uploads.Given("canary-file.txt", b"canary-file content\n")
    conversation.write(request, words="canary-words", files=[given], actor=who(request))
    acts.ask(request, by=rita, reason="clarification", question="canary-words?")
    conversation.answer(request, words="canary-answer", files=[], nonce="n", actor=who(request))
    Note.objects.create(request=request, author=rita, text="canary-note")
    request = erase(request, rita)
    assert request.state == "closed", request.attention
    return request


def ago(request: Request, months: int) -> None:
    Request.objects.filter(pk=request.pk).update(closed_at=timezone.now() - timedelta(days=31 * months))


def leaks() -> list[str]:
    """Every table of the portal, decrypted: where a mark of the case stands."""
    found = []
    for model in apps.get_models():
        for row in model._default_manager.all():
            words = " ".join(str(getattr(row, one.attname)) for one in model._meta.concrete_fields)
            found += [f"{model._meta.label}: {mark}" for mark in MARKS if mark.lower() in words.lower()]
    return sorted(set(found))


def scheduled(keepers) -> Schedule:
    [schedule] = house.describe(by=keepers.nora)
    assert not schedule.active and house.describe(by=keepers.nora) == []
    return versions.approve(schedule.versions.get(), by=keepers.paula)


def run_it(schedule: Schedule, keepers) -> Run:
    run = runs.propose(schedule, actor=who(Request.objects.first()), today=timezone.localdate())
    work()
    run = Run.objects.get(pk=run.pk)
    if run.state == "proposed":
        runs.approve(run, by=keepers.paula, rows=run.rows)
        Run.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        work()
    return Run.objects.get(pk=run.pk)


def work() -> None:
    for _ in range(8):
        for pk in batches.claimable(timezone.now()).values_list("pk", flat=True):
            engine.run(pk)
        for pk in runs.can_move(timezone.now()):
            runs.advance(pk)


def test_after_the_run_the_chain_verifies_and_nothing_personal_of_the_case_is_left(
    company, rita, keepers, folder, django_capture_on_commit_callbacks
) -> None:
    request = case(rita)
    ago(request, 25)
    assert erased.remember_finished() == 1
    before = leaks()
    assert len(before) > 8 and any(folder.rglob("*.*")) | any(one.is_file() for one in folder.rglob("*"))
    schedule = scheduled(keepers)
    with django_capture_on_commit_callbacks(execute=True):
        run = run_it(schedule, keepers)
    assert (run.state, run.rows) == ("done", 1), run.note
    assert run.certificate["collections"]["portal.cases"]["erased"] == 1
    assert [one for one in leaks() if "disclosures.Recipient" not in one] == []
    assert [one for one in folder.rglob("*") if one.is_file()] == []
    assert list(log.faults()) == [], "the chain verifies"
    subject = DataSubject.objects.get(pk=request.subject_id)
    assert subject.forgotten_at and not Identifier.objects.filter(subject=subject).exists()
    after = Request.objects.get(pk=request.pk)
    assert (after.reference, after.right, after.outcome, after.received_at) == (
        request.reference, request.right, request.outcome, request.received_at,
    )  # fmt: skip
    assert Event.objects.filter(name="house.cleared").count() == 1 and Letter.objects.filter(request=request).exists()
    assert erased.asked([("email", "ADA@example.org"), ("email", "bob@example.org")])[1] is None
    assert erased.asked([("email", "ADA@example.org")])[0] and Erased.objects.exists()
    assert run_it(schedule, keepers).state == "nothing", "once is enough"


def test_what_is_not_over_or_under_hold_or_appealed_stays(company, rita, keepers) -> None:
    request = case(rita)
    schedule = scheduled(keepers)
    ago(request, 23)
    assert run_it(schedule, keepers).state == "nothing"
    ago(request, 25)
    hold = holds.place(
        DataSubject.objects.get(pk=request.subject_id), matter="m", reason="r", review_on=date(2030, 1, 1), by=rita
    )
    assert run_it(schedule, keepers).state == "nothing" and leaks()
    night = nights.count(schedule, timezone.localdate())
    assert (night.past, night.held, night.unexplained) == (1, 1, 0)
    type(hold).objects.all().update(released_at=timezone.now(), by_one=True)
    appeal = ask("access")
    Request.objects.filter(pk=appeal.pk).update(follows=request)
    assert not clearing.over().exists(), "an appeal is open"


def test_a_person_with_another_open_case_is_still_known(company, rita, keepers) -> None:
    request = case(rita)
    ago(request, 25)
    other = ask("access")
    assert run_it(scheduled(keepers), keepers).state == "done"
    assert Identifier.objects.filter(subject=other.subject_id).exists()
    assert Request.objects.get(pk=other.pk).identifier is not None


def test_the_cleared_case_can_still_be_opened_on_the_desk(company, rita, keepers, client) -> None:
    request = case(rita)
    ago(request, 25)
    run_it(scheduled(keepers), keepers)
    rita.is_superuser = True
    rita.save()
    client.force_login(rita)
    assert client.get(f"/admin/requests_app/request/{request.pk}/change/").status_code == 200


def test_every_encrypted_field_of_a_case_is_cleared_or_is_none_of_a_case() -> None:
    """A new field that holds personal data cannot be forgotten: name it in `clearing`, or say here why it is not of a case."""
    not_of_a_case = {
        "connectors.Connection.address", "consent.Subscription.secret", "requests_app.Pack.reason", "requests_app.Pack.key",
        "subjects.Identifier.value",
        # Settings: ways to recipients, stores of backups.
        "disclosures.Channel.secret", "disclosures.Channel.old_secret", "disclosures.Channel.naming_key",
        "retention.CopySet.address",
        # Registers of their own, with a time of their own: holds, demands, transactions, releases, subscribers.
        "connectors.RowHold.values", "disclosures.ClientAnswer.signed_by",
        "disclosures.LegalDemand.signed_by", "disclosures.LegalDemand.authority_reference",
        "disclosures.LegalDemand.asks", "disclosures.LegalDemand.scope_note", "disclosures.LegalDemand.considered",
        "disclosures.LegalDemand.ground_note", "disclosures.DemandPerson.objection", "disclosures.DemandCheck.note",
        "disclosures.DemandFile.label", "disclosures.DemandFile.key", "disclosures.RoomItem.shown_to",
        "disclosures.RoomItem.reason", "disclosures.Subscriber.email", "disclosures.ReleaseProposal.columns",
        "disclosures.ReleaseProposal.failing", "disclosures.ReleaseProposal.preview", "disclosures.ReleasePortion.body",
    }  # fmt: skip
    tables = (*clearing.BLANKS, *clearing.BATCHES, *clearing.TOLD)
    covered = {f"{model._meta.label}.{name}" for model, _, blank in tables for name in blank}
    covered |= {f"{model._meta.label}.{one.name}" for model, _ in clearing.GONE for one in model._meta.concrete_fields}
    sealed = {
        f"{model._meta.label}.{one.name}"
        for model in apps.get_models()
        for one in model._meta.concrete_fields
        if isinstance(one, EncryptedTextField)
    }
    assert sealed - covered - not_of_a_case == set()


def test_what_goes_by_itself_is_registered_with_its_time() -> None:
    known = {one.key: one for one in house.purges()}
    assert {"packages", "files", "mails", "sessions", "sweeps"} <= set(known)
    assert all(one.after() and one.late(timezone.now()) == 0 for one in known.values())


def cleared(request: Request) -> None:
    ago(request, 25)
    assert clearing.clear([str(request.pk)]) == 1


def test_a_case_that_a_restore_brought_back_is_cleared_again(
    company, rita, settings, tmp_path, django_capture_on_commit_callbacks
) -> None:
    settings.SEALED_DIR = str(tmp_path / "sealed")
    request, at = case(rita), timezone.now()
    ago(request, 25)
    dump = {model: list(model._default_manager.all()) for model in (Request, Letter, Note, Identifier)}
    cleared(request)
    assert DataSubject.objects.get(pk=request.subject_id).forgotten_at
    assert sealing.complete() and sealing.sweep() == 0
    entry = SealedEntry.objects.get(kind="own")
    assert sealed.payload(entry) == {"case": request.pk.hex} and entry.system == ""
    Cleared.objects.filter(store="cases").delete()  # as the backup has it
    for rows in dump.values():
        type(rows[0])._default_manager.bulk_create(
            [one for one in rows if type(one) is not Request], ignore_conflicts=True
        )
    Letter.objects.bulk_update(dump[Letter], ["body", "to", "identifier"])
    Request.objects.bulk_update(dump[Request], ["details", "identifier"])
    Note.objects.bulk_update(dump[Note], ["text"])
    assert leaks() and Identifier.objects.filter(subject=request.subject_id).exists()
    replay = replays.open_replay("", at, by=None, actor=clearing.CLEARER)
    for _ in range(5):
        replays.advance(replay.pk)
    replay.refresh_from_db()
    assert replay.state == "done" and replay.certificate["kinds"]["own"]["changed"] == 1
    assert not [one for one in leaks() if "disclosures.Recipient" not in one and "SealedEntry" not in one]
    assert not Identifier.objects.filter(subject=request.subject_id).exists()
    payload = [{"case": request.pk.hex}, {"case": uuid.uuid4().hex}]
    assert redoing.sources["own"].redo(payload) == redoing.Redone(1, 0, 0), "once is enough"


def test_a_case_that_is_held_by_now_is_not_cleared_again(company, rita) -> None:
    request = case(rita)
    ago(request, 25)
    subject = DataSubject.objects.get(pk=request.subject_id)
    holds.place(subject, matter="m", reason="r", review_on=date(2030, 1, 1), by=rita)
    assert redoing.sources["own"].redo([{"case": request.pk.hex}]) == redoing.Redone(1, 0, 1) and leaks()


YEARS = timedelta(days=365)


@pytest.mark.parametrize(
    ("granted", "chosen", "expires", "forgotten"),
    [
        (True, 9, 8, True),  # ended, and nobody can claim any more that it was not there
        (True, 5, 4, False),  # ended, and may have to be proved
        (True, 1, None, False),  # holds until it ends or is withdrawn
        (False, 9, None, False),  # a No holds until they choose otherwise
    ],
)
def test_a_person_is_forgotten_once_no_choice_holds_or_has_to_be_proved(
    company, rita, granted, chosen, expires, forgotten
) -> None:
    request, now = case(rita), timezone.now()
    subject = DataSubject.objects.get(pk=request.subject_id)
    purpose = Purpose.objects.create(key="club", name="Club", description="d", lawful_basis="consent")
    how = choices.How(expires_at=now - expires * YEARS if expires else None, evidence={"form": "sheet"})
    one = choices.record(
        subject, purpose, granted, source="portal", actor=clearing.CLEARER, how=how, chosen_at=now - chosen * YEARS
    )
    cleared(request)
    subject.refresh_from_db()
    assert bool(subject.forgotten_at) == forgotten and Identifier.objects.filter(subject=subject).exists() != forgotten
    kept = Choice.objects.get(pk=one.pk)
    assert (kept.granted, kept.chosen_at, kept.evidence == {}) == (granted, one.chosen_at, forgotten), "the proof stays"


def test_an_ended_yes_does_not_count_where_a_no_came_later_and_who_chose_for_a_child_is_known(company, rita) -> None:
    now, request = timezone.now(), case(rita)
    subject = DataSubject.objects.get(pk=request.subject_id)
    purpose = Purpose.objects.create(key="club", name="Club", description="d", lawful_basis="consent")
    assert not forgetting.needed([subject.pk], now)
    how = choices.How(expires_at=now - 8 * YEARS)
    given = {"source": "portal", "actor": clearing.CLEARER}
    choices.record(subject, purpose, True, how=how, chosen_at=now - 9 * YEARS, **given)
    assert not forgetting.needed([subject.pk], now) and forgetting.needed([subject.pk], now - 5 * YEARS)
    choices.record(subject, purpose, False, chosen_at=now - 8 * YEARS, **given)
    assert forgetting.needed([subject.pk], now)
    child, parent = DataSubject.objects.create(), DataSubject.objects.create()
    how = choices.How(expires_at=now - 8 * YEARS, guardian=parent)
    choices.record(child, purpose, True, how=how, chosen_at=now - 9 * YEARS, **given)
    assert not forgetting.needed([child.pk], now) and forgetting.needed([parent.pk], now)
