"""Whether a mask fits the live column that it is written into: known from the schema, told before the first row. Pure."""

from collections.abc import Mapping

from connectors.kinds.base import Column, Mask, Permanent
from inventory.graph import CollectionSpec

SHOWN = 5
FREE_TEXT = ("token", "hash", "hmac", "random", "keep_domain", "truncate")


def unique(spec: CollectionSpec, column: Column, columns: Mapping[str, Column]) -> bool:
    """Whether the same value in many rows may break a unique key. Of a key of several columns that is so unless another of its
    columns differs in every row anyway: by itself, or because it gets a token.
    """
    return column.unique or any(not any(_differs(spec, one, columns) for one in key) for key in column.together)


def _differs(spec: CollectionSpec, name: str, columns: Mapping[str, Column]) -> bool:
    tokens = [one.name for one in spec.fields if one.mask is not None and one.mask.get("strategy") == "token"]
    return name in tokens or spec.primary_key == (name,) or (name in columns and columns[name].unique)


def refuse_odd(place: str, column: Column, mask: Mask, strategy: str = "") -> None:
    """Raises Permanent for a column that nobody may write, that takes certain words only, or whose type the mask cannot make.
    `strategy`: the name of one that works its value out.
    """
    if column.computed:
        raise Permanent(
            "schema",
            f"{place} is worked out by the database from other columns and cannot be written. Mark it read_only in the "
            "description, and mask the columns that it is made of.",
        )
    if column.words is not None:
        _refuse_words(place, column, mask, strategy)
    if column.other and strategy == "random":
        raise Permanent(
            "schema",
            f"{place} holds neither text nor numbers, so the mask random does not fit. Choose truncate for a date, or fixed.",
        )
    whole = isinstance(mask.value, int) and not isinstance(mask.value, bool)
    if whole and column.most is not None and abs(mask.value) > column.most + 1:
        raise Permanent(
            "schema", f"{place} takes no number greater than {column.most}. Choose a smaller one for the mask fixed."
        )


def _refuse_words(place: str, column: Column, mask: Mask, strategy: str) -> None:
    words = column.words or ()
    made = strategy in FREE_TEXT or mask.token
    if made or (mask.value is not None and str(mask.value) not in words):
        some = ", ".join(words[:SHOWN]) + (", ..." if len(words) > SHOWN else "")
        raise Permanent(
            "schema",
            f"{place} takes certain words only ({some}), and its mask makes another one. Choose the mask fixed with one of "
            "these, or null where it may be empty.",
        )
