"""A small provider of OpenID Connect: a real HTTP server with an RSA key, a login that says yes, and faults to choose."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "portal", "a secret: with signs/"


class Provider(ThreadingHTTPServer):
    """`claims` go over those of each token; `faults` change what it does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}/realm"
        self.claims: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.kid = ""
        self.sign = self.encode
        self.asked: list[str] = []
        self.change_key()

    def change_key(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = secrets.token_hex(4)

    def encode(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})

    def login(self, url: str) -> dict[str, str]:
        """What a browser brings back after the person signed in there."""
        asked = {key: one[0] for key, one in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
        code = secrets.token_hex(8)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/realm/.well-known/openid-configuration":
            base = self.server.issuer
            known = {
                "issuer": base,
                "authorization_endpoint": f"{base}/auth",
                "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys",
            }
            return self._say(known | self.server.document)
        if self.path == "/realm/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key()))
            return self._say({"keys": [public | {"kid": self.server.kid, "use": "sig"}]})
        return self._say({}, 404)

    def do_POST(self) -> None:
        given = {
            key: one[0] for key, one in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()
        }
        pair = base64.b64decode(self.headers.get("authorization", "Basic ").split()[1] + "==").decode()
        asked = self.server.codes.pop(given.get("code", ""), None)
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        )
        if (
            asked is None
            or [unquote(one) for one in pair.split(":")] != [CLIENT, SECRET]
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != given["redirect_uri"]
        ):
            return self._say({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.server.issuer, "sub": "u1", "aud": CLIENT, "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": asked["nonce"], "email": "ada.lovelace@example.org", "email_verified": True,
        }  # fmt: skip
        merged = {key: one for key, one in (claims | self.server.claims).items() if one is not None}
        return self._say({"access_token": "x", "token_type": "Bearer", "id_token": self.server.sign(merged)})

    def _say(self, body: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running() -> Iterator[Provider]:
    """A provider while the block runs."""
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def address(issuer: str, answer: dict[str, str]) -> str:
    """Where the browser comes back to."""
    return "/signin/openid/back/?" + urlencode(answer)
