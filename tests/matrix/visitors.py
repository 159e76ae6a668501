"""Everybody who may come: strangers, two people, each role of the staff, programs."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from audit import actor as actors
from audit import clients
from privacyops import roles
from requests_app import intake, proof
from requests_app.models import PersonSession, Request
from requests_app.views import visitor
from tests.matrix.routes import World, routes

TESTS = actors.worker("tests")
OWN, OTHER = "grace@example.org", "mallory@example.net"


def world(case: Request) -> World:
    """A person of the portal beside the case of the desk."""
    return World(case, ask(OWN))


def ask(email: str) -> Request:
    submission = intake.Submission("access", email, "", "DE")
    return intake.submit(submission, now=timezone.now())


def person(request: Request) -> Client:
    """A browser with the session of who made this request."""
    secret = f"session of {request.pk}"
    PersonSession.objects.create(
        key_hash=proof.hashed(secret), subject=request.subject, expires_at=timezone.now() + timedelta(hours=1)
    )
    browser = Client(raise_request_exception=False)
    browser.cookies[visitor.cookie_name()] = secret
    return browser


def staff(role: str) -> Client:
    user = User.objects.create_user(f"matrix {role}", is_staff=True, is_superuser=role == "superuser")
    if role != "superuser":
        user.groups.add(Group.objects.get(name=role))
    browser = Client(raise_request_exception=False)
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def program(scopes: list[str]) -> Client:
    _, key = clients.create("matrix", scopes, actor=TESTS)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})


def every_scope() -> list[str]:
    """What the views of the API name."""
    found = {
        scope for route in routes() for scope in getattr(getattr(route.view, "view_class", None), "scopes", {}).values()
    }
    return sorted(found)


VISITORS: dict[str, Callable[[World], Client]] = {
    "anonymous": lambda world: Client(raise_request_exception=False),
    "other person": lambda world: person(ask(OTHER)),
    "this person": lambda world: person(world.own),
    **{role: (lambda world, role=role: staff(role)) for role in (*roles.ROLES, "superuser")},
    "key without scopes": lambda world: program([]),
    "key with all scopes": lambda world: program(every_scope()),
}
