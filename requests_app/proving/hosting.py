"""The signed-in session of the company's own site, by a signed token that its page posts here.

A JSON Web Token (RFC 7519) under a key of setting HOST_TOKEN_KEYS. The key names its algorithm; a token cannot choose another
one (RFC 8725, 3.1). Every fault gets the same answer; which one it was stands in the log as a code.
"""

import base64
import binascii
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from jwt.types import Options

from audit.refusal import Refused
from requests_app.proving import guests
from subjects import identifiers
from subjects.models import DataSubject

logger = logging.getLogger(__name__)

LONGEST = timedelta(minutes=5)
LEEWAY = timedelta(seconds=30)
ALGORITHMS = ("HS256", "EdDSA")
NEEDED = ["aud", "email", "exp", "iat", "jti"]


@dataclass(frozen=True)
class Key:
    """A key of the host site: its algorithm, and the secret (HS256) or public key (EdDSA)."""

    algorithm: str
    key: Any


def keys(given: Sequence[str]) -> dict[str, Key]:
    """The keys of the setting, by their id: "id=HS256:secret", "id=EdDSA:public key", both in URL-safe base64.

    Raises ValueError for one that cannot be read or is too short.
    """
    found = {}
    for one in given:
        name, _, rest = one.strip().partition("=")
        algorithm, _, text = rest.partition(":")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise ValueError(f"HOST_TOKEN_KEYS: the key {name!r} is not URL-safe base64") from error
        if not name or algorithm not in ALGORITHMS:
            raise ValueError(f"HOST_TOKEN_KEYS: write id=HS256:key or id=EdDSA:key; {name!r} is neither")
        if len(raw) < 32 or (algorithm == "EdDSA" and len(raw) != 32):
            raise ValueError(f"HOST_TOKEN_KEYS: the key {name!r} must have 32 bytes")
        found[name] = Key(algorithm, Ed25519PublicKey.from_public_bytes(raw) if algorithm == "EdDSA" else raw)
    return found


def enter(token: str, *, now: datetime) -> str:
    """A session for the person of this token; the value of its cookie. Raises Refused for any token that is not in order."""
    claims = _claims(token, now)
    fresh = _number(claims.get("auth_time")) > (now - timedelta(minutes=settings.FRESH_PROOF_MINUTES)).timestamp()
    return guests.welcome(
        claims["email"],
        source="host",
        token_id=str(claims["jti"]),
        until=datetime.fromtimestamp(claims["exp"], UTC) + LEEWAY,
        fresh=fresh and _number(claims.get("auth_time")) <= (now + LEEWAY).timestamp(),
        now=now,
        account_id=claims.get("account_id") or "",
    )


def recognise(token: str, *, now: datetime) -> DataSubject:
    """The person of this token, for their choices only: no session opens, no request is proved. A token is good once, here or
    at `enter`. Raises Refused for any token that is not in order.
    """
    claims = _claims(token, now)
    until = datetime.fromtimestamp(claims["exp"], UTC) + LEEWAY
    return guests.recognised(claims["email"], source="host", token_id=str(claims["jti"]), until=until)


def _claims(token: str, now: datetime) -> Mapping[str, Any]:
    try:
        if len(token) > 4096:
            raise jwt.DecodeError("too long")
        key = keys(settings.HOST_TOKEN_KEYS).get(str(jwt.get_unverified_header(token).get("kid", "")))
        if key is None:
            raise jwt.InvalidKeyError("unknown")
        # Times are checked below, against the time that the caller goes by.
        checks: Options = {"require": NEEDED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(token, key.key, algorithms=[key.algorithm], audience=settings.SITE_URL, options=checks)
        _in_time(claims, now)
        _in_form(claims)
    except (jwt.PyJWTError, Refused) as error:
        logger.warning("a token of the host site was refused: %s", type(error).__name__)
        raise Refused(guests.REFUSED, code="token_refused") from None
    return claims


def _in_time(claims: Mapping[str, Any], now: datetime) -> None:
    begin, end, moment = _number(claims["iat"]), _number(claims["exp"]), now.timestamp()
    if not begin - LEEWAY.total_seconds() <= moment < end:
        raise jwt.ExpiredSignatureError("not now")
    if not 0 < end - begin <= LONGEST.total_seconds():
        raise jwt.InvalidTokenError("lives too long")


def _in_form(claims: Mapping[str, Any]) -> None:
    for name, most in (("email", 254), ("jti", 200), ("account_id", 100)):
        value = claims.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise jwt.InvalidTokenError("a claim of another shape")
    if not claims["jti"] or claims.get("email_verified") is False:
        raise jwt.InvalidTokenError("not enough said")
    identifiers.normalise("email", claims["email"])
    if claims.get("account_id"):
        identifiers.normalise("account_id", claims["account_id"])


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
