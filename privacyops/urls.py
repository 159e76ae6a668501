"""All addresses, in one page."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from disclosures import views as recipients
from privacyops import health, tongues
from privacyops.schema import Schema

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("admin/", include("privacyops.signin.urls")),
    path("admin/", admin.site.urls),
    path("mailbox/", include("privacyops.mailbox_views")),
    path("api/v1/schema/", Schema.as_view(), name="schema"),
    path("api/v1/consent/", include("consent.urls")),
    path("api/v1/", include("privacyops.headless_api")),
    path("api/v1/disclosures/", include("disclosures.urls")),
    path("language/", tongues.chosen, name="language"),
    path("ack/<str:token>/", recipients.acknowledge, name="ack"),
    path("", include("requests_app.urls")),
]

handler400 = "privacyops.errors.bad_request"
handler403 = "privacyops.errors.forbidden"
handler404 = "privacyops.errors.not_found"
handler500 = "privacyops.errors.broken"
