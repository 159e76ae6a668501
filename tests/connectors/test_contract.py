"""Every kind of system keeps one contract: it finds exactly, changes exactly, can be cut short and repeated, and says in words
what is to be mended. Run for each `world_*.py`.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from connectors.kinds import base
from connectors.kinds.base import Mask, Permanent, Temporary
from tests.connectors.contract import ADA, BEN, PEOPLE, RATINGS, ROWS, SECRET, World, worlds

pytestmark = pytest.mark.once
Keys = list[base.Key]


def kinds() -> list[object]:
    """All worlds; the one that needs an S3 server is marked."""
    return [pytest.param(one, marks=[pytest.mark.s3] * ("s3" in one.name), id=one.name) for one in worlds()]


@pytest.fixture(params=kinds())
def world(request: pytest.FixtureRequest, db: None, tmp_path: Path, need: Callable, settings) -> Iterator[World]:
    """Each kind in turn, with the contract's rows."""
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    one = request.param(tmp_path, need)
    try:
        one.fill(ROWS)
        yield one
    finally:
        one.close()


def offered(world: World, *words: str) -> None:
    """Leave the test out, in words, for what a kind documents as not offered."""
    for word in words:
        if word in world.lacks:
            pytest.skip(f"{world.name} does not offer {word}: {world.lacks[word]}")


def found(world: World, name: str, field: str, values: Sequence, *, folded: bool = False) -> Keys:
    spec = world.spec(name)
    world.asked(spec, field, values, folded=folded)
    return sorted(row.key for row in world.kind().find(spec, field, values, folded=folded))


def refused(act: Callable[[], object]) -> Permanent:
    """A sentence for the desk: it says what to do, and holds nothing of anybody and no secret."""
    with pytest.raises(Permanent) as error:
        act()
    sentence = error.value.sentence
    assert sentence.endswith(".") and len(sentence) < 300 and error.value.code
    assert not [one for one in (ADA, BEN, "Ada", "Lovelace", SECRET, "Traceback", "Errno") if one in sentence], sentence
    assert error.value.__cause__ is None, "a driver's error carries values"
    return error.value


def test_an_address_is_found_in_any_case_and_nobody_elses_row(world: World) -> None:
    assert found(world, "people", "email", [ADA.upper()], folded=True) == [(1,)]
    assert found(world, "people", "email", ["ADA@people.example", ADA], folded=True) == [(1,)], "once"
    assert found(world, "people", "email", [ADA], folded=False) == []
    assert found(world, "people", "name", ["Ada"]) == [(4,)]


def test_an_address_between_blanks_is_found_and_spared(world: World) -> None:
    offered(world, "spare")
    odd = [" Ada@People.example", f"{BEN} ", " joada@people.example ", "Cleo@people.example"]
    world.fill({**ROWS, "people": [{**row, "email": mail} for row, mail in zip(PEOPLE, odd, strict=True)]})
    spec, everybody = world.spec("people"), [(1,), (2,), (3,), (4,)]
    wanted = [ADA, BEN, "JOADA@people.example", "cleo@people.example"]
    assert found(world, "people", "email", wanted, folded=True) == everybody
    with world.kind().changing() as session:
        assert session.delete(spec, everybody, {"email": wanted[1:]}) == 1
    assert [row["id"] for row in world.rows("people")] == [2, 3, 4]


def test_several_values_find_several_rows_and_none_find_none(world: World) -> None:
    assert found(world, "people", "email", [ADA, BEN, "nobody@people.example"], folded=True) == [(1,), (2,)]
    assert found(world, "people", "phone", ["+44 20 1"]) == [(1,), (4,)]
    if "values" not in world.lacks:
        for nobody in ([], [""], [" "], [None]):
            assert found(world, "people", "email", nobody, folded=True) == []


def test_more_than_a_thousand_values_find_their_rows(world: World) -> None:
    offered(world, "many")
    many = [{**PEOPLE[0], "id": one, "email": f"p{one}@people.example"} for one in range(1, 1201)]
    world.fill({**ROWS, "people": many})
    assert found(world, "people", "id", range(100, 1300)) == [(one,) for one in range(100, 1201)]


def test_a_number_is_found_only_by_what_is_written_as_that_number(world: World) -> None:
    assert found(world, "notes", "sender", ["2"]) == [(12,), (13,)]
    for other in ("02", "2.5", "two"):
        assert found(world, "notes", "sender", [other]) == []


def test_a_key_of_several_fields_names_one_row_or_is_refused(world: World) -> None:
    spec = world.spec("ratings")
    if "composite" in world.lacks:
        refused(lambda: world.kind().keyed(spec))
        return
    assert found(world, "ratings", "person", [1]) == [(1, "a"), (1, "b")]
    with world.kind().changing() as session:
        assert session.delete(spec, [(1, "b"), (2, "b")], {}) == 1
    assert world.rows("ratings") == [RATINGS[0], RATINGS[2]]


