"""The masking strategies by name, with the options that each takes. Pure: what they write stands in `connectors.strategies`."""

from collections.abc import Iterator, Mapping
from typing import Any

# Strategy -> option -> what its value must be, in words.
MASK_STRATEGIES: Mapping[str, Mapping[str, str]] = {
    "null": {},
    "fixed": {"value": "a text, a number, true or false"},
    "token": {"suffix": "a text"},
    "hash": {"suffix": "a text", "per": "request or system"},
    "hmac": {"suffix": "a text"},
    "random": {},
    "keep_domain": {},
    "truncate": {"to": "year or month", "characters": "a whole number, 0 or more"},
    "geo": {"decimals": "a whole number, 0 or more"},
    "band": {"width": "a whole number, 1 or more"},
    "scrub": {},
    "preserve": {},
}
# What any of them takes, for the check of what was anonymised: whether what is left of the field tells people apart, and
# whether it must differ among those who look alike.
ALWAYS: Mapping[str, str] = {"quasi": "true or false", "sensitive": "true or false"}
EXAMPLE = '{"strategy": "fixed", "value": "[erased]"}'


def normal(mask: Any) -> Any:
    """The mask with `strategy: null` as the word that it means: YAML reads it as nothing unless it stands in quotes."""
    if isinstance(mask, Mapping) and "strategy" in mask and mask["strategy"] is None:
        return {**mask, "strategy": "null"}
    return mask


def faults(mask: Any) -> Iterator[str]:
    """What is wrong with a mask, in words; nothing for a sound one and for none."""
    if mask is None:
        return
    if not isinstance(mask, Mapping):
        yield f"a mask is a mapping, for example {EXAMPLE}"
        return
    name = normal(mask).get("strategy")
    if not isinstance(name, str) or name not in MASK_STRATEGIES:
        yield f"there is no masking strategy {name!r}; there are {', '.join(sorted(MASK_STRATEGIES))}"
        return
    options = {**MASK_STRATEGIES[name], **ALWAYS}
    for key, value in mask.items():
        if key == "strategy":
            continue
        if key not in options:
            own = MASK_STRATEGIES[name]
            known = f"takes {', '.join(own)}" if own else "takes no options"
            yield f"the mask {name} {known}, not {key!r}"
        elif not _fits(key, value):
            yield f"{key} of the mask {name} must be {options[key]}, not {value!r}"


def _fits(key: str, value: Any) -> bool:
    if key == "value":
        return isinstance(value, str | int | float | bool)
    if key == "suffix":
        return isinstance(value, str)
    if key in ALWAYS:
        return isinstance(value, bool)
    if key == "width":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if key in ("characters", "decimals"):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value in {"per": ("request", "system"), "to": ("year", "month")}[key]
