"""What others can check and read without us: the bag's manifests, the published format, the locked ZIP, hidden items."""

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
import pyzipper

from audit import actor
from audit.models import Event
from audit.refusal import Refused
from connectors import batches, reading
from connectors.models import Finding, Redaction
from connectors.searching import Searcher
from disclosures import ledger
from disclosures.models import Recipient, StandingDisclosure
from inventory import phrases
from inventory.models import DataCategory
from requests_app import delivery, policy, redactions, review
from requests_app.delivery import described, locked
from requests_app.models import Parcel, Request
from subjects import sealed
from tests.requests_app.builders import ask, colleague, prove, pump
from tests.requests_app.packages import Opened
from tests.requests_app.test_parcels import fetch, fresh_session, ready

LETTERS = ("=cmd|'/c calc'!A1", "Dear team, I count well.")


def found(request: Request, collection: str = "applications") -> Finding:
    return Finding.objects.get(batch=Request.objects.get(pk=request.pk).batch, collection=collection)


def in_review(email: str = "ada@example.org") -> Request:
    request = ask("access", email=email)
    prove(request)
    pump()
    return Request.objects.get(pk=request.pk)


def finish(request: Request, rita) -> Opened:
    review.propose(request, by=rita, fingerprint=batches.fingerprint(Request.objects.get(pk=request.pk).batch))
    pump()
    parcel = Parcel.objects.get(request=request)
    assert parcel.state == "ready", parcel.park_reason
    return Opened(fetch(parcel, fresh_session(parcel.request)))


def hide(request: Request, rita, value: str, choice: str = "redact:rights_of_others") -> None:
    finding = found(request)
    spec, items = reading.items(finding, 0, 20)
    ticked = [(one.mark, name) for one in items for name, shown in one.row.items() if shown == value]
    assert redactions.decide(request, finding, spec, ticked, choice=choice, by=rita) == len(ticked) > 0


def test_the_package_is_a_bag_in_one_folder_named_after_the_request(company, rita):
    parcel = ready(rita)
    archive = Opened(fetch(parcel, fresh_session(parcel.request)))
    assert archive.folder == parcel.request.reference
    assert archive.broken() == []
    assert archive.read("bagit.txt") == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    payload = [name for name in archive.names() if name.startswith("data/")]
    total = sum(len(archive.read(name)) for name in payload)
    assert f"Payload-Oxum: {total}.{len(payload)}\n" in archive.read("bag-info.txt").decode()


def test_a_package_holds_every_disclosure_and_what_goes_out_all_the_time(company, rita, monkeypatch):
    monkeypatch.setattr(policy, "PAGE_ROWS", 3)  # what the page shows
    request, now = in_review(), datetime.now(UTC)
    mill = Recipient.objects.filter(role="controller").first()
    for hours in range(1, 8):
        ledger.record(
            request.subject, mill, categories=["contact.email"], purpose=None, occasion=f"Application {hours}",
            disclosed_at=now - timedelta(hours=hours), actor=actor.worker("tests"),
        )  # fmt: skip
    StandingDisclosure.objects.create(recipient=mill, since_on="2025-03-01").categories.set(
        DataCategory.objects.all()[:1]
    )
    archive = finish(request, rita)
    rows = json.loads(archive.read("data/disclosures.json"))
    assert {f"Application {hours}" for hours in range(1, 8)} <= {row["occasion"] for row in rows}
    lines = list(csv.DictReader(io.StringIO(archive.read("data/disclosures.csv").decode("utf-8-sig"))))
    assert [row["at"] for row in lines] == [row["at"] for row in rows]
    index = archive.read("index.html").decode()
    assert "Application 1" in index and "Application 7" not in index and "These are the newest ones" in index
    assert "since 1 March 2025" in index and "Third parties by name" not in index
    assert archive.broken() == []


def test_a_package_for_oregon_names_third_parties(company, rita):
    request = ask("access", email="ada@example.org", residence="US-OR")
    prove(request)
    pump()
    archive = finish(Request.objects.get(pk=request.pk), rita)
    index = archive.read("index.html").decode()
    assert "Third parties to whom we passed data about you:" in index and "(OCPA, ORS 646A.574(1)(a)(B))" in index
    named = [
        row["third_party"]
        for row in csv.DictReader(io.StringIO(archive.read("data/third_parties.csv").decode("utf-8-sig")))
    ]
    assert named and set(named) <= {one.name for one in Recipient.objects.exclude(role="processor")}


