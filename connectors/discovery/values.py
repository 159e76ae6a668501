"""What sampled values look like: they go in, shares of shapes come out, and nothing else. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

FEWEST = 3  # values below which nothing is concluded
MOST_OF_THEM = 0.6

EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[A-Za-z]{2,}")
PHONE = re.compile(r"(\+|00|0|\()[\d\s()/.\-]{6,20}")
AGENT = re.compile(r"Mozilla/|AppleWebKit|curl/|okhttp|python-requests")
HASH = re.compile(r"\$2[aby]\$|\$argon2|pbkdf2_|\$[156]\$|\{SSHA\}|scrypt:|bcrypt|md5\$|sha1\$")
DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{4}")


@dataclass(frozen=True)
class Signs:
    """How many values were looked at, and what share of them looks like what (0 to 1)."""

    count: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)

    def most(self, shape: str) -> bool:
        """Whether most values have a shape, and enough were seen to say so."""
        return self.count >= FEWEST and self.shares.get(shape, 0) >= MOST_OF_THEM

    def told(self, shape: str) -> str:
        """For the evidence: a count, never a value."""
        return f"{round(self.shares.get(shape, 0) * self.count)} of {self.count} sampled values"


def is_iban(text: str) -> bool:
    """ISO 13616: two letters, two check digits, modulo 97 leaves 1."""
    plain = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """ISO/IEC 7812: 13 to 19 digits whose Luhn sum ends in 0."""
    plain = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{13,19}", plain):
        return False
    digits = [int(one) for one in reversed(plain)]
    return sum(one if at % 2 == 0 else sum(divmod(2 * one, 10)) for at, one in enumerate(digits)) % 10 == 0


def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address."""
    if not re.search(r"[.:].*[.:]", text):
        return False
    try:
        ip_address(text.strip())
    except ValueError:
        return False
    return True


SHAPES: dict[str, Callable[[str], object]] = {
    "email": lambda text: EMAIL.fullmatch(text.strip()),
    "address": is_address,
    "iban": is_iban,
    "card": is_card,
    "agent": AGENT.search,
    "hash": HASH.search,
    "phone": lambda text: PHONE.fullmatch(text.strip()) and not DATE.match(text.strip()) and not is_address(text),
    "email_within": lambda text: not EMAIL.fullmatch(text.strip()) and EMAIL.search(text),
    "sentences": lambda text: text.count(" ") >= 4,
}


def signs(values: Sequence[str]) -> Signs:
    """What these values look like."""
    if not values:
        return Signs()
    found = {name: sum(1 for one in values if fits(one)) / len(values) for name, fits in SHAPES.items()}
    return Signs(len(values), {name: share for name, share in found.items() if share})
