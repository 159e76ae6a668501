"""Calls to an S3-compatible store: boto3 makes and signs them, and they leave through the outgoing guard.

What the guard asks of HTTP systems holds here as well: judged addresses only, no proxy, no redirect, an end to every call.
Objects are read and written in pieces, so that no call is long.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connectors import guard
from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.files_spec import Address

CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "403", "401",
           "AllAccessDisabled", "AccountProblem"}  # fmt: skip
AWAY = {"NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed", "301"}


class Unplaced(Permanent):
    """A sentence that does not say yet which collection it is about."""


def client(to: Address) -> Any:
    """A client that calls this store and no other, with the key of the address and no other: neither the environment nor
    a cloud's own metadata is asked for one. Raises Permanent for an endpoint that must not be called.
    """
    try:
        guard.place(to.endpoint)
    except guard.Forbidden as error:
        raise Permanent("connection", error.sentence) from None
    made = boto3.session.Session(
        aws_access_key_id=to.user, aws_secret_access_key=to.secret, region_name=to.region
    ).client(
        "s3",
        endpoint_url=to.endpoint,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if to.path_style else "virtual"},
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        ),
    )
    # The one door out: what botocore would send by itself goes through the guard.
    made._endpoint.http_session = _Guarded()
    return made


class _Body(io.BytesIO):
    """A whole answer, as botocore reads it."""

    def stream(self, amount: int = 0, **options: Any) -> Iterator[bytes]:
        yield self.read()


class _Guarded:
    """Stands where botocore keeps its HTTP session."""

    def send(self, request: Any) -> AWSResponse:
        """One signed call and its whole answer."""
        body = request.body.read() if hasattr(request.body, "read") else request.body
        body = body.encode() if isinstance(body, str) else bytes(body or b"")
        headers = {
            name: one.decode("latin-1") if isinstance(one, bytes) else str(one)
            for name, one in request.headers.items()
            if name.lower() not in ("expect", "transfer-encoding")
        }
        failure: Exception
        try:
            answer = guard.call(request.method, request.url, headers, body)
            return AWSResponse(request.url, answer.status, HeadersDict(answer.headers), _Body(answer.body))
        except guard.NoAnswer as error:
            failure = Temporary(error.code)
            if error.code == "tls":
                failure = Permanent(
                    "connection", "Its certificate is not one that we can trust. Ask the store's owner."
                )
        except guard.Forbidden as error:
            failure = Permanent("connection", error.sentence)
        except guard.TooLarge:
            failure = Permanent("connection", "An answer of the store is larger than we take. Ask its owner.")
        raise failure from None

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def told() -> Iterator[None]:
    """Turn the store's errors inside the block into ours; never with its words."""
    failure: Temporary | Permanent
    try:
        yield
        return
    except ClientError as error:
        failure = _meaning(error)
    except BotoCoreError as error:
        failure = Permanent(
            "connection", f"The store cannot be spoken to ({type(error).__name__}). Mend the address, then retry."
        )
    raise failure from None


def _meaning(error: ClientError) -> Temporary | Permanent:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in CHANGED or status in (409, 412):
        return Temporary("changed")
    if code in REFUSED or status in (401, 403):
        return Unplaced("permission", "The store refuses this to our key. Ask its owner for the right, then retry.")
    if code in AWAY or 300 <= status < 400:
        return Unplaced("schema", "The bucket is not there. Mend the address (bucket, region, endpoint), then retry.")
    if status == 404:
        return Temporary("changed")  # a file that was there when we listed them
    if status >= 500 or status == 429 or code in ("SlowDown", "RequestTimeout", "Throttling"):
        return Temporary(f"http_{status}")
    shown = code if re.fullmatch(r"[A-Za-z]{1,40}", code) else status
    return Unplaced("connection", f"The store does not understand a call ({shown}). Ask its owner, then retry.")
