"""All addresses, in one page."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from consent import views as confirming
from disclosures import api as answers
from disclosures import views as recipients
from privacyops import demo_site, health, tongues
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
    path("api/v1/retention/", include("retention.urls")),
    path("language/", tongues.chosen, name="language"),
    path("confirm/<str:token>/", confirming.confirm, name="confirm"),
    path("ack/", answers.Confirmations.as_view(), name="answer"),  # signed by the recipient: no key of ours
    path("ack/<str:token>/", recipients.acknowledge, name="ack"),
    path("told/<str:token>/", recipients.told, name="told"),
    path("transparency/", recipients.transparency, name="transparency"),
    path("demo-site/", demo_site.page, name="demo_site"),
    path("demo-site/<slug:name>.js", demo_site.script, name="demo_script"),
    path("", include("requests_app.urls")),
]

handler400 = "privacyops.errors.bad_request"
handler403 = "privacyops.errors.forbidden"
handler404 = "privacyops.errors.not_found"
handler500 = "privacyops.errors.broken"
