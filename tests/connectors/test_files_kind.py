"""Files in a folder: never outside of it, nothing lost of what others write, every untouched sign as it was."""

import gzip
import json
import os
import resource
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.kinds import base
from connectors.kinds.base import Mask, Permanent, Temporary
from connectors.models import Connection
from inventory.graph import CollectionSpec, FieldSpec
from tests.connectors.shop import allow, find, order_of, run_all
from tests.connectors.worlds import describe

ADA = "ada@people.example"
SPEC = CollectionSpec("d", "s", "people", "People", (
    FieldSpec("id", data_type="integer", primary_key=True), FieldSpec("email", identity="email", category="contact"),
    FieldSpec("name", category="contact"),
))  # fmt: skip


def opened(folder: Path, **layout: Any) -> base.Kind:
    more = {"old_versions": layout.pop("old_versions")} if "old_versions" in layout else {}
    words = {"collections": {"people": {"files": "people*.csv", **layout}}, **more}
    return base.open_kind(Connection(kind="files", address=f"file://{folder}", described=yaml.safe_dump(words)))


def told(act: Any) -> str:
    with pytest.raises(Permanent) as error:
        act()
    return error.value.sentence


def delete(kind: base.Kind, *keys: Any, spec: CollectionSpec = SPEC) -> int:
    with kind.changing() as session:
        return session.delete(spec, [(key,) for key in keys], {})


def test_every_sign_of_the_other_rows_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    head, ada = b'\xef\xbb\xbfid,"email",name\r\n', b'1,ada@people.example,"Ada\r\nLovelace"\r\n'
    rest = b'"2",ben@x.example,"B ""x"""\n\r\n3,cleo@x.example,C\xc3\xa9'
    path.write_bytes(head + ada + rest)
    path.chmod(0o640)
    kind = opened(tmp_path)
    with kind.changing() as session:
        session.update(SPEC, [(1,)], {"name": Mask('[erased] "é", x')}, {})
    assert path.read_bytes() == head + b'1,ada@people.example,"[erased] ""\xc3\xa9"", x"\r\n' + rest.replace(
        b"\rC", b"C"
    )
    assert delete(kind, 1) == 1
    assert path.read_bytes() == head + rest and path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir() if not one.name.startswith("people")] == [".privacyops.lock"]


def test_packed_files_other_encodings_and_files_without_headings_are_read_and_written(tmp_path: Path) -> None:
    (tmp_path / "people.csv.gz").write_bytes(
        gzip.compress("1|ada@people.example|José\n2|b@x.example|B\n".encode("cp1252"))
    )
    kind = opened(
        tmp_path, files="people.csv.gz", delimiter="|", encoding="cp1252", quote="", columns=["id", "email", "name"]
    )
    assert kind.read(SPEC, ["name"], [(1,)]) == [{"name": "José"}]
    assert delete(kind, 1) == 1
    assert gzip.decompress((tmp_path / "people.csv.gz").read_bytes()) == b"2|b@x.example|B\n"
    for value in ("🚲", "a|b", "a\nb"):
        with kind.changing() as session:
            assert "another mask" in told(
                lambda value=value, session=session: session.update(SPEC, [(2,)], {"name": Mask(value)}, {})
            )
    assert gzip.decompress((tmp_path / "people.csv.gz").read_bytes()) == b"2|b@x.example|B\n"


def test_links_lead_nowhere_and_no_pattern_leaves_the_folder(tmp_path: Path, state_dir: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir(), outside.mkdir()
    (outside / "people.csv").write_text("id,email,name\n1,ada@people.example,Ada\n")
    (inside / "people.csv").symlink_to(outside / "people.csv")
    assert "links are not followed" in told(lambda: list(opened(inside).find(SPEC, "email", [ADA], folded=True)))
    (inside / "people.csv").unlink()
    (inside / "sub").symlink_to(outside)
    assert "links are not followed" in told(lambda: delete(opened(inside, files="sub/people.csv"), 1))
    for pattern in ("../out/people.csv", "/etc/passwd", "sub/../../out/*", "", "a//b", "..\\x"):
        assert "pattern below the folder" in told(lambda pattern=pattern: opened(inside, files=pattern))
    assert "portal's own files" in told(lambda: opened(state_dir)) and "portal's own files" in told(
        lambda: opened(Path("/"))
    )
    assert (outside / "people.csv").read_text().count("Ada") == 1


def test_a_file_with_a_second_name_is_refused_because_the_old_rows_would_stay_there(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,email,name\n1,ada@people.example,Ada\n")
    os.link(tmp_path / "people.csv", tmp_path / "copy")
    assert "second name" in told(lambda: delete(opened(tmp_path), 1))


def test_what_another_program_writes_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,email,name\n1,ada@people.example,Ada\n2,b@x.example,B\n")
    about = path.stat()
    with pytest.raises(Temporary) as error, opened(tmp_path).changing() as session:
        session.delete(SPEC, [(1,)], {})
        path.write_text("id,email,name\n1,ada@people.example,Ada\n3,c@x.example,C\n")
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))  # of the same size and time: only its content tells
    assert error.value.code == "changed" and path.read_text().endswith("3,c@x.example,C\n")
    assert delete(opened(tmp_path), 1) == 1 and path.read_text() == "id,email,name\n3,c@x.example,C\n"


def test_two_of_our_workers_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kinds.files_disk.LOCK_SECONDS", 0.2)
    (tmp_path / "people.csv").write_text("id,email,name\n1,ada@people.example,Ada\n")
    with opened(tmp_path).changing(), pytest.raises(Temporary) as error:
        delete(opened(tmp_path), 1)
    assert error.value.code == "locked"


