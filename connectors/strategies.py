"""The masking strategies. Pure but for the keys they are given. Each describes itself, so that desk and documentation read
from here.

Every strategy gives the same again when it is applied to its own result, so that a chunk can be repeated at any time:
what depends on the old value leaves a mark by which the result is known, or keeps only what it would keep again.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from ipaddress import ip_address, ip_network
from typing import Any

from connectors.kinds.base import Key, Mask, Permanent, token

ERASED_TEXT = "[erased]"
DIGEST = 24  # hexadecimal digits: 96 bits
MARK, CHECK = "anon-", 6  # the last digits of a mark are a keyed checksum of the others
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-[0-9]{2}([ T]|\Z)")
COMPACT_DAY = re.compile(r"([0-9]{4})([0-9]{2})[0-9]{2}")
IPV4_BITS, IPV6_BITS = 24, 48
REMOVED = "[…]"
SCRUBBED = (
    re.compile(r"https?://\S+"), re.compile(r"[^\s@<>()]+@[^\s@<>(),]+"), re.compile(r"\+?\d(?:[\s./()-]{0,2}\d){4,}"),
    re.compile(r"[^\W\d_]*[A-ZÀ-ÖØ-Þ][^\W\d_]*"),
)  # fmt: skip


@dataclass(frozen=True)
class Secrets:
    """What keyed strategies are keyed with: the batch's own salt, which is destroyed, and the system's lasting key."""

    batch: bytes = b""
    system: bytes = b""


Options = Mapping[str, Any]
Strategy = Callable[[Options, Secrets], Mask]


def null(options: Options, secrets: Secrets) -> Mask:
    """Empty the field."""
    return Mask(None)


def fixed(options: Options, secrets: Secrets) -> Mask:
    """Put the same words (`value`) into every row."""
    return Mask(options.get("value", ERASED_TEXT))


def token_of_row(options: Options, secrets: Secrets) -> Mask:
    """Put "erased-" and the row's key, with an optional `suffix`: for fields that must be unique."""
    return Mask(token=True, suffix=str(options.get("suffix", "")))


def hashed(options: Options, secrets: Secrets) -> Mask:
    """Put a digest of the value, keyed with a secret of this one request that is destroyed afterwards: equal values stay
    equal within the request, and nobody can try values out later. `per: system` keys it like hmac.
    """
    return _digest(options, secrets.system if options.get("per") == "system" else secrets.batch)


def hmac_of_system(options: Options, secrets: Secrets) -> Mask:
    """Put a digest of the value, keyed with the system's lasting secret: equal values stay equal over all requests. Who
    holds the secret can try values out: this is a pseudonym, not an erasure.
    """
    return _digest(options, secrets.system)


def random_of_same_form(options: Options, secrets: Secrets) -> Mask:
    """Put random letters for letters and digits for digits; length, spaces and signs stay."""
    place, most = str(options.get("place", "")), options.get("most")

    def compute(key: Key, current: Any) -> Any:
        if current is None:
            return None
        text = str(current)
        stream = _stream(secrets.system, place, key, len(text))
        made = "".join(_alike(one, number) for one, number in zip(text, stream, strict=True))
        if isinstance(current, bool) or not isinstance(current, int):
            return made
        return int(made) if most is None else _fitting(int(made), most)

    return Mask(compute=compute)


def keep_domain(options: Options, secrets: Secrets) -> Mask:
    """Put a token of the row before the @ and leave the domain."""

    def compute(key: Key, current: Any) -> Any:
        if current is None:
            return None
        _, sign, domain = str(current).rpartition("@")
        return token(key, f"@{domain}" if sign else "")

    return Mask(compute=compute)


def truncate(options: Options, secrets: Secrets) -> Mask:
    """Coarsen: dates to their year (`to: month` keeps the month), IP addresses to /24 or /48, other texts to their first
    `characters` (none by default).
    """
    month, characters = options.get("to") == "month", int(options.get("characters", 0))

    def compute(key: Key, current: Any) -> Any:
        if current is None:
            return None
        if isinstance(current, datetime):
            coarse = current.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            return coarse if month else coarse.replace(month=1)
        if isinstance(current, date):
            return current.replace(day=1) if month else current.replace(month=1, day=1)
        # Twice: the first characters of a text may be a date or an address, and a repeat would coarsen that.
        return _shorter(_shorter(str(current), month, characters), month, characters)

    return Mask(compute=compute)


def geo(options: Options, secrets: Secrets) -> Mask:
    """Coarsen a latitude or a longitude to `decimals` (1 by default: about eleven kilometres)."""
    step = Decimal(1).scaleb(-int(options.get("decimals", 1)))
    return _of_numbers(lambda number: number.quantize(step))


def band(options: Options, secrets: Secrets) -> Mask:
    """Coarsen a number to the lower end of its band of `width` (10 by default): 37 becomes 30."""
    width = Decimal(int(options.get("width", 10)))
    return _of_numbers(lambda number: (number / width).to_integral_value(ROUND_FLOOR) * width)


def _of_numbers(coarsen: Callable[[Decimal], Decimal]) -> Mask:
    """A mask of numbers, also of those that stand in a text; what is no number is emptied."""

    def compute(key: Key, current: Any) -> Any:
        if current is None:
            return None
        try:
            coarse = coarsen(Decimal(str(current).strip()))
            made = f"{coarse:f}" if isinstance(current, str) else type(current)(coarse)
            return made if coarse.is_finite() else None
        except (ArithmeticError, TypeError, ValueError):
            return "" if isinstance(current, str) else None

    return Mask(compute=compute)


