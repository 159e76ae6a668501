"""Sign-in by OpenID Connect, where the company has a provider: authorization code with PKCE, state and nonce.

Everything that goes out goes through `connectors.guard`. The provider's keys come from its own discovery document, whose issuer
must be the one of the settings (OpenID Connect Discovery 1.0, 4.3); an answer that names another issuer is refused (RFC 9207).
What the provider says counts only for an address that it has checked (`email_verified` true).
"""

import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from django.conf import settings
from jwt.types import Options

from audit.refusal import Refused
from connectors import guard
from requests_app.proving import guests
from subjects import identifiers

logger = logging.getLogger(__name__)

# Signatures that need the provider's private key; never "none", never a shared secret (RFC 8725, 3.1 and 3.2).
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
NEEDED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
LEEWAY = timedelta(seconds=60)
PENDING_SECONDS = 600
KEPT_SECONDS = 600
MOST_BYTES = 512 * 1024


class Odd(Exception):
    """The provider's answer is not in order; the code says where."""


@dataclass(frozen=True)
class Pending:
    """What this browser keeps, signed, while its person is with the provider."""

    state: str
    nonce: str
    verifier: str
    fresh: bool


def offered() -> bool:
    """Whether the company has a provider."""
    return bool(settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID)


def redirect_uri() -> str:
    """Where the provider sends the browser back to; it must be registered there."""
    return f"{settings.SITE_URL}/signin/openid/back/"


def begin(*, fresh: bool, now: datetime) -> tuple[str, Pending]:
    """The provider's address for this sign-in, and what the browser keeps meanwhile. `fresh`: the person signs in anew.

    Raises Refused when the provider cannot be asked.
    """
    pending = Pending(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), fresh)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "scope": "openid email",
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | ({"prompt": "login", "max_age": "0"} if fresh else {})
    try:
        there = str(_discovered(now)["authorization_endpoint"])
    except (Odd, KeyError, guard.Forbidden, guard.NoAnswer, guard.TooLarge) as error:
        raise _refused(error) from None
    return there + ("&" if "?" in there else "?") + urlencode(asked), pending


def finish(answer: Mapping[str, str], pending: Pending, *, now: datetime) -> str:
    """A session for who came back from the provider; the value of its cookie. Raises Refused for whatever is not in order."""
    try:
        if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise Odd("state")
        if answer.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER or not answer.get("code"):
            raise Odd("answer")
        claims = _claims(_exchanged(answer["code"], pending, now), pending, now)
        email = _email(claims)
    except (Odd, KeyError, Refused, jwt.PyJWTError, guard.Forbidden, guard.NoAnswer, guard.TooLarge) as error:
        raise _refused(error) from None
    return guests.welcome(
        email,
        source="openid",
        token_id=pending.nonce,
        until=now + timedelta(seconds=PENDING_SECONDS),
        fresh=pending.fresh and _just_now(claims, now),
        now=now,
    )


def _claims(token: str, pending: Pending, now: datetime) -> Mapping[str, Any]:
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise Odd("alg")
    # Times are checked below, against the time that the caller goes by.
    checks: Options = {"require": NEEDED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    claims = jwt.decode(
        token, _key(header, now), algorithms=[header["alg"]], audience=settings.OIDC_CLIENT_ID,
        issuer=settings.OIDC_ISSUER, options=checks,
    )  # fmt: skip
    if not isinstance(claims["exp"], int | float) or not isinstance(claims["iat"], int | float):
        raise Odd("time")
    if not claims["iat"] - LEEWAY.total_seconds() <= now.timestamp() < claims["exp"] + LEEWAY.total_seconds():
        raise Odd("time")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), pending.nonce.encode()):
        raise Odd("nonce")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise Odd("azp")
    return claims


def _email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or len(email) > 254:
        raise Odd("email")
    identifiers.normalise("email", email)
    return email


def _just_now(claims: Mapping[str, Any], now: datetime) -> bool:
    at = claims.get("auth_time")
    if isinstance(at, bool) or not isinstance(at, int | float):
        return False
    minutes = timedelta(minutes=settings.FRESH_PROOF_MINUTES)
    return (now - minutes).timestamp() < at <= (now + LEEWAY).timestamp()


def _exchanged(code: str, pending: Pending, now: datetime) -> str:
    """The ID token for a code, from the token endpoint."""
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(),
        "code_verifier": pending.verifier,
        "client_id": settings.OIDC_CLIENT_ID,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    known = _discovered(now)
    if settings.OIDC_CLIENT_SECRET:
        if "client_secret_basic" in known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(settings.OIDC_CLIENT_ID, safe='')}:{quote(settings.OIDC_CLIENT_SECRET, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            sent["client_secret"] = settings.OIDC_CLIENT_SECRET
    given = _json(
        guard.call("POST", str(known["token_endpoint"]), headers, urlencode(sent).encode(), most_bytes=MOST_BYTES)
    )
    if not isinstance(given.get("id_token"), str):
        raise Odd("id_token")
    return str(given["id_token"])


def _key(header: Mapping[str, Any], now: datetime) -> Any:
    """The provider's key for this token; a key that we do not know yet is asked for once more: providers change theirs."""
    for slot in (_slot(now), _slot(now) + 0.5):
        found = [one for one in _key_set(settings.OIDC_ISSUER, slot) if one.get("kid") == header.get("kid")]
        found = [one for one in found if one.get("use", "sig") == "sig" and one.get("kty") != "oct"]
        if found:
            return jwt.PyJWK(found[0], algorithm=header["alg"])
    raise Odd("kid")


def _discovered(now: datetime) -> Mapping[str, Any]:
    return _document(settings.OIDC_ISSUER, _slot(now))


def _slot(now: datetime) -> float:
    return float(int(now.timestamp()) // KEPT_SECONDS)


@lru_cache(maxsize=4)
def _document(issuer: str, slot: float) -> Mapping[str, Any]:
    found = _json(_get(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    if found.get("issuer") != issuer:
        raise Odd("issuer")
    return found


@lru_cache(maxsize=4)
def _key_set(issuer: str, slot: float) -> list[dict[str, Any]]:
    there = str(_document(issuer, float(int(slot)))["jwks_uri"])
    found = _json(_get(there)).get("keys")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _get(url: str) -> guard.Answer:
    return guard.call("GET", url, {"accept": "application/json"}, seconds=10, most_bytes=MOST_BYTES)


def _json(answer: guard.Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise Odd(f"status_{answer.status}")
    try:
        found = json.loads(answer.body)
    except ValueError:
        raise Odd("json") from None
    if not isinstance(found, dict):
        raise Odd("json")
    return found


def _refused(error: Exception) -> Refused:
    code = str(error) if isinstance(error, Odd) else type(error).__name__
    logger.warning("a sign-in by OpenID Connect was refused: %s", code)
    return Refused(guests.REFUSED, code="openid_refused")
