import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit import actor as actors
from audit import failpoints
from audit.models import Event
from audit.refusal import Refused
from connectors import batches
from requests_app import delivery, proof, review, workflow
from requests_app.models import Parcel, PersonSession, Request
from subjects import registry, sealed
from tests.requests_app.builders import ask, link_in, prove, pump
from tests.requests_app.packages import Opened

ADA, BOB = "ada@example.org", "bob@example.org"
CANARY = "<script>alert(1)</script>"


@pytest.fixture
def parcel(company, rita) -> Parcel:
    """Ada's package, ready."""
    return ready(rita)


def ready(rita, email: str = "ada@example.org") -> Parcel:
    request = ask("access", email=email)
    prove(request)
    pump()
    review.propose(request, by=rita, fingerprint=batches.fingerprint(Request.objects.get(pk=request.pk).batch))
    pump()
    parcel = Parcel.objects.get(request=request)
    assert parcel.state == "ready", parcel.park_reason
    return parcel


def fresh_session(request: Request) -> PersonSession:
    now = datetime.now(UTC)
    proof.send(request, "fresh", actor=actors.person(request.subject_id), now=now)
    body = request.letters.filter(kind="fresh").order_by("-queued_at").first().body
    return proof.session(proof.exchange(link_in(body), now=now).cookie, now=now)


def fetch(parcel: Parcel, session: PersonSession, now: datetime | None = None) -> bytes:
    return b"".join(delivery.stream(parcel, session, now=now or datetime.now(UTC)))


unzip = Opened


def test_a_package_holds_what_we_hold_in_pages_tables_and_json(parcel):
    data = fetch(parcel, fresh_session(parcel.request))
    archive = unzip(data)
    names = set(archive.names())
    assert {
        "index.html",
        "README.txt",
        "data/site.people.html",
        "data/site.people.csv",
        "data/site.people.json",
    } <= names
    assert json.loads(archive.read("data/site.people.json"))[0]["email"] == "ada@example.org"
    letters = [row["letter"] for row in json.loads(archive.read("data/site.applications.json"))]
    assert sorted(letters) == ["=cmd|'/c calc'!A1", "Dear team, I count well."]
    rows = list(csv.DictReader(io.StringIO(archive.read("data/site.applications.csv").decode("utf-8-sig"))))
    assert {row["letter"] for row in rows} == {"'=cmd|'/c calc'!A1", "Dear team, I count well."}
    index = archive.read("index.html").decode()
    for words in ("Applications you sent", "Finding you a job", "From you", "Mill &amp; Sons", "AdNet", "complain"):
        assert words in index
    assert "ten years after the invoice" in index
    assert '<th scope="col">full_name</th>' in archive.read("data/site.people.html").decode()
    own = json.loads(archive.read("data/privacy_centre.json"))
    assert own["requests"][0]["reference"] == parcel.request.reference
    assert len(data) == parcel.size
    assert parcel.rows == 4


def test_nobody_elses_data_is_in_it(parcel):
    archive = unzip(fetch(parcel, fresh_session(parcel.request)))
    everything = archive.text()
    assert "Ada Lovelace" in everything
    assert "Bob" not in everything


def test_what_people_typed_cannot_run_in_the_page(company, rita):
    with sqlite3.connect(company.path) as database:
        database.execute("UPDATE applications SET job = ?", (f"{CANARY}\"'><img src=x onerror=alert(1)>",))
        database.execute("UPDATE people SET full_name = '{{ settings.SECRET_KEY }}{% load x %}'")
    parcel = ready(rita)
    archive = unzip(fetch(parcel, fresh_session(parcel.request)))
    for name in archive.names():
        if name.endswith(".html"):
            page = archive.read(name).decode()
            assert CANARY not in page
            assert "<img" not in page
            assert 'http-equiv="Content-Security-Policy"' in page
    assert "&lt;script&gt;" in archive.read("data/site.applications.html").decode()
    assert "{{ settings.SECRET_KEY }}" in archive.read("data/site.people.html").decode()


def test_a_long_collection_shows_its_beginning_and_holds_all(company, rita):
    with sqlite3.connect(company.path) as database:
        database.executemany(
            "INSERT INTO applications (person_id, job, letter, sent_on) VALUES (1, ?, 'x', '2026-01-01')",
            [(f"Job {number}",) for number in range(1200)],
        )
    parcel = ready(rita)
    archive = unzip(fetch(parcel, fresh_session(parcel.request)))
    page = archive.read("data/site.applications.html").decode()
    assert page.count("<tr>") == 501
    assert "shows the first 500" in page
    assert len(json.loads(archive.read("data/site.applications.json"))) == 1202


def test_plain_data_never_lies_on_the_disk(parcel, settings):
    files = list(settings.PARCEL_DIR.iterdir())
    assert [one.name for one in files] == [parcel.file_name]
    assert b"ada@" not in files[0].read_bytes()
    assert files[0].stat().st_mode & 0o077 == 0
    with sqlite3.connect(":memory:"):
        assert parcel.key not in str(list(Parcel.objects.values_list("state", "digest")))


def test_another_person_gets_nothing(parcel, company):
    bob = ask("access", email="bob@example.org")
    prove(bob)
    with pytest.raises(Refused) as refused:
        fetch(parcel, fresh_session(bob))
    assert refused.value.code == "not_yours"
    parcel.refresh_from_db()
    assert parcel.downloads == 0


