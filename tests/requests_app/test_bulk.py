"""Many at once: every line a row first, once whatever happens, wrong ones told in words, and no easier than the form."""

import csv as tables
import io
from datetime import UTC, datetime, timedelta

import pytest

from audit import actor as actors
from audit import clients
from audit.models import SweepRun
from audit.refusal import Refused
from requests_app import bulk, intake, tasks
from requests_app.models import Agent, Asker, Line, Request, Upload
from tests.requests_app import builders

ADA = {"key": "1", "right": "access", "email": "ada@example.org", "residence": "DE"}
BOB = {"key": "2", "right": "opt_out_sale", "email": "bob@example.org", "residence": "US-CA"}


@pytest.fixture
def agnes(db):
    return builders.colleague("agnes", "change_request")


@pytest.fixture
def robot(db):
    client, _ = clients.create("Agents Ltd", ["requests:write"], actor=actors.worker("tests"))
    return client


@pytest.fixture
def listed(robot):
    return Agent.objects.create(name="Eve", organisation="Agents Ltd", contact="eve@agents.example", client=robot)


def file(*lines: dict[str, str], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    heads = list(dict.fromkeys(name for line in lines for name in line))
    writer = tables.DictWriter(out, fieldnames=heads, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode()


def told(taken: bulk.Taken) -> dict[int, str]:
    bulk.process(taken.upload.pk)
    return {one.number: one.error or one.state for one in taken.upload.lines.all()}


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_becomes_requests(agnes, delimiter, mark):
    lines = bulk.read_csv(mark + file(ADA, BOB, delimiter=delimiter))
    taken = bulk.take(lines, by=agnes, name="march.csv")
    assert Line.objects.filter(state="waiting").count() == 2 and not Request.objects.exists(), "rows first"
    assert told(taken) == {1: "done", 2: "done"}
    assert sorted(Request.objects.values_list("right", "channel")) == [("access", "email"), ("opt_out_sale", "email")]


def test_the_sample_is_taken_as_it_stands(agnes):
    taken = bulk.take(bulk.read_csv(bulk.SAMPLE.encode()), by=agnes)
    assert set(told(taken).values()) == {"done"}
    assert Asker.objects.get().name == "Eve Agent"


def test_the_same_file_twice_makes_nothing_twice(agnes):
    lines = bulk.read_csv(file(ADA, BOB))
    first = bulk.take(lines, by=agnes)
    again = bulk.take(lines, by=agnes)
    assert (first.new, again.new, again.repeated) == (2, 0, 2)
    told(first), told(again)
    assert Request.objects.count() == 2 and Line.objects.count() == 2


def test_another_line_under_a_used_key_is_told_and_takes_nothing(agnes):
    told(bulk.take([ADA], by=agnes))
    taken = bulk.take([ADA | {"right": "delete"}], by=agnes)
    assert "sent under this key before" in told(taken)[1] and Request.objects.count() == 1


def test_a_refused_line_is_mended_under_its_key(agnes):
    wrong = bulk.take([ADA | {"residence": "XX"}, BOB], by=agnes)
    assert told(wrong) == {1: "Choose where you live from the list.", 2: "done"}
    assert Line.objects.get(key="1").field == "residence"
    taken = bulk.take([ADA], by=agnes)
    assert taken.new == 1 and told(taken) == {1: "done"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"key": ""}, "key of its own"),
        ({"key": "x" * 81}, "key of its own"),
        ({"right": "everything"}, "Choose what"),
        ({"right": "appeal"}, "Choose what"),
        ({"email": "ada"}, "name@example.org"),
        ({"received_on": "27.11.2026"}, "2026-11-27"),
        ({"received_on": "2036-11-27"}, "future"),
        ({"channel": "carrier pigeon"}, "how the request arrived"),
        ({"relation": "friend"}, "knows us"),
        ({"asked_by": "agent"}, "own name"),
        ({"details": "x" * 5000}, "at most 4,000"),
        ({"details": "a\x00b"}, "characters that we cannot store"),
        ({"too_many": "yes"}, "more cells"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_and_stops_no_other(agnes, line, words):
    taken = bulk.take([ADA | line, BOB], by=agnes)
    said = told(taken)
    assert words in said[1] and said[2] == "done"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "columns_missing"),
        (b"key,right\n1,access\n", "columns_missing"),
        (b"key,right,email,residence,shoe\n", "columns_unknown"),
        (b"key,key,right,email,residence\n", "columns_unknown"),
        ("key,right,email,residence\n1,access,ä,DE\n".encode("latin-1"), "file_encoding"),
        (b"PK\x03\x04\x00\x00", "columns_missing"),
        (b"key,right,email,residence\n" + b"1,access,a@b.example,DE\n" * 1001, "lines_many"),
        (b"x" * 2_000_001, "file_large"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(raw, code):
    with pytest.raises(Refused) as refused:
        bulk.read_csv(raw)
    assert refused.value.code == code


def test_nobody_is_spared_the_proof(company, agnes):
    told(bulk.take([ADA, BOB], by=agnes))
    builders.pump()
    states = dict(Request.objects.values_list("right", "state"))
    assert states == {"access": "verifying", "opt_out_sale": "closed"}
    assert any("/proof/" in one.body for one in builders.mails_to("ada@example.org"))


def test_a_worker_that_dies_in_the_middle_is_made_good(agnes, monkeypatch):
    taken = bulk.take([ADA, BOB], by=agnes)
    real = intake.submit

    def dies(*args, **kwargs):
        real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(intake, "submit", dies)
    with pytest.raises(KeyboardInterrupt):
        bulk.process(taken.upload.pk)
    monkeypatch.setattr(intake, "submit", real)
    assert Request.objects.count() == 1 and bulk.unfinished() == [taken.upload.pk]
    assert told(taken) == {1: "done", 2: "done"} and Request.objects.count() == 2
    assert bulk.unfinished() == []


def test_a_sweep_finds_what_no_bell_rang_for(agnes, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 1)
    bulk.take([ADA, BOB], by=agnes)
    rung: list[object] = []
    monkeypatch.setattr(tasks, "ring", lambda task, one: rung.append((task.name, one)))
    for left in (1, 0):
        assert tasks.sweep_bulk() == 1
        SweepRun.objects.all().delete()
        tasks.process_upload(str(rung[-1][1]))
        assert Line.objects.filter(state="waiting").count() == left
    assert tasks.sweep_bulk() == 0


def test_what_the_lines_said_is_forgotten_once_they_are_done(agnes):
    told(bulk.take([ADA, BOB | {"residence": "XX"}], by=agnes))
    assert [one.given for one in Line.objects.all()] == [None, None]


def test_an_agents_key_asks_for_this_agent_only(listed, robot):
    taken = bulk.take([ADA | {"basis": "permission"}, BOB | {"asked_by": "self"}], client=robot)
    said = told(taken)
    assert said[1] == "done" and "only this agent asks" in said[2]
    asker = Asker.objects.get()
    assert asker.agent == listed and asker.name == "Eve" and asker.identifier.value == "eve@agents.example"
    assert asker.request.channel == "api" and asker.gate == "person"


def test_a_mandate_that_ended_ends_the_uploads(listed, robot):
    Agent.objects.update(mandate_until=datetime.now(UTC).date() - timedelta(days=2))
    with pytest.raises(Refused, match="has ended"):
        bulk.take([ADA], client=robot)
    assert not Upload.objects.exists()


def test_two_senders_may_use_the_same_keys(agnes, robot):
    told(bulk.take([ADA], by=agnes))
    assert told(bulk.take([BOB | {"key": "1"}], client=robot)) == {1: "done"}
    assert Request.objects.count() == 2


def test_who_may_not_enter_requests_may_not_upload(db):
    with pytest.raises(Refused, match="role may not"):
        bulk.take([ADA], by=builders.colleague("otto", "view_request"))