def test_rows_are_found_by_several_fields_together_or_that_is_refused(world: World) -> None:
    spec, pairs = world.spec("people"), [("+44 20 1", "Ada"), ("+44 20 3", "Ada"), (None, "Ada")]
    if "together" in world.lacks:
        refused(lambda: list(world.kind().find_together(spec, ("phone", "name"), pairs)))
        return
    assert [row.key for row in world.kind().find_together(spec, ("phone", "name"), pairs)] == [(4,)]


def test_rows_carry_their_day_and_are_found_by_it_or_that_is_refused(world: World) -> None:
    spec = world.spec("people")
    world.asked(spec, "email", [ADA, BEN, "cleo@people.example"], folded=True)
    rows = world.kind().find(spec, "email", [ADA, BEN, "cleo@people.example"], folded=True)
    assert {row.key[0]: str(row.on) for row in rows} == {1: "2020-01-01", 2: "2026-01-01", 4: "None"}
    if "before" in world.lacks:
        refused(lambda: list(world.kind().find_before(spec, "joined_on", date(2026, 1, 1))))
        return
    assert sorted(row.key for row in world.kind().find_before(spec, "joined_on", date(2026, 1, 1))) == [(1,), (3,)]


def test_a_row_about_two_people_names_both(world: World) -> None:
    spec = world.spec("notes")
    world.asked(spec, "sender", [2], folded=False)
    rows = {row.key[0]: row.people for row in world.kind().find(spec, "sender", [2], folded=False)}
    assert {key: {name: one and int(one) for name, one in people.items()} for key, people in rows.items()} == {
        12: {"recipient": 1, "sender": 2}, 13: {"recipient": None, "sender": 2}}  # fmt: skip


def test_the_values_of_a_field_come_once_and_without_nothing(world: World) -> None:
    found(world, "people", "phone", ["+44 20 1", "+44 20 3"])
    held = world.kind().values(world.spec("people"), "phone", [(1,), (2,), (3,), (4,), (99,)])
    assert sorted(held) == ["+44 20 1", "+44 20 3"]


def test_rows_are_read_as_they_are(world: World) -> None:
    names = ["id", "name", "phone", "points"]
    found(world, "people", "email", [BEN, "joada@people.example"], folded=True)
    rows = world.kind().read(world.spec("people"), names, [(2,), (3,), (99,)])
    wanted = [{name: row[name] for name in names} for row in PEOPLE[1:3]]
    if not world.typed:
        wanted = [{**row, "points": str(row["points"])} for row in wanted]
    assert sorted(rows, key=lambda row: row["id"]) == wanted


def test_a_field_that_is_not_there_is_told_by_its_name(world: World) -> None:
    offered(world, "columns")
    spec = world.spec("people")
    wrong = type(spec)(**{**vars(spec), "fields": (*spec.fields, type(spec.fields[0])("nickname", category="contact"))})
    error = refused(lambda: world.kind().read(wrong, ["nickname"], [(1,)]))
    assert error.code == "schema" and "nickname" in error.sentence


def test_the_fields_and_the_key_are_described(world: World) -> None:
    kind, spec = world.kind(), world.spec("people")
    columns = kind.columns(spec)
    assert {one.name for one in spec.fields} <= columns.keys() and columns["name"].textual
    assert kind.keyed(spec)


def test_rows_are_deleted_exactly_and_once(world: World) -> None:
    spec, keys = world.spec("people"), [(1,), (3,), (99,)]
    before = world.rows("people")
    found(world, "people", "id", [1, 3])
    world.answered(spec, keys)
    with world.kind().changing() as session:
        if "counting" not in world.lacks:
            assert session.count(spec, keys, {}) == 2
        assert session.delete(spec, keys, {}) == 2
        assert session.count(spec, keys, {}) == 0
    assert world.rows("people") == [row for row in before if row["id"] not in (1, 3)]
    if "counting" not in world.lacks:
        with world.kind().changing() as session:
            assert session.delete(spec, keys, {}) == 0, "a second time there is nothing to delete"


def test_rows_are_masked_exactly_and_once(world: World) -> None:
    spec, keys = world.spec("people"), [(1,), (2,), (99,)]
    masks = {"name": Mask("[erased] é"), "phone": Mask(None)}
    if "token" not in world.lacks:
        masks["email"] = Mask(token=True, suffix="@erased.invalid")
    before = {row["id"]: row for row in world.rows("people")}
    found(world, "people", "email", [ADA, BEN], folded=True)
    world.answered(spec, keys)
    with world.kind().changing() as session:
        if "counting" not in world.lacks:
            assert session.count_unlike(spec, keys, masks, {}) == 2
        session.update(spec, keys, masks, {})
        assert session.count_unlike(spec, keys, masks, {}) == 0
    after = {row["id"]: row for row in world.rows("people")}
    for key in (1, 2):
        wanted = {**before[key], "name": "[erased] é", "phone": None}
        assert after[key] == wanted | ({"email": f"erased-{key}@erased.invalid"} if "email" in masks else {})
    assert [after[key] for key in (3, 4) if key in after] == [before[key] for key in (3, 4) if key in before]
    if "counting" not in world.lacks:
        with world.kind().changing() as session:
            assert session.update(spec, keys, masks, {}) == 0, "a second time there is nothing to change"


