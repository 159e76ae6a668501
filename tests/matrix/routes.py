"""Every address of the site, read from the urlconf, with something real in place of each parameter."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from consent.models import Announcement, Choice, NoticeVersion
from disclosures.models import ExternalSite
from requests_app.models import Attachment, Letter, Pack, Referral, Request
from retention.models import ScheduleVersion

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
SCREEN = re.compile(r"^admin/(\w+)/(\w+)/")


@dataclass(frozen=True)
class Route:
    """One pattern of the urlconf, as it is written there."""

    pattern: str
    view: Any

    @property
    def parameters(self) -> list[str]:
        return [one or other for one, other in PARAMETER.findall(self.pattern)]


def routes() -> list[Route]:
    """All of them, once each, in the order of the urlconf."""
    seen: dict[str, Route] = {}
    for one in _walk(get_resolver()):
        seen.setdefault(one.pattern, one)
    return list(seen.values())


def _walk(resolver: URLResolver, prefix: str = "") -> Iterator[Route]:
    for one in resolver.url_patterns:
        pattern = prefix + str(one.pattern).removeprefix("^").removesuffix("$")
        if isinstance(one, URLPattern):
            yield Route(pattern, one.callback)
        else:
            yield from _walk(one, pattern)


@dataclass
class World:
    """What stands in for the parameters: the case on the desk, and the request of the person of the portal."""

    case: Request
    own: Request


# (route begins with, parameter): what stands for it. The first that fits counts; give new parameters a line here.
STAND_INS: tuple[tuple[str, str, Callable[[World, Route], Any]], ...] = (
    ("admin/signin/", "provider_id", lambda world, route: "company"),
    ("admin/signin/", "pk", lambda world, route: 1),
    ("admin/requests_app/inboundmail/", "button", lambda world, route: "dismiss"),
    ("admin/requests_app/request/", "file_id", lambda world, route: _file(world.case)),
    ("admin/packs/", "pk", lambda world, route: Pack.objects.get().pk),
    ("api/v1/requests/bulk/", "pk", lambda world, route: uuid.UUID(int=4711)),
    ("admin/kept/ahead/", "pk", lambda world, route: ScheduleVersion.objects.get().pk),
    ("api/v1/disclosures/releases/", "pk", lambda world, route: uuid.UUID(int=4711)),
    ("admin/disclosures/release/", "form", lambda world, route: "csv"),
    ("admin/notices/told/", "pk", lambda world, route: Announcement.objects.get().pk),
    ("admin/notices/", "pk", lambda world, route: NoticeVersion.objects.order_by("pk")[0].pk),
    ("notice/seen/", "pk", lambda world, route: NoticeVersion.objects.order_by("pk")[0].pk),
    ("consent/banner/", "key", lambda world, route: "shop"),
    ("cookies/", "key", lambda world, route: "shop"),
    ("demo-site/", "name", lambda world, route: "page"),
    ("choices/receipt/", "pk", lambda world, route: _choice(world.own)),
    ("notice/", "number", lambda world, route: 1),
    ("notice/", "old", lambda world, route: 1),
    ("notice/", "new", lambda world, route: 1),
    ("leaving/", "pk", lambda world, route: ExternalSite.objects.order_by("pk")[0].pk),
    ("brand/", "digest", lambda world, route: "0" * 16),
    ("my/", "file_id", lambda world, route: _file(world.own)),
    ("admin/requests_app/request/bulk/", "pk", lambda world, route: uuid.UUID(int=4711)),
    ("admin/requests_app/request/<uuid:pk>/", "pk", lambda world, route: world.case.pk),
    ("admin/requests_app/request/", "finding_id", lambda world, route: world.case.batch.findings.first().pk),
    ("admin/requests_app/request/", "order_id", lambda world, route: world.case.batch.orders.first().pk),
    ("admin/requests_app/request/", "letter_id", lambda world, route: Letter.objects.filter(request=world.case)[0].pk),
    ("admin/requests_app/request/", "referral_id", lambda world, route: Referral.objects.get(request=world.case).pk),
    ("admin/requests_app/request/<uuid:pk>/team/", "verb", lambda world, route: "watch"),
    ("admin/requests_app/request/<uuid:pk>/step/", "number", lambda world, route: 1),
    ("admin/requests_app/request/<uuid:pk>/do/", "name", lambda world, route: "take"),
    ("admin/requests_app/request/<uuid:pk>/order/", "verb", lambda world, route: "retry"),
    ("admin/requests_app/request/<uuid:pk>/referral/", "verb", lambda world, route: "answer"),
    ("admin/connectors/handtask/", "name", lambda world, route: "sign"),
    ("admin/connectors/proposal/", "name", lambda world, route: "dismiss"),
    ("admin/disclosures/transaction/", "part", lambda world, route: "everybody"),
    ("admin/disclosures/", "part", lambda world, route: "checks"),
    ("admin/disclosures/", "number", lambda world, route: 1),
    ("admin/r/", "content_type_id", lambda world, route: ContentType.objects.get_for_model(Request).pk),
    ("admin/r/", "object_id", lambda world, route: world.case.pk),
    ("admin/(?P<url>", "url", lambda world, route: "no-such-page"),
    ("admin/", "app_label", lambda world, route: "requests_app"),
    ("admin/auth/user/", "id", lambda world, route: _row(route).pk),
    ("admin/", "pk", lambda world, route: _row(route).pk),
    ("admin/", "object_id", lambda world, route: _row(route).pk),
    ("admin/", "verb", lambda world, route: _verb(route)),
    ("my/", "pk", lambda world, route: world.own.pk),
    ("", "token", lambda world, route: "a" * 43),
    ("mailbox/", "name", lambda world, route: "1-00000000"),
    ("api/v1/requests/", "reference", lambda world, route: world.case.reference),
)


def _choice(request: Request) -> Any:
    row = Choice.objects.filter(subject=request.subject).first()
    return row.pk if row else uuid.UUID(int=4713)


def _file(request: Request) -> Any:
    row = Attachment.objects.filter(message__request=request).first()
    return row.pk if row else uuid.UUID(int=4712)


def path(route: Route, world: World) -> str:
    """The address of a route in this world. Raises LookupError, in words, for a parameter that nothing stands for."""

    def stand_in(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        for prefix, parameter, value in STAND_INS:
            if parameter == name and route.pattern.startswith(prefix):
                return str(value(world, route))
        raise LookupError(
            f"Nothing stands for <{name}> in {route.pattern!r}: add a line to STAND_INS in tests/matrix/routes.py."
        )

    return "/" + PARAMETER.sub(stand_in, route.pattern).replace("\\Z", "").replace("?$", "")


def unknown(route: Route, world: World) -> str:
    """The same address with the id of something that never was."""
    return path(route, world).replace(str(world.own.pk), str(uuid.UUID(int=4711)))


def _model(route: Route) -> type[Model]:
    found = SCREEN.match(route.pattern)
    assert found, route.pattern
    return next(one for one in admin.site._registry if (one._meta.app_label, one._meta.model_name) == found.groups())


def _row(route: Route) -> Model:
    row = _model(route)._default_manager.first()
    if row is None:
        raise LookupError(f"There is no {_model(route)._meta.label}: tests/desk/builders.everything() must make one.")
    return row


def _verb(route: Route) -> str:
    verbs = getattr(admin.site._registry[_model(route)], "verbs", ())
    return verbs[0].name if verbs else "none"