def scrub(options: Options, secrets: Secrets) -> Mask:
    """Take addresses, numbers of five digits and more, links and words with a capital out of a text and leave the rest. Nobody
    can promise that nothing personal is left: it is reported as a residual risk, and a colleague has to agree.
    """

    def compute(key: Key, current: Any) -> Any:
        if current is None:
            return None
        text = str(current)
        for pattern in SCRUBBED:
            text = pattern.sub(REMOVED, text)
        return text

    return Mask(compute=compute)


def preserve(options: Options, secrets: Secrets) -> Mask:
    """Leave the value as it is. It is reported as kept."""
    return Mask(compute=lambda key, current: current)


STRATEGIES: dict[str, Strategy] = {
    "null": null,
    "fixed": fixed,
    "token": token_of_row,
    "hash": hashed,
    "hmac": hmac_of_system,
    "random": random_of_same_form,
    "keep_domain": keep_domain,
    "truncate": truncate,
    "geo": geo,
    "band": band,
    "scrub": scrub,
    "preserve": preserve,
}
# What each can be used for; "unique": equal values or forms never become equal by it.
TEXT_ONLY = {"token", "hash", "hmac", "keep_domain", "scrub"}
KEEPS_UNIQUE = {"token", "hash", "hmac", "keep_domain", "preserve"}


def describe() -> dict[str, str]:
    """Each strategy with its sentences."""
    return {name: " ".join((one.__doc__ or "").split()) for name, one in STRATEGIES.items()}


def mask_of(
    mask: Mapping[str, Any], secrets: Secrets, place: str = "", length: int | None = None, most: int | None = None
) -> Mask:
    """The mask that a description asks for; `place` is dataset.collection.field, `length` what its words are cut to, `most`
    the greatest whole number that fits. Raises Permanent for an unknown one.
    """
    strategy = STRATEGIES.get(str(mask.get("strategy")))
    if strategy is None:
        raise Permanent(
            "schema", f"The description asks for a masking strategy that does not exist: {mask.get('strategy')}."
        )
    return cut(strategy({**mask, "place": place, "length": length, "most": most}, secrets), length)


def cut(mask: Mask, length: int | None) -> Mask:
    """The mask with its words cut to `length` characters, as the description of the field asks."""
    if length is None:
        return mask
    if isinstance(mask.value, str):
        return Mask(mask.value[:length])
    if not mask.token and mask.compute is None:
        return mask

    def compute(key: Key, current: Any) -> Any:
        made = mask.wanted(key, current)
        # Spaces at the end are no words: CHAR(n) comes padded with them.
        return made[:length] if isinstance(made, str) and len(made.rstrip(" ")) > length else made

    return Mask(compute=compute)


def _digest(options: Options, secret: bytes) -> Mask:
    """Digits that are known again by their checksum, so that a person's own value of the same form is not taken for one.
    `length`: how many characters the whole may have.
    """
    suffix, length = str(options.get("suffix", "")), options.get("length")
    digits = DIGEST if length is None else min(DIGEST, max(0, length - len(MARK)))
    check = min(CHECK, digits // 2)

    def made(digest: str) -> str:
        keyed = hmac.new(secret, b"mark " + digest.encode(), hashlib.sha256).hexdigest()[:check]
        return f"{MARK}{digest}{keyed}{suffix}"[:length]

    def compute(key: Key, current: Any) -> Any:
        if current is None:
            return None
        text = str(current)
        if made(text[len(MARK) : len(MARK) + digits - check]) == text.rstrip(" "):  # CHAR(n) comes padded with spaces
            return current
        return made(hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[: digits - check])

    return Mask(compute=compute)


def _stream(secret: bytes, place: str, key: Key, length: int) -> bytes:
    seed = hmac.new(secret, json.dumps([place, *key], default=str).encode(), hashlib.sha256).digest()
    return hashlib.shake_256(seed).digest(length)


def _alike(one: str, number: int) -> str:
    if one.isdecimal():
        return "123456789"[number % 9]  # no 0, so that a number keeps its length
    if one.isalpha():
        letter = "abcdefghijklmnopqrstuvwxyz"[number % 26]
        return letter.upper() if one.isupper() else letter
    return one


def _fitting(number: int, most: int) -> int:
    """A number of as many digits that is not greater than `most`."""
    least = 10 ** (len(str(abs(number))) - 1)
    size = abs(number)
    if most >= least:
        size = least + (size - least) % (min(most, 10 * least - 1) - least + 1)
    return size if number > 0 else -size


def _shorter(text: str, month: bool, characters: int) -> str:
    try:
        bits = IPV4_BITS if ip_address(text).version == 4 else IPV6_BITS
        return str(ip_network(f"{text}/{bits}", strict=False).network_address)
    except ValueError:
        pass  # no address: perhaps a date
    day, compact = DAY.match(text), COMPACT_DAY.fullmatch(text)
    found = day or compact
    if found is None or not _is_day(text[:10]):
        return text[:characters]
    if day is None:
        return f"{found[1]}{found[2] if month else '01'}01"
    return f"{found[1]}-{found[2] if month else '01'}-01" + (f"{found[3]}00:00:00" if found[3] else "")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
