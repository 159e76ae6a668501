"""Which addresses and which forms of a URL outgoing HTTP may have. Pure rules; `guard` keeps them.

The list is our own, by the registries of IANA for special-purpose addresses: `ipaddress.is_global` says different things in
different releases of Python.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DENIED_V4 = tuple(
    ipaddress.IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this network; to Linux 0.0.0.0 is this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by providers (CGNAT), and the metadata of one cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by its number, and the inner door of another cloud
        "169.254.0.0/16",  # link-local: the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all that was ever given out; what is outside is refused as a whole
DENIED_V6 = tuple(
    ipaddress.IPv6Network(one)
    for one in (
        "2001::/23",  # protocols, among them Teredo, which hides an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address inside
        "3fff::/20",
    )
)
MAPPED, NAT64 = ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96")

SCHEMES = {"http": 80, "https": 443}
CLEAN = re.compile(r"[\x21-\x7e]+")
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What a lenient reader takes for a number, and so for an address: 127.1, 2130706433, 0x7f.1, 017700000001.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Forbidden(Exception):
    """We do not call there; `sentence` says why and what to do, without what was in the URL."""

    def __init__(self, sentence: str) -> None:
        super().__init__("forbidden")
        self.sentence = sentence


@dataclass(frozen=True)
class Place:
    """A URL that we may ask for, in parts. `host` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == SCHEMES[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what must not change from one page of an answer to the next."""
        return (self.scheme, self.host, self.port)


def place(url: str) -> Place:
    """A URL in parts. Raises Forbidden for every form that two readers might read differently."""
    if not CLEAN.fullmatch(url) or "\\" in url:
        raise Forbidden("The address has blanks or signs that a URL must not have. Write it in plain ASCII.")
    parts = None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = -1
    if parts is None or port == -1 or port == 0:
        raise Forbidden("The address is not a URL that we can read. Mend it, then retry.")
    if parts.scheme not in SCHEMES or not url.lower().startswith(f"{parts.scheme}://"):
        raise Forbidden("The address must begin with https:// or http://. Mend it, then retry.")
    if "@" in parts.netloc:
        raise Forbidden("A URL that is called must not carry a user or a password.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, _host(parts.netloc), port or SCHEMES[parts.scheme], target)


def _host(netloc: str) -> str:
    if netloc.startswith("["):
        inside, _, rest = netloc[1:].partition("]")
        if rest and not re.fullmatch(r":[0-9]{1,5}", rest):
            raise Forbidden("The host of the address cannot be read. Mend it, then retry.")
        try:
            return str(ipaddress.IPv6Address(inside)) if "%" not in inside else _unreadable()
        except ValueError:
            _unreadable()
    host = netloc.partition(":")[0].lower()
    labels = host.split(".")
    if not host or len(host) > 253 or not all(LABEL.fullmatch(one) for one in labels):
        _unreadable()
    if NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))  # four decimal numbers without leading zeros, nothing else
        except ValueError:
            _unreadable()
    return host


def _unreadable() -> str:
    raise Forbidden(
        "The host of the address cannot be read. Write a name (in ASCII, without a dot at its end) or an address in its "
        "usual form, then retry."
    )


@lru_cache(maxsize=8)
def networks(given: tuple[str, ...]) -> tuple[Network, ...]:
    """The setting OUTGOING_NETWORKS. Raises Forbidden for an entry that is no network."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in given if one.strip())
    except ValueError:
        raise Forbidden(
            "OUTGOING_NETWORKS has an entry that is no network. Write networks such as 10.1.0.0/16, comma between."
        ) from None


def judge(address: str, allowed: Sequence[Network] = ()) -> None:
    """Raises Forbidden unless an address is public, or within an allowed network."""
    try:
        one: Address = ipaddress.ip_address(address)
    except ValueError:
        raise Forbidden("The host has an address that we cannot read.") from None
    if isinstance(one, ipaddress.IPv6Address) and (one in MAPPED or one in NAT64):
        one = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
    if any(one.version == network.version and one in network for network in allowed):
        return
    if isinstance(one, ipaddress.IPv4Address):
        denied = any(one in network for network in DENIED_V4)
    else:
        denied = one.scope_id is not None or one not in GLOBAL_V6 or any(one in network for network in DENIED_V6)
    if denied:
        raise Forbidden(
            "The host has an internal address, and those are not called. If it is meant to be, an administrator of this "
            "server can allow its network in OUTGOING_NETWORKS."
        )