def test_a_sign_in_alone_is_not_enough(parcel):
    session = fresh_session(parcel.request)
    late = session.fresh_until + timedelta(seconds=1)
    with pytest.raises(Refused) as refused:
        fetch(parcel, session, now=late)
    assert refused.value.code == "not_fresh"
    PersonSession.objects.filter(pk=session.pk).update(fresh_until=None)
    session.refresh_from_db()
    with pytest.raises(Refused):
        fetch(parcel, session)


def test_a_fourth_download_is_refused(parcel, settings):
    session = fresh_session(parcel.request)
    for _ in range(settings.PARCEL_DOWNLOADS):
        assert fetch(parcel, session)
    with pytest.raises(Refused) as refused:
        fetch(parcel, session)
    assert refused.value.code == "parcel_used_up"
    assert Event.objects.filter(name="parcel.fetched").count() == 3


def test_tampering_is_noticed(parcel, settings):
    path = settings.PARCEL_DIR / parcel.file_name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(sealed.Tampered):
        fetch(parcel, fresh_session(parcel.request))


def test_a_package_is_destroyed_on_its_day(parcel, settings):
    session = fresh_session(parcel.request)
    after = parcel.expires_at + timedelta(seconds=1)
    assert delivery.destroy_expired(parcel.expires_at - timedelta(seconds=1)) == 0
    with pytest.raises(Refused) as refused:
        PersonSession.objects.filter(pk=session.pk).update(fresh_until=after + timedelta(hours=1))
        session.refresh_from_db()
        fetch(parcel, session, now=after)
    assert refused.value.code == "parcel_gone"
    assert delivery.destroy_expired(after) == 1
    assert delivery.destroy_expired(after) == 0
    parcel.refresh_from_db()
    assert (parcel.state, parcel.key) == ("expired", "")
    assert list(settings.PARCEL_DIR.iterdir()) == []


@pytest.mark.parametrize("place", ["parcel.before_rename", "parcel.after_rename"])
def test_a_build_that_dies_is_repeated_and_its_leavings_are_tidied(company, rita, settings, place):
    request = ask("access")
    prove(request)
    pump()
    review.propose(request, by=rita, fingerprint=batches.fingerprint(Request.objects.get(pk=request.pk).batch))
    failpoints.arm(f"{place}=raise")
    with pytest.raises(failpoints.Injected):
        pump()
    failpoints.arm("")
    assert Parcel.objects.get().state == "open"
    Parcel.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    pump()
    parcel = Parcel.objects.get()
    assert parcel.state == "ready"
    assert unzip(fetch(parcel, fresh_session(parcel.request)))
    delivery.tidy_folder(timezone.now() + timedelta(hours=2))
    assert [one.name for one in settings.PARCEL_DIR.iterdir()] == [parcel.file_name]


def test_a_package_that_cannot_be_built_waits_in_sight(company, rita, paul, settings):
    request = ask("access")
    prove(request)
    pump()
    review.propose(request, by=rita, fingerprint=batches.fingerprint(Request.objects.get(pk=request.pk).batch))
    parcel = Parcel.objects.get()
    Parcel.objects.update(attempts=settings.MOST_ATTEMPTS)
    pump()
    parcel.refresh_from_db()
    assert parcel.state == "parked"
    request.refresh_from_db()
    assert "package" in request.attention
    delivery.retry(parcel, by=rita)
    pump()
    parcel.refresh_from_db()
    assert parcel.state == "ready"
    request.refresh_from_db()
    assert (request.state, request.attention) == ("closed", "")


def test_two_builds_at_once_make_one_package(company, rita, settings):
    request = ask("access")
    prove(request)
    pump()
    review.propose(request, by=rita, fingerprint=batches.fingerprint(Request.objects.get(pk=request.pk).batch))
    pump()
    parcel = Parcel.objects.get()
    delivery.build(parcel.pk)
    assert len(list(settings.PARCEL_DIR.iterdir())) == 1
    assert Event.objects.filter(name="parcel.built").count() == 1


def test_a_destruction_that_dies_after_the_key_leaves_a_file_that_nobody_can_read_and_the_next_sweep_removes(
    parcel, settings
):
    after = parcel.expires_at + timedelta(seconds=1)
    failpoints.arm("parcel.after_key_emptied=raise")
    with pytest.raises(failpoints.Injected):
        delivery.destroy_expired(after)
    failpoints.arm("")
    parcel.refresh_from_db()
    assert (parcel.state, parcel.key) == ("expired", "") and list(settings.PARCEL_DIR.iterdir())
    delivery.tidy_folder(timezone.now() + timedelta(hours=2))
    assert list(settings.PARCEL_DIR.iterdir()) == []


def test_an_address_that_somebody_else_named_as_theirs_does_not_make_its_owner_the_same_person(company, rita):
    """A request entered for Ada that names Bob's address must not hand her his package later, nor swallow his request."""
    hers = ask("access", email=ADA, identifiers={"email": BOB}, channel="api")
    prove(hers)
    pump()
    parcel = ready(rita, email=BOB)
    his = parcel.request
    assert his.subject_id != hers.subject_id and his.outcome != "duplicate"
    assert his.batch.identities == {"email": [BOB]}
    with pytest.raises(Refused):
        fetch(parcel, fresh_session(hers))


def test_vouching_covers_the_identifiers_that_were_named_and_no_other_of_their_kind(company, rita):
    request = ask("access", email=ADA, identifiers={"account_id": "2"}, channel="api")
    registry.add(request.subject, "account_id", "7", claimed=True, actor=actors.worker("tests"))
    workflow.advance(request.pk)
    proof.vouch(request, by=rita, method="called_back", also={"account_id": "7"}, now=timezone.now())
    pump()
    request.refresh_from_db()
    assert request.batch.identities == {"email": [ADA], "account_id": ["7"]}
