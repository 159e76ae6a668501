"""What an erasure, a correction, a restriction or an opt-out writes into which field. Rules: no database.

The strategies stand in `strategies`; here they meet the description and the live columns. Masks are the same each time they
are applied, so a repeat changes nothing.
"""

from collections.abc import Collection, Mapping
from typing import Any

from connectors.fitting import refuse_odd, unique
from connectors.kinds.base import Column, Mask, Permanent
from connectors.strategies import DIGEST, ERASED_TEXT, KEEPS_UNIQUE, MARK, TEXT_ONLY, Secrets, cut, mask_of
from inventory.graph import CollectionSpec, FieldSpec

# Pseudonyms and kept values are no anonymisation (GDPR recital 26): an anonymising order puts the default instead.
DIGEST_LENGTH = len(MARK) + DIGEST
NOT_ANONYMOUS = {"hash", "hmac", "preserve"}


def erasing(
    spec: CollectionSpec,
    via: str,
    shared: bool,
    columns: Mapping[str, Column],
    secrets: Secrets,
    *,
    anonymously: bool = False,
    links: Collection[str] = (),
) -> dict[str, Mask]:
    """The masks that erase one person's fields from a row that stays; `anonymously`: without those that keep a pseudonym, and
    with the fields emptied that lead from row to row (`links`) or name a person, where the system lets them be empty.

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
        elif _preserved(field, anonymously):
            continue
        elif field.mask is not None and not (anonymously and field.mask.get("strategy") in NOT_ANONYMOUS):
            masks[field.name] = _described(spec, field, columns, secrets)
        elif field.category:
            masks[field.name] = _default(spec, field, columns)
        elif anonymously and _cuts(spec, field, columns, links):
            masks[field.name] = Mask(None)
    return masks


def _preserved(field: FieldSpec, anonymously: bool) -> bool:
    """Whether a value stays: in anonymous rows only one that is declared sensitive, and so measured (see `anonymity`)."""
    if field.mask is None or field.mask.get("strategy") != "preserve":
        return False
    return not anonymously or bool(field.mask.get("sensitive")) or not field.category


def _cuts(spec: CollectionSpec, field: FieldSpec, columns: Mapping[str, Column], links: Collection[str]) -> bool:
    """Whether a field without a category leads from row to row or names a person, and may be empty."""
    leads = field.mask is None and (field.name in links or bool(field.identity))
    return leads and _live(spec, field, columns).nullable


def kept(spec: CollectionSpec, via: str, shared: bool, masks: Mapping[str, Mask]) -> dict[str, str]:
    """Why personal fields of a masked row keep their values: field -> read_only, another_person or preserved."""
    found = {}
    for field in spec.fields:
        if not field.category or field.name in masks:
            continue
        if field.read_only:
            found[field.name] = "read_only"
        elif shared and field.person != via:
            found[field.name] = "another_person"
        else:
            found[field.name] = "preserved"
    return found


def restricting(spec: CollectionSpec, via: str, shared: bool, columns: Mapping[str, Column]) -> dict[str, Mask]:
    """What a restriction of processing writes into this person's own fields."""
    return {
        one.name: _checked(spec, one, Mask(one.restrict.get("value")), columns, many=True)
        for one in spec.fields
        if one.restrict is not None and _own(one, via, shared)
    }


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


def _described(spec: CollectionSpec, field: FieldSpec, columns: Mapping[str, Column], secrets: Secrets) -> Mask:
    """The mask that the description names, checked against the live column."""
    assert field.mask is not None
    column, place, name = _live(spec, field, columns), _place(spec, field), str(field.mask.get("strategy"))
    mask = mask_of(field.mask, secrets, place, field.length, column.most)
    if mask.compute is None:
        return _checked(spec, field, mask, columns, many=True)
    refuse_odd(place, column, mask, name)
    if name in TEXT_ONLY and not column.textual:
        raise Permanent("schema", f"{place} is not a text there, so the mask {name} does not fit. Choose another mask.")
    if unique(spec, column, columns) and (name not in KEEPS_UNIQUE or field.length is not None):
        raise Permanent(
            "schema", f"{place} must be unique there, and the mask {name} may make values equal. Use the token mask."
        )
    longest = DIGEST_LENGTH + len(str(field.mask.get("suffix", ""))) if name in ("hash", "hmac") else 0
    longest = min(longest, field.length or longest)
    if column.length is not None and longest > column.length:
        raise Permanent(
            "schema", f"{place} takes {column.length} characters there and the mask {name} needs {longest}. "
            "Give the field a length in the description, or choose another mask.",
        )  # fmt: skip
    return mask


def _checked(spec: CollectionSpec, field: FieldSpec, mask: Mask, columns: Mapping[str, Column], *, many: bool) -> Mask:
    column, place = _live(spec, field, columns), _place(spec, field)
    refuse_odd(place, column, mask)
    if mask.token and not column.textual:
        raise Permanent("schema", f"{place} is not a text there, so it cannot take a token. Choose another mask.")
    if not mask.token and mask.value is None and not column.nullable:
        raise Permanent(
            "schema", f"{place} may not be empty there. Give it another mask in the description, then retry."
        )
    if many and not mask.token and mask.value is not None and unique(spec, column, columns):
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


def _room(column: Column, field: FieldSpec) -> int | None:
    """How many characters fit into a field: what the system and the description say."""
    return min((one for one in (column.length, field.length) if one is not None), default=None)


def _default(spec: CollectionSpec, field: FieldSpec, columns: Mapping[str, Column]) -> Mask:
    column = _live(spec, field, columns)
    if column.nullable:
        return _checked(spec, field, Mask(None), columns, many=True)
    if column.textual:
        made = Mask(token=True) if unique(spec, column, columns) else cut(Mask(ERASED_TEXT), _room(column, field))
        return _checked(spec, field, made, columns, many=True)
    raise Permanent(
        "schema",
        f"{_place(spec, field)} may not be empty and has no mask. Give it one in the description, then retry.",
    )
