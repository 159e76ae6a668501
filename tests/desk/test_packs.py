"""The pack for a regulator: what is in it, whom it shows, how anyone checks it, and who may have it until when."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import leases
from audit.refusal import Refused
from privacyops.packs import building, masks
from requests_app import acts, delivery, review
from requests_app.models import Message, Pack
from tests.desk import builders
from tests.desk.builders import ADA, browser, case, colleague, events, fresh, mark
from tests.requests_app.builders import pump

PACKS = "/admin/packs/"
WHY = "The authority asked for the letters in full."


@pytest.fixture
def maya(company):
    return colleague("Privacy officer", "maya")


@pytest.fixture
def closed(company, maya):
    """Ada's erasure, asked about, denied in parts, carried out; and some words of hers."""
    request = builders.in_review("delete", details="I moved out. Ada")
    acts.ask(request, by=maya, reason="clarification", question="Dear Ada Lovelace, is ada@example.org yours?")
    acts.answer(request, actor=builders.TESTS, words="Yes, it is mine.")
    Message.objects.create(request=request, author="person", text="My words are mine.", written_at=timezone.now())
    rita = colleague("Reviewer", "rita")
    review.propose(request, by=rita, fingerprint=mark(request))
    review.approve(fresh(request), by=maya, fingerprint=mark(request))
    pump()
    assert fresh(request).state == "closed"
    return fresh(request)


def made(**about) -> Pack:
    pack = building.ask(**about)
    building.build(pack.pk)
    return Pack.objects.get(pk=pack.pk)


def unpacked(pieces, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        archive.extractall(folder / "unpacked")
    return next((folder / "unpacked").iterdir())


def verified(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "verify.py", *more], cwd=folder, capture_output=True, text=True, check=False)


def everything(folder: Path) -> str:
    return "\n".join(one.read_text() for one in folder.rglob("*") if one.is_file() and one.suffix != ".pdf")


def test_a_pack_of_a_case_tells_everything_and_shows_nobody(closed, maya, tmp_path):
    desk = browser(colleague("Auditor"))
    assert desk.post(PACKS, {"request": str(closed.pk)}).status_code == 302
    building.build(Pack.objects.get().pk)
    answer = desk.post(f"{PACKS}{Pack.objects.get().pk}/")
    folder = unpacked(answer.streaming_content, tmp_path)
    assert f"evidence-{closed.reference}.zip" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    names = {one.name for one in (folder / "data" / closed.reference).iterdir()}
    assert {
        "case.pdf", "case.csv", "clocks.csv", "pauses.csv", "decisions.csv", "work.csv", "recipients-told.csv",
        "legal-holds.csv", "timeline.csv", "events.jsonl", "letters", "conversation.csv",
    } == names  # fmt: skip
    letters = list((folder / "data" / closed.reference / "letters").iterdir())
    assert len(letters) == closed.letters.count() and all(one.read_bytes().startswith(b"%PDF") for one in letters)
    text = everything(folder)
    for secret in (ADA, "Ada Lovelace", "Lovelace", "I moved out", "My words are mine", "Yes, it is mine"):
        assert secret not in text, secret
    assert "GDPR" in text and "art. 12(3)" in text and "a•••@example.org" in text
    assert "Dear A••• L•••, is a•••@example.org yours?" in text
    assert (folder / "data" / "pack.json").read_text().count('"masked"') == 1


def test_letters_in_it_are_masked_and_bear_no_link_that_is_the_persons(closed):
    mask = masks.of(closed, clear=False)
    for letter in closed.letters.all():
        shown = mask.text(letter.body)
        assert ("Ada" not in shown and "/proof/…" in shown) or "/proof/" not in letter.body
        assert not [word for word in shown.split() if "/stop/" in word and "…" not in word]
    assert mask.text("ADA LOVELACE and Adana") == "A••• L••• and Adana", "whole words only, in any case"
    assert masks.of(closed, clear=True).text("Ada: https://x/proof/abc_-9") == "Ada: https://x/proof/…"


def test_with_personal_data_only_for_a_reason_and_only_for_who_may_reveal(closed, maya, tmp_path):
    auditor = colleague("Auditor")
    with pytest.raises(Refused, match="masked data only"):
        building.ask(by=auditor, request=closed, clear=True, reason=WHY)
    with pytest.raises(Refused, match="why it needs personal data"):
        building.ask(by=maya, request=closed, clear=True, reason="because")
    with pytest.raises(IntegrityError), transaction.atomic():
        Pack.objects.create(request=closed, clear=True, asked_by=maya)
    page = browser(maya).post(PACKS, {"request": str(closed.pk), "clear": "on", "reason": "short"})
    assert page.status_code == 422 and 'value="short"' in page.content.decode() and not Pack.objects.exists()
    pack = made(by=maya, request=closed, clear=True, reason=WHY)
    assert browser(auditor).post(f"{PACKS}{pack.pk}/").status_code == 302
    assert not events("pack.fetched").exists(), "nor may they fetch what somebody else ordered"
    folder = unpacked(building.fetch(pack, by=maya), tmp_path)
    assert ADA in everything(folder) and "My words are mine" in everything(folder)
    event = events("pack.fetched").get()
    assert event.facts == {"clear": True, "download": 1} and event.subject_id == closed.subject_id
    assert WHY not in browser(auditor).get(PACKS).content.decode()


