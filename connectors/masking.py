"""What an erasure, a correction or an opt-out writes into which field. Rules: no database.

A strategy describes itself, so that the desk and the documentation read from here. Masks are the same each time they are
applied, so a repeat changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.kinds.base import Column, Mask, Permanent
from inventory.graph import CollectionSpec, FieldSpec

ERASED_TEXT = "[erased]"

Strategy = Callable[[Mapping[str, Any]], Mask]


def _null(options: Mapping[str, Any]) -> Mask:
    """Empty the field."""
    return Mask(None)


def _fixed(options: Mapping[str, Any]) -> Mask:
    """Put the same words (`value`) into every row."""
    return Mask(options.get("value", ERASED_TEXT))


def _token(options: Mapping[str, Any]) -> Mask:
    """Put "erased-" and the row's key, with an optional `suffix`: for fields that must be unique."""
    return Mask(token=True, suffix=str(options.get("suffix", "")))


STRATEGIES: dict[str, Strategy] = {"null": _null, "fixed": _fixed, "token": _token}


def describe() -> dict[str, str]:
    """Each strategy with its sentence."""
    return {name: (one.__doc__ or "").strip() for name, one in STRATEGIES.items()}


def mask_of(mask: Mapping[str, Any]) -> Mask:
    """The mask that a description asks for. Raises Permanent for an unknown strategy."""
    strategy = STRATEGIES.get(str(mask.get("strategy")))
    if strategy is None:
        raise Permanent(
            "schema", f"The description asks for a masking strategy that does not exist: {mask.get('strategy')}."
        )
    return strategy(mask)


def erasing(spec: CollectionSpec, via: str, shared: bool, columns: Mapping[str, Column]) -> dict[str, Mask]:
    """The masks that erase one person's fields from a row that stays.

    In a row about two people only the fields of the person found `via` that link. Raises Permanent (before anything is
    written) when a field cannot take its mask.
    """
    masks = {}
    for field in spec.fields:
        if field.read_only or (shared and field.person != via):
            continue
        if field.primary_key:
            if field.category or field.mask is not None:
                raise Permanent(
                    "schema",
                    f"{_place(spec, field)} holds personal data and is the row's key, so it cannot be masked. "
                    "Delete these rows instead, or keep them on a ground.",
                )
        elif field.mask is not None:
            masks[field.name] = _checked(spec, field, mask_of(field.mask), columns, many=True)
        elif field.category:
            masks[field.name] = _default(spec, field, columns)
    return masks


def suppressing(spec: CollectionSpec, via: str, shared: bool, columns: Mapping[str, Column]) -> dict[str, Mask]:
    """What an opt-out writes into this person's own fields."""
    return {
        one.name: _checked(spec, one, Mask(one.suppress.get("value")), columns, many=True)
        for one in spec.fields
        if one.suppress is not None and _own(one, via, shared)
    }


def correcting(
    spec: CollectionSpec, via: str, shared: bool, changes: Mapping[str, Any], columns: Mapping[str, Column]
) -> dict[str, Mask]:
    """What a correction writes: this person's own fields whose attribute it names."""
    return {
        # Not `many`: an address that must be unique can be corrected in one row, and the database sees to the rest.
        one.name: _checked(spec, one, Mask(changes[one.attribute]), columns, many=False)
        for one in spec.fields
        if one.attribute and one.attribute in changes and _own(one, via, shared)
    }


def _own(field: FieldSpec, via: str, shared: bool) -> bool:
    """Whether a field may be written for the person found `via` a link: never another's, and never a key."""
    mine = field.person == via if shared else field.person in ("", via)
    return mine and not field.read_only and not field.primary_key


def _place(spec: CollectionSpec, field: FieldSpec) -> str:
    return f"{spec.dataset}.{spec.name}.{field.name}"


def _live(spec: CollectionSpec, field: FieldSpec, columns: Mapping[str, Column]) -> Column:
    if field.name not in columns:
        raise Permanent(
            "schema", f"{spec.dataset}.{spec.name} has no column {field.name}. Mend the description, then retry."
        )
    return columns[field.name]


def _checked(spec: CollectionSpec, field: FieldSpec, mask: Mask, columns: Mapping[str, Column], *, many: bool) -> Mask:
    column, place = _live(spec, field, columns), _place(spec, field)
    if mask.token and not column.textual:
        raise Permanent("schema", f"{place} is not a text there, so it cannot take a token. Choose another mask.")
    if not mask.token and mask.value is None and not column.nullable:
        raise Permanent(
            "schema", f"{place} may not be empty there. Give it another mask in the description, then retry."
        )
    if many and not mask.token and mask.value is not None and column.unique:
        raise Permanent("schema", f"{place} must be unique there. Use the token mask in the description, then retry.")
    longest = _longest(spec, mask, columns) if column.textual else 0
    if column.length is not None and longest > column.length:
        raise Permanent(
            "schema", f"{place} takes {column.length} characters there and the new value may need {longest}. "
            "Choose a shorter mask in the description, then retry.",
        )  # fmt: skip
    return mask


def _longest(spec: CollectionSpec, mask: Mask, columns: Mapping[str, Column]) -> int:
    """How long the new value may get. A token: "erased", the parts of the key, or a digest of it where it is a text."""
    if not mask.token:
        return len(str(mask.value)) if mask.value is not None else 0
    keys = [columns[name] for name in spec.primary_key if name in columns]
    return len("erased") + (21 if any(one.textual for one in keys) else 11 * len(keys)) + len(mask.suffix)


def _default(spec: CollectionSpec, field: FieldSpec, columns: Mapping[str, Column]) -> Mask:
    column = _live(spec, field, columns)
    if column.nullable:
        return Mask(None)
    if column.textual:
        return _checked(spec, field, Mask(token=True) if column.unique else Mask(ERASED_TEXT), columns, many=True)
    raise Permanent(
        "schema",
        f"{_place(spec, field)} may not be empty and has no mask. Give it one in the description, then retry.",
    )
