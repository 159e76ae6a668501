"""People of these tests, and what they do through the public pages."""

import base64
import re
from datetime import timedelta

from django.conf import settings
from django.test import Client
from django.utils import timezone

from requests_app.models import Letter, Parcel, Proof, Request
from requests_app.views import visitor
from subjects import sealed

ADA = "ada.lovelace@example.org"
MALLORY = "mallory@example.net"
NOBODY = "nobody.at.all@example.com"
CONTENT = b"PK\x05\x06" + bytes(18)


def marks(page: bytes) -> dict[str, str]:
    """The hidden fields of a form."""
    return {name: re.search(rf'name="{name}" value="([^"]+)"', page.decode()).group(1) for name in ("nonce", "ticket")}


def answers(client: Client, **given: str) -> dict[str, str]:
    base = {"right": "access", "email": ADA, "name": "Ada Lovelace", "residence": "DE", "details": ""}
    return marks(client.get("/request/").content) | base | given


def ask(client: Client, **given: str) -> Request:
    """Send the form as a person does; the request that it made."""
    response = client.post("/request/", answers(client, **given))
    assert response.status_code == 303, response.content.decode()
    page = client.get(response.url).content.decode()
    return Request.objects.get(reference=re.search(r"PR-[0-9A-Z]{4}-[0-9A-Z]{4}", page).group())


def token(request: Request, kind: str = "acknowledgement") -> str:
    """The one-time token in the newest letter of this kind."""
    letter = Letter.objects.filter(request__subject=request.subject_id, kind=kind).order_by("queued_at").last()
    return re.search(r"/proof/([A-Za-z0-9_-]+)/", letter.body).group(1)


def confirm(client: Client, request: Request, kind: str = "acknowledgement") -> None:
    """Open the link of a letter and press the button."""
    response = client.post(f"/proof/{token(request, kind)}/")
    assert response.status_code == 303
    assert visitor.cookie_name() in client.cookies


def person(email: str = ADA, **given: str) -> tuple[Client, Request]:
    """A browser of somebody who asked and confirmed, and their request."""
    client = Client()
    request = ask(client, email=email, **given)
    confirm(client, request)
    request.refresh_from_db()
    return client, request


def package(request: Request) -> Parcel:
    """A finished package of this request, encrypted on disk as a worker leaves it."""
    settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True)
    key = sealed.new_key()
    name = f"{request.pk.hex}.sealed"
    with (settings.PARCEL_DIR / name).open("wb") as file:
        writer = sealed.Writer(file, key)
        writer.write(CONTENT)
        writer.close()
    now = timezone.now()
    return Parcel.objects.create(
        request=request,
        state=Parcel.State.READY,
        file_name=name,
        key=base64.b64encode(key).decode(),
        size=len(CONTENT),
        built_at=now,
        expires_at=now + timedelta(days=7),
    )


def used(request: Request) -> int:
    """How many of a request's links were used."""
    return Proof.objects.filter(request=request, used_at__isnull=False).count()