def test_a_mask_that_is_worked_out_from_the_value_is_applied_to_each_row(world: World) -> None:
    offered(world, "compute")
    spec, masks = world.spec("people"), {"phone": Mask(compute=lambda key, now: now and str(now)[:3])}
    for changed in (2, 0):
        with world.kind().changing() as session:
            assert session.update(spec, [(1,), (2,), (3,)], masks, {}) == changed
            assert session.count_unlike(spec, [(1,), (2,), (3,)], masks, {}) == 0
    assert [row["phone"] for row in world.rows("people")] == ["+44", None, "+44", "+44 20 1"]


def test_what_is_under_a_hold_is_spared_inside_the_change(world: World) -> None:
    offered(world, "spare")
    spec, keys, spare = world.spec("people"), [(1,), (2,), (4,)], {"email": [ADA.upper()], "points": [0]}
    with world.kind().changing() as session:
        masks = {"name": Mask("[erased]")}
        assert session.update(spec, keys, masks, spare) == 1
        assert session.count_unlike(spec, keys, masks, spare) == 0
        assert session.count_unlike(spec, keys, masks, {}) == 2
        assert session.delete(spec, keys, spare) == 1, "a row with nothing in the field is not spared by it"
        assert (session.count(spec, keys, spare), session.count(spec, keys, {})) == (0, 2)
    assert world.rows("people") == PEOPLE[:3]


def test_looking_changes_nothing_and_a_change_that_fails_is_undone_or_can_be_repeated(world: World) -> None:
    offered(world, "counting")
    spec, keys = world.spec("people"), [(1,), (2,)]
    with world.kind().looking() as session:
        assert session.count(spec, keys, {}) == 2
        assert session.count_unlike(spec, keys, {"name": Mask("x")}, {}) == 2
    assert world.rows("people") == PEOPLE
    with pytest.raises(Permanent), world.kind().changing() as session:
        session.delete(spec, keys, {})
        raise Permanent("left", "Something was left.")
    assert world.rows("people") == (PEOPLE if "transaction" not in world.lacks else PEOPLE[2:])
    with world.kind().changing() as session:
        session.delete(spec, keys, {})
    assert world.rows("people") == PEOPLE[2:]


def test_a_worker_that_is_killed_in_mid_change_leaves_whole_rows_and_its_successor_finishes(world: World) -> None:
    offered(world, "counting")
    spec, keys = world.spec("people"), [(1,), (2,), (3,)]
    masks = {"name": Mask("[erased]"), "phone": Mask(None)}
    child = os.fork()
    if not child:
        try:
            with world.kind().changing() as session:
                session.update(spec, keys, masks, {})
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)  # never back into the tests
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    done = [{**row, "name": "[erased]", "phone": None} for row in PEOPLE[:3]] + [PEOPLE[3]]
    assert world.rows("people") == (PEOPLE if "transaction" not in world.lacks else done)
    with world.kind().changing() as session:
        session.update(spec, keys, masks, {})
    assert world.rows("people") == done


@pytest.mark.parametrize("what", ["credentials", "read_only", "missing", "away"])
def test_each_trouble_is_told_in_words_before_anything_is_touched(world: World, what: str) -> None:
    offered(world, what)
    spec, masks = world.spec("people"), {"name": Mask("[erased]")}

    def work(opened: Callable[[], base.Kind]) -> None:
        kind = opened()
        if what == "read_only":
            assert [row.key for row in kind.find(spec, "email", [ADA], folded=True)] == [(1,)], "it can still read"
            base.ready(kind, spec, masks)
            with kind.changing() as session:
                session.update(spec, [(1,)], masks, {})
        else:
            list(kind.find(spec, "email", [ADA], folded=True))

    with world.trouble(what) as opened:
        if what == "away":
            with pytest.raises(Temporary) as error:
                work(opened)
            assert error.value.code and ADA not in error.value.code
            return
        error = refused(lambda: work(opened))
    codes = {"missing": {"schema"}, "credentials": {"login", "permission"}}
    assert error.code in codes.get(what, {"permission"})
    if what != "credentials":
        assert "people" in error.sentence, error.sentence
    assert world.rows("people") == PEOPLE if what != "missing" else True
