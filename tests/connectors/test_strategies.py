"""Masks describe themselves, give the same again when they are repeated, and are refused where they do not fit."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import masking, scope, strategies
from connectors.kinds.base import Column, Permanent
from connectors.strategies import STRATEGIES, Secrets, mask_of
from inventory.graph import CollectionSpec, FieldSpec
from inventory.masks import MASK_STRATEGIES

SECRETS = Secrets(b"batch", b"system")
TEXT = Column("x", nullable=True, unique=False, textual=True)
values = st.one_of(
    st.none(), st.text(max_size=30), st.dates(date(1900, 1, 1)), st.datetimes(datetime(1900, 1, 1)), st.integers(0, 10**9),
    st.emails(), st.ip_addresses().map(str), st.dates(date(1000, 1, 1)).map(str),
)  # fmt: skip


def spec(*fields: FieldSpec, **options: Any) -> CollectionSpec:
    return CollectionSpec("d", "s", "c", "C", (FieldSpec("id", primary_key=True), *fields), **options)


def masks_of(field: FieldSpec, column: Column, **more: Any) -> dict[str, Any]:
    live = {"id": Column("id", False, True, False, number=True), field.name: column}
    return masking.erasing(spec(field), "id", False, live, SECRETS, **more)


@given(st.sampled_from(sorted(STRATEGIES)), values)
def test_a_mask_applied_to_its_own_result_changes_nothing(name: str, value: Any) -> None:
    mask = mask_of({"strategy": name}, SECRETS, "d.c.x")
    once = mask.wanted((7,), value)
    assert mask.wanted((7,), once) == once


@pytest.mark.parametrize(
    ("mask", "before", "after"),
    [
        ({"strategy": "null"}, "a", None),
        ({"strategy": "fixed", "value": "gone"}, "a", "gone"),
        ({"strategy": "token", "suffix": "@x"}, "a", "erased-7@x"),
        ({"strategy": "keep_domain"}, "anna@people.example", "erased-7@people.example"),
        ({"strategy": "truncate"}, date(1988, 5, 17), date(1988, 1, 1)),
        ({"strategy": "truncate", "to": "month"}, date(1988, 5, 17), date(1988, 5, 1)),
        ({"strategy": "truncate"}, datetime(1988, 5, 17, 9, 30), datetime(1988, 1, 1)),
        ({"strategy": "truncate"}, "1988-05-17", "1988-01-01"),
        ({"strategy": "truncate"}, "192.0.2.77", "192.0.2.0"),
        ({"strategy": "truncate"}, "2001:db8:1:2::9", "2001:db8:1::"),
        ({"strategy": "truncate", "characters": 3}, "10115 Berlin", "101"),
        ({"strategy": "geo"}, 52.51704, 52.5),
        ({"strategy": "geo", "decimals": 2}, "13.38886", "13.39"),
        ({"strategy": "geo"}, "Berlin", ""),
        ({"strategy": "band"}, 37, 30),
        ({"strategy": "band", "width": 5000}, "43210", "40000"),
        ({"strategy": "band"}, -3, -10),
        ({"strategy": "scrub"}, "please call Anna Adler, +49 30 1234567, a@b.example", "please call […] […], […], […]"),
        ({"strategy": "preserve"}, "a", "a"),
    ],
)
def test_what_each_strategy_makes(mask: dict[str, Any], before: Any, after: Any) -> None:
    assert mask_of(mask, SECRETS).wanted((7,), before) == after


def test_a_digest_is_the_same_for_the_same_value_and_another_with_another_secret() -> None:
    one = mask_of({"strategy": "hash"}, SECRETS)
    assert one.wanted((1,), "anna") == one.wanted((2,), "anna") != one.wanted((1,), "bella")
    assert one.wanted((1,), "anna") != mask_of({"strategy": "hash"}, Secrets(b"next", b"system")).wanted((1,), "anna")
    lasting = mask_of({"strategy": "hmac"}, SECRETS).wanted((1,), "anna")
    assert lasting == mask_of({"strategy": "hmac"}, Secrets(b"next", b"system")).wanted((9,), "anna")


def test_random_keeps_the_form_and_nothing_else() -> None:
    made = mask_of({"strategy": "random"}, SECRETS, "d.c.x").wanted((7,), "+49 30 Ab-12")
    assert len(made) == 12 and made[0] == "+" and made[3] == made[6] == " " and made[9] == "-"
    assert made[7].isupper() and made[8].islower() and made != "+49 30 Ab-12"


def test_every_strategy_says_what_it_does() -> None:
    assert set(strategies.describe()) == set(STRATEGIES)
    assert all(len(words) > 15 for words in strategies.describe().values())


@pytest.mark.parametrize(
    ("mask", "column", "words"),
    [
        ({"strategy": "shred"}, TEXT, "does not exist"),
        ({"strategy": "hash"}, Column("x", True, False, False, number=True), "not a text"),
        ({"strategy": "random"}, Column("x", True, True, True), "must be unique"),
        ({"strategy": "truncate"}, Column("x", True, True, True), "must be unique"),
        ({"strategy": "hash"}, Column("x", True, False, True, 10), "takes 10 characters"),
        ({"strategy": "null"}, Column("x", False, False, True), "may not be empty"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused_in_words_before_anything_is_written(
    mask: dict[str, Any], column: Column, words: str
) -> None:
    with pytest.raises(Permanent) as refused:
        masks_of(FieldSpec("x", category="contact", mask=mask), column)
    assert words in refused.value.sentence and (words == "does not exist" or "d.c.x" in refused.value.sentence)


def test_the_length_of_the_description_cuts_what_is_written() -> None:
    column = Column("x", False, False, True, 10)
    made = masks_of(FieldSpec("x", category="contact", mask={"strategy": "hash"}, length=10), column)["x"]
    assert len(made.wanted((1,), "anna")) == 10 and made.wanted((1,), made.wanted((1,), "anna")) == made.wanted(
        (1,), "anna"
    )
    assert masks_of(FieldSpec("x", category="contact", length=4), column)["x"].value == "[era"


def test_an_anonymising_order_takes_no_pseudonym_for_an_answer() -> None:
    field = FieldSpec("x", category="contact", mask={"strategy": "hmac"})
    assert masks_of(field, TEXT)["x"].compute is not None
    assert masks_of(field, TEXT, anonymously=True)["x"].wanted((1,), "anna") is None


def test_what_keeps_its_value_has_its_reason() -> None:
    fields = (
        FieldSpec("a", category="contact", read_only=True),
        FieldSpec("b", category="contact", mask={"strategy": "preserve"}),
        FieldSpec("c", category="contact", person="other"),
    )
    one = spec(*fields)
    assert masking.kept(one, "id", True, {}) == {"a": "read_only", "b": "another_person", "c": "another_person"}
    assert masking.kept(one, "id", False, {"c": strategies.null({}, SECRETS)}) == {"a": "read_only", "b": "preserved"}


@pytest.mark.parametrize(
    ("chosen", "category", "covered"),
    [("contact", "contact.email", True), ("contact", "contact", True), ("contact", "contacts", False),
     ("contact.email", "contact", False), ("contact.e", "contact.email", False)],
)  # fmt: skip
def test_a_category_covers_what_is_below_it_by_whole_segments(chosen: str, category: str, covered: bool) -> None:
    assert scope.covers(chosen, category) is covered


def test_work_limited_to_a_category_masks_its_fields_and_deletes_no_row() -> None:
    one = spec(FieldSpec("mail", category="contact.email"), FieldSpec("pay", category="finance"), erase="delete")
    narrow = scope.narrowed(one, ["contact"], {})
    assert narrow.erase == "mask" and [field.category for field in narrow.fields] == ["", "contact.email", ""]
    assert scope.narrowed(one, ["contact", "finance"], {}).erase == "delete"
    nothing = scope.narrowed(one, ["health"], {})
    assert nothing.erase == nothing.erase_shared == "keep" and nothing.keep_ground == "not_asked"


def test_a_strategy_can_be_chosen_for_a_category_a_collection_or_a_field_and_the_nearest_wins() -> None:
    one = spec(FieldSpec("mail", category="contact.email"), FieldSpec("tel", category="contact.phone"), erase="mask")
    chosen = {"category:contact": {"strategy": "hash"}, "field:d.c.tel": {"strategy": "null"}}
    masks = {field.name: field.mask for field in scope.narrowed(one, [], chosen).fields}
    assert masks["mail"] == {"strategy": "hash"} and masks["tel"] == {"strategy": "null"}
    assert scope.narrowed(one, [], {"collection:d.c": {"strategy": "delete"}}).erase == "delete"
    kept = spec(FieldSpec("mail", category="contact.email"), erase="keep", keep_ground="legal_obligation")
    assert scope.narrowed(kept, [], {"collection:d.c": {"strategy": "delete"}}).erase == "keep"


def test_the_inventory_knows_the_same_strategies_by_name() -> None:
    assert set(MASK_STRATEGIES) == set(STRATEGIES)