def test_what_a_killed_worker_left_beside_the_files_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,email,name\n1,ada@people.example,Ada\n")
    (tmp_path / ".privacyops-0123456789abcdef").write_text("1,ada@people.example")
    delete(opened(tmp_path), 99)
    assert not (tmp_path / ".privacyops-0123456789abcdef").exists()


def test_two_rows_of_one_key_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    text = "id,email,name\n1,ada@people.example,Ada\n1,b@x.example,B\n"
    (tmp_path / "people.csv").write_text(text)
    assert "one key" in told(lambda: delete(opened(tmp_path), 1))
    assert (tmp_path / "people.csv").read_text() == text


def test_rows_without_a_key_are_known_by_the_digest_of_their_line(tmp_path: Path) -> None:
    spec = CollectionSpec("d", "s", "people", "P", (FieldSpec("line", primary_key=True), *SPEC.fields[1:]))
    path = tmp_path / "people.csv"
    path.write_text("email,name\nada@people.example,Ada\nb@x.example,B\nada@people.example,Ada\n")
    kind = opened(tmp_path, key="digest")
    keys = [row.key for row in kind.find(spec, "email", [ADA], folded=True)]
    assert len(keys) == 1 and len(keys[0][0]) == 32
    assert "digest" in told(lambda: base.ready(kind, spec, {"name": Mask(token=True)}))
    assert delete(kind, keys[0][0], spec=spec) == 1 and path.read_text() == "email,name\nb@x.example,B\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id;email;name\n1;a;b\n", "no column"),
        ("id,email,name,name\n1,a,b,c\n", "two columns"),
        ("id,email,name\n1,a\n", "line 2 of a file"),
        ('id,email,name\n1,a,"open\n', "line 2 of a file"),
        (b"id,email,name\n1,a,\xff\n", "not written in utf-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path: Path, content: Any, words: str) -> None:
    (tmp_path / "people.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    sentence = told(lambda: list(opened(tmp_path).find(SPEC, "email", [ADA], folded=True)))
    assert words in sentence and "d.people" in sentence


def test_an_object_that_hides_a_value_behind_a_second_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.jsonl").write_text('{"id": 1, "email": "ada@people.example", "email": "x", "name": null}\n')
    kind = opened(tmp_path, files="people.jsonl")
    assert "line 1 of a file" in told(lambda: list(kind.find(SPEC, "email", [ADA], folded=True)))


def test_numbers_of_a_changed_object_stay_exact_or_the_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    first = '{"id": 1, "email": "a", "name": "A", "paid": 1.10}\n'
    path.write_text(first + '{"id": 2, "email": "b", "name": "B", "paid": 0.1234567890123456789}\n')
    kind = opened(tmp_path, files="people.jsonl")
    with kind.changing() as session:
        assert session.update(SPEC, [(1,)], {"name": Mask(None)}, {}) == 1
    assert json.loads(path.read_text().splitlines()[0]) == {"id": 1, "email": "a", "name": None, "paid": 1.1}
    with kind.changing() as session:
        assert "exactly" in told(lambda: session.update(SPEC, [(2,)], {"name": Mask(None)}, {}))


@pytest.mark.load
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    with (tmp_path / "people.csv").open("w") as out:
        out.write("id,email,name\n")
        for one in range(400_000):
            out.write(f"{one},p{one}@people.example,{'N' * 60}\n")
    kind, before = opened(tmp_path), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [row.key for row in kind.find(SPEC, "email", ["p7@people.example"], folded=True)] == [(7,)]
    assert delete(kind, 7) == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kilobytes, of a file of 36 MB"


def test_a_person_is_found_and_erased_in_files_by_an_order(tmp_path: Path, db: None) -> None:
    (tmp_path / "people-1.csv").write_text("id,email,name\n1,Ada@People.example,Ada\n2,b@x.example,B\n")
    (tmp_path / "visits.jsonl").write_text('{"id": "v1", "person": 1}\n{"id": "v2", "person": 2}\n')
    key = {"name": "id", "primary_key": True}
    mail = {"name": "email", "identity": "email", "category": "contact",
            "mask": {"strategy": "token", "suffix": "@erased.invalid"}}  # fmt: skip
    people = [key | {"data_type": "integer"}, mail, {"name": "name", "category": "contact"}]
    visits = [key, {"name": "person", "data_type": "integer", "category": "usage"}]
    collections = {"people": ({"erase": "mask"}, people), "visits": ({}, visits)}
    describe("export", f"file://{tmp_path}", collections, [("visits", "person", "people", "id")])
    words = {"collections": {"people": {"files": "people-*.csv"}, "visits": {"files": "visits.jsonl"}}}
    Connection.objects.update(kind="files", described=yaml.safe_dump(words))
    batch = find(ADA)
    assert {(one.collection, one.rows) for one in batch.findings.all()} == {("people", 1), ("visits", 1)}
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_reason) == ("done", "")
    assert (tmp_path / "people-1.csv").read_text() == "id,email,name\n1,erased-1@erased.invalid,\n2,b@x.example,B\n"
    assert (tmp_path / "visits.jsonl").read_text() == '{"id": "v2", "person": 2}\n'


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf"])
def test_a_file_that_lost_even_its_headings_is_told_and_is_not_nothing_found(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "people.csv").write_bytes(b"id,email,name\n1,ada@people.example,Ada\n")
    (tmp_path / "people-old.csv").write_bytes(content)
    words = told(lambda: list(opened(tmp_path).find(SPEC, "email", [ADA], folded=True)))
    assert "d.people" in words and "headings" in words
    (tmp_path / "people.csv").write_bytes(b"")
    (tmp_path / "people-old.csv").write_bytes(b"")
    headless = opened(tmp_path, columns=["id", "email", "name"])
    assert not list(headless.find(SPEC, "email", [ADA], folded=True)), "without headings an empty file is just empty"
