"""Addresses of the public pages. Ids and one-time tokens only: nothing personal stands in an address."""

from django.urls import path

from requests_app.views import asking, centre, choosing, entering, mine, rights, talking

app_name = "portal"

urlpatterns = [
    path("", centre.home, name="home"),
    path("notice/", centre.notice, name="notice"),
    path("rights/", rights.rights, name="rights"),
    path(".well-known/gpc.json", centre.gpc, name="gpc"),
    path("schemas/package-1.json", centre.package_schema, name="package_schema"),
    path("request/", asking.ask, name="ask"),
    path("request/received/", asking.received, name="received"),
    path("do-not-sell/", asking.do_not_sell, name="do_not_sell"),
    path("proof/<str:token>/", entering.prove, name="proof"),
    path("signin/", entering.signin, name="signin"),
    path("signin/sent/", entering.sent, name="sent"),
    path("signout/", entering.signout, name="signout"),
    path("my/", mine.mine, name="mine"),
    path("my/recipients/", mine.recipients, name="recipients"),
    path("my/<uuid:pk>/", mine.one, name="one"),
    path("my/<uuid:pk>/withdraw/", mine.withdraw, name="withdraw"),
    path("my/<uuid:pk>/answer/", mine.answer, name="answer"),
    path("my/<uuid:pk>/write/", mine.write, name="write"),
    path("my/<uuid:pk>/file/<uuid:file_id>/", talking.file, name="file"),
    path("my/<uuid:pk>/appeal/", mine.appeal, name="appeal"),
    path("my/<uuid:pk>/complain/", mine.complain, name="complain"),
    path("my/<uuid:pk>/fresh/", mine.fresh, name="fresh"),
    path("my/<uuid:pk>/download/", mine.download, name="download"),
    path("choices/", choosing.choices, name="choices"),
]