def test_anyone_can_check_a_pack_and_every_change_is_found(closed, maya, tmp_path):
    folder = unpacked(building.fetch(made(by=maya, request=closed), by=maya), tmp_path / "one")
    good = verified(folder)
    assert good.returncode == 0 and "SOUND" in good.stdout, good.stdout + good.stderr
    place = folder / "data" / closed.reference / "clocks.csv"
    honest = place.read_bytes()
    place.write_bytes(honest + b"one more\n")
    assert "clocks.csv was changed" in verified(folder).stdout
    place.write_bytes(honest)
    stray = folder / "data" / "stray.txt"
    stray.write_text("x")
    assert "was added" in verified(folder).stdout
    stray.unlink()

    lines = (folder / "data" / closed.reference / "events.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    first["body"][3] = "staff:999"
    forge(folder, [json.dumps(first), *lines[1:]], closed)
    assert "is not what its digest says" in verified(folder).stdout
    body = json.dumps(first["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    first["digest"] = hashlib.sha256(body.encode()).hexdigest()
    forge(folder, [json.dumps(first), *lines[1:]], closed)
    assert "does not stand in the chain" in verified(folder).stdout
    forge(folder, lines, closed)
    assert verified(folder).returncode == 0

    other = unpacked(building.fetch(made(by=maya, request=closed), by=maya), tmp_path / "two")
    theirs = other / "data" / "chain.csv"
    both = verified(folder, str(theirs))
    assert both.returncode == 0 and "links compared" in both.stdout
    number = first["body"][0]
    theirs.write_text(theirs.read_text().replace(f"\n{number},", f"\n{number},0"))
    assert "has another digest in the other pack" in verified(folder, str(theirs)).stdout


def forge(folder: Path, lines: list[str], request) -> None:
    """New events, and the list of sums mended to fit."""
    name = f"data/{request.reference}/events.jsonl"
    (folder / name).write_text("\n".join(lines) + "\n")
    sums = folder / "manifest-sha256.txt"
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    rows = [f"{digest}  {name}" if row.endswith(f"  {name}") else row for row in sums.read_text().splitlines()]
    sums.write_text("\n".join(rows) + "\n")


def test_a_period_holds_its_cases_and_its_report(closed, maya, tmp_path, monkeypatch):
    today = timezone.localdate()
    pack = made(by=maya, first=today, last=today)
    folder = unpacked(building.fetch(pack, by=maya), tmp_path)
    assert pack.cases == 1 and (folder / "data" / "report.pdf").exists()
    assert closed.reference in (folder / "data" / "cases.csv").read_text()
    assert verified(folder).returncode == 0
    past = today - timedelta(days=400)
    for first, last, words in ((today, past, "first and the last day"), (past, past, "No request arrived")):
        with pytest.raises(Refused, match=words):
            building.ask(by=maya, first=first, last=last)
    monkeypatch.setattr(building, "MOST_CASES", 0)
    with pytest.raises(Refused, match="at most 0"):
        building.ask(by=maya, first=today, last=today)


def test_a_pack_lies_encrypted_is_destroyed_on_its_day_and_is_no_leaving_before(closed, maya, settings):
    pack = made(by=maya, request=closed)
    stored = settings.PARCEL_DIR / pack.file_name
    assert stored.read_bytes().startswith(b"POSEAL1") and closed.reference.encode() not in stored.read_bytes()
    old = (timezone.now() - timedelta(hours=3)).timestamp()
    os.utime(stored, (old, old))
    delivery.tidy_folder(timezone.now())
    assert stored.exists()
    later = timezone.now() + timedelta(days=building.PACK_DAYS + 1)
    assert building.destroy_expired(later) == 1 and not stored.exists()
    pack.refresh_from_db()
    assert (pack.state, pack.key, pack.file_name) == ("expired", "", "")
    with pytest.raises(Refused, match="destroyed"):
        building.fetch(pack, by=maya)
    assert [events(f"pack.{one}").count() for one in ("asked", "built", "fetched", "destroyed")] == [1, 1, 0, 1]
    assert events("pack.built").get().facts["digest"] == pack.digest


def test_a_worker_that_dies_or_is_overtaken_leaves_a_pack_that_the_next_one_builds(closed, maya):
    pack = building.ask(by=maya, request=closed)
    row = leases.claim(Pack.objects.all(), pack.pk, timezone.now())  # and then it dies
    assert building.waiting(timezone.now()) == []
    Pack.objects.filter(pk=pack.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert building.waiting(timezone.now()) == [pack.pk]
    building.build(pack.pk)
    with pytest.raises(leases.Fenced):
        leases.release(Pack, pack.pk, row.fence, state="ready")
    assert Pack.objects.get().state == "ready"


def test_only_those_whose_role_makes_packs_see_the_page_and_the_button(closed):
    for role, may in (("Agent", False), ("Reviewer", False), ("Legal", True), ("Auditor", True)):
        desk = browser(colleague(role, f"x-{role}"))
        assert desk.get(PACKS).status_code == (200 if may else 403), role
        assert desk.post(PACKS, {"request": str(closed.pk)}).status_code == (302 if may else 403)
        assert ("Make a pack for a regulator" in desk.get(case(closed)).content.decode()) == may
    assert Pack.objects.count() == 2
    assert "No request arrived" in said(browser(colleague("Legal", "other")))


def said(desk) -> str:
    return desk.post(PACKS, {"first": "2001-01-01", "last": "2001-01-02"}).content.decode()