def test_the_overview_is_as_the_published_schema_says(company, rita, client):
    parcel = ready(rita)
    archive = Opened(fetch(parcel, fresh_session(parcel.request)))
    answer = client.get("/schemas/package-1.json")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/schema+json"
    schema = json.loads(answer.content)
    assert archive.read("schema.json") == answer.content
    jsonschema.Draft202012Validator.check_schema(schema)
    overview = json.loads(archive.read("data/overview.json"))
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert list(checker.iter_errors(overview)) == []
    assert overview["$schema"].endswith("/schemas/package-1.json")
    part = next(one for one in overview["collections"] if one["name"] == "site.applications")
    assert (part["rows"], part["source"]) == (2, "from you")
    assert [one["name"] for one in part["columns"]] == ["job", "letter"] and part["columns"][0]["category"]
    rows = schema | {"$ref": "#/$defs/rows"}
    jsonschema.validate(json.loads(archive.read(part["json"])), {"$defs": rows["$defs"], "$ref": rows["$ref"]})


def test_the_descriptor_names_each_table_with_its_columns_length_and_hash(company, rita):
    parcel = ready(rita)
    archive = Opened(fetch(parcel, fresh_session(parcel.request)))
    descriptor = json.loads(archive.read("datapackage.json"))
    assert {one["name"] for one in descriptor["resources"]} >= {"site.people", "site.applications"}
    for one in descriptor["resources"]:
        table = archive.read(one["path"])
        assert one["bytes"] == len(table)
        head = next(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
        assert head == [column["name"] for column in one["schema"]["fields"]]


def test_a_value_that_a_colleague_hides_is_in_no_file_and_the_page_says_why(company, rita):
    request = in_review()
    hide(request, rita, LETTERS[1])
    archive = finish(request, rita)
    assert LETTERS[1] not in archive.text()
    rows = json.loads(archive.read("data/site.applications.json"))
    assert sorted(row["letter"] for row in rows) == [LETTERS[0], "[hidden]"]
    assert "1 value reads “[hidden]”, because it is about another person" in archive.read("index.html").decode()
    overview = json.loads(archive.read("data/overview.json"))
    part = next(one for one in overview["collections"] if one["name"] == "site.applications")
    assert part["hidden"] == [{"reason": "it is about another person", "items": 1}]
    facts = Event.objects.get(name="item.decided").facts
    assert LETTERS[1] not in str(facts) and facts["reason"] == "rights_of_others"


def test_what_was_hidden_stays_hidden_when_the_request_is_searched_again(company, rita):
    request = in_review()
    hide(request, rita, LETTERS[1])
    review.collect_again(request, by=rita)
    pump()
    assert LETTERS[1] not in finish(Request.objects.get(pk=request.pk), rita).text()


def test_an_item_can_be_left_to_the_rule_again(company, rita):
    request = in_review()
    hide(request, rita, LETTERS[1])
    finding = found(request)
    spec, items = reading.items(finding, 0, 20)
    ticked = [(one.mark, name) for one in items for name in one.decided]
    redactions.decide(request, finding, spec, ticked, choice="rule", by=rita)
    assert not Redaction.objects.exists()
    assert LETTERS[1] in finish(request, rita).text()


def test_a_proposal_falls_when_an_item_is_decided_and_an_approved_package_cannot_be_changed(company, rita):
    request = in_review()
    Request.objects.filter(pk=request.pk).update(proposed_by=rita, proposed_at=datetime.now(UTC))
    hide(request, rita, LETTERS[1])
    assert Request.objects.get(pk=request.pk).proposed_by is None
    finish(request, rita)
    with pytest.raises(Refused, match="in review"):
        hide(request, rita, LETTERS[0])


@pytest.mark.parametrize(
    "choice", ["redact:because", "redact:", "erase:rights_of_others", "reveal:rights_of_others", ""]
)
def test_a_word_without_a_known_reason_is_refused(company, paul, choice):
    request, judge = in_review(), colleague("judge", "decide_request", "approve_request")
    finding = found(request)
    spec = Searcher(finding.batch).spec((finding.dataset, finding.collection))
    with pytest.raises(Refused, match="Choose why"):
        redactions.decide(request, finding, spec, [("a" * 64, "letter")], choice=choice, by=judge)


@pytest.mark.parametrize("item", [("a" * 64, "id"), ("a" * 64, "nothing"), ("x", "letter")])
def test_only_items_of_the_package_can_be_decided(company, rita, item):
    request = in_review()
    finding = found(request)
    spec = Searcher(finding.batch).spec((finding.dataset, finding.collection))
    with pytest.raises(Refused, match="Look at the rows again"):
        redactions.decide(request, finding, spec, [item], choice="redact:security", by=rita)


def test_another_persons_value_is_shown_only_by_somebody_who_may_approve(company, rita):
    request = in_review()
    finding = found(request)
    spec, items = reading.items(finding, 0, 1)
    with pytest.raises(Refused, match="may not approve"):
        redactions.decide(request, finding, spec, [(items[0].mark, "letter")], choice="reveal:agreed", by=rita)


def test_a_locked_package_opens_with_its_password_only_and_holds_the_same(company, rita):
    with sqlite3.connect(company.path) as database:
        database.executemany(
            "INSERT INTO applications (person_id, job, letter, sent_on) VALUES (1, ?, ?, '2026-01-01')",
            [(f"Job {number}", "x" * 500) for number in range(900)],
        )
    parcel = ready(rita)
    session = fresh_session(parcel.request)
    plain = Opened(fetch(parcel, session))
    data = b"".join(delivery.stream(parcel, session, now=datetime.now(UTC), password="correct horse 42"))
    with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
        assert all(one.flag_bits & 1 for one in archive.infolist()), "every file is encrypted"
        with pytest.raises(RuntimeError):
            archive.read(f"{plain.folder}/index.html")
        archive.setpassword(b"wrong horse 4242")
        with pytest.raises(RuntimeError):
            archive.read(f"{plain.folder}/index.html")
        archive.setpassword(b"correct horse 42")
        same = Opened(b"", archive)
        assert same.names() == plain.names() and same.broken() == []
        assert all(same.read(name) == plain.read(name) for name in plain.names())
    assert b"Lovelace" not in data
    assert Parcel.objects.get(pk=parcel.pk).downloads == 2


def test_the_plain_bytes_of_a_sealed_file_can_be_sought_in_and_a_changed_frame_is_refused():
    key, out, content = sealed.new_key(), io.BytesIO(), bytes(range(256)) * 1000
    writer = sealed.Writer(out, key)
    writer.write(content)
    writer.close()
    plain = sealed.opened(io.BytesIO(out.getvalue()), key)
    assert plain.read() == content
    for at in (0, 65_535, 65_536, 200_000, len(content) - 1, len(content)):
        plain.seek(at)
        assert plain.read(10) == content[at : at + 10]
    assert plain.seek(-4, io.SEEK_END) == len(content) - 4 and plain.read() == content[-4:]
    broken = bytearray(out.getvalue())
    broken[70_000] ^= 1
    changed = sealed.opened(io.BytesIO(bytes(broken)), key)
    changed.seek(66_000)
    with pytest.raises(sealed.Tampered):
        changed.read(10)


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short", "short", "12 to 128"),
        ("a" * 129, "a" * 129, "12 to 128"),
        ("a" * 12, "b" * 12, "differ"),
        ("a" * 12, "", "differ"),
    ],
)
def test_a_password_that_would_not_do_is_told(password, again, words):
    with pytest.raises(Refused, match=words):
        locked.check(password, again)
    assert locked.check("", "") == ""


def test_the_schema_travels_with_the_package_as_the_version_says():
    assert described.SCHEMA.name == f"package-{described.FORMAT}.schema.json"


def test_the_pages_of_a_package_are_in_the_language_of_its_request(company, rita):
    request = in_review()
    Request.objects.filter(pk=request.pk).update(language="ar")
    hide(request, rita, LETTERS[1])
    phrases.save("ar", [("Applications you sent", "طلباتكم المرسلة")], actor=actor.worker("test"))
    archive = finish(Request.objects.get(pk=request.pk), rita)
    index = archive.read("index.html").decode()
    assert '<html lang="ar" dir="rtl">' in index and "ما نحتفظ به" in index and "What we hold" not in index
    assert "طلباتكم المرسلة" in index and "Applications you sent" not in index
    part = archive.read(next(one for one in archive.names() if one.endswith("applications.html"))).decode()
    assert "تظهر «[hidden]»" in part and "يتعلق بشخص آخر" in part
    assert "هذا الملف" in archive.read("README.txt").decode()
