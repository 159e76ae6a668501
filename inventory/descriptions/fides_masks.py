"""Masking strategies of Fides and ours, both ways. Pure."""

from collections.abc import Mapping
from typing import Any

# Strategy of Fides -> options it may have.
OPTIONS: Mapping[str, frozenset[str]] = {
    "null_rewrite": frozenset(),
    "string_rewrite": frozenset({"rewrite_value", "format_preservation"}),
    "random_string_rewrite": frozenset({"length", "format_preservation"}),
    "hash": frozenset({"algorithm", "format_preservation"}),
    "hmac": frozenset({"algorithm", "format_preservation"}),
    "aes_encrypt": frozenset({"mode", "format_preservation"}),
    "preserve": frozenset(),
}


class Unmaskable(ValueError):
    """What is wrong with an override, in words."""


def ours(name: Any, configuration: Any) -> tuple[dict[str, Any], list[str]]:
    """(our mask, what changes by that, in words) for a strategy of Fides. Raises Unmaskable.

    Fides keys hash and hmac with a secret of the one request, as our `hash` does: both become that. Random words become
    the row's token, which is as empty of the value and unique.
    """
    if not isinstance(name, str) or name not in OPTIONS:
        raise Unmaskable(f"there is no masking strategy {name!r}; there are {', '.join(sorted(OPTIONS))}")
    given = configuration or {}
    if not isinstance(given, Mapping):
        raise Unmaskable("configuration must be a mapping")
    for key in given:
        if key not in OPTIONS[name]:
            raise Unmaskable(f"the strategy {name} has no {key!r} in its configuration")
    suffix = _suffix(given)
    ending = {"suffix": suffix} if suffix else {}
    if name == "null_rewrite":
        return {"strategy": "null"}, []
    if name == "preserve":
        return {"strategy": "preserve"}, []
    if name == "string_rewrite":
        return _fixed(given, suffix)
    if name == "random_string_rewrite":
        notes = ["random words become the row's token, which is unique"]
        return {"strategy": "token", **ending}, notes + (["its length is not kept"] if "length" in given else [])
    return {"strategy": "hash", **ending}, _digest(name, given)


def _suffix(given: Mapping[str, Any]) -> str:
    form = given.get("format_preservation") or {}
    if not isinstance(form, Mapping) or set(form) - {"suffix"} or not isinstance(form.get("suffix") or "", str):
        raise Unmaskable("format_preservation holds a suffix and nothing else")
    return form.get("suffix") or ""


def _fixed(given: Mapping[str, Any], suffix: str) -> tuple[dict[str, Any], list[str]]:
    value = given.get("rewrite_value")
    if not isinstance(value, str):
        raise Unmaskable("string_rewrite needs a rewrite_value that is a text")
    return {"strategy": "fixed", "value": value + suffix}, []


def _digest(name: str, given: Mapping[str, Any]) -> list[str]:
    algorithm = given.get("algorithm", "SHA-256")
    if name == "aes_encrypt":
        if given.get("mode", "GCM") != "GCM":
            raise Unmaskable("the mode of aes_encrypt is GCM")
        return ["we do not encrypt what is to be erased; it becomes a hash"]
    if algorithm not in ("SHA-256", "SHA-512"):
        raise Unmaskable("the algorithm is SHA-256 or SHA-512")
    notes = ["it becomes a hash with a secret of the one request, as it was"] if name == "hmac" else []
    return notes + (["the digest is SHA-256"] if algorithm != "SHA-256" else [])


def theirs(mask: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """(override of Fides, what is lost by that) for one of our masks."""
    name, suffix = mask["strategy"], mask.get("suffix")
    form = {"format_preservation": {"suffix": suffix}} if suffix else {}
    if name == "fixed":
        value = mask.get("value", "[erased]")
        return _override("string_rewrite", {"rewrite_value": str(value)}), "" if isinstance(value, str) else "as a text"
    if name == "token":
        return _override("random_string_rewrite", form), ""
    if name in ("hash", "hmac"):
        lasting = name == "hmac" or mask.get("per") == "system"
        words = "keyed for one request only" if lasting else ""
        return _override("hmac" if lasting else "hash", {"algorithm": "SHA-256", **form}), words
    if name in ("random", "keep_domain"):
        return _override("random_string_rewrite", {}), "the form of the value is not kept"
    if name == "preserve":
        return _override("preserve", {}), ""
    return _override("null_rewrite", {}), "" if name == "null" else "emptied, not truncated"


def _override(strategy: str, configuration: dict[str, Any]) -> dict[str, Any]:
    return {"strategy": strategy, **({"configuration": configuration} if configuration else {})}
