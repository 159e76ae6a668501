"""Addresses of the public pages. Ids and one-time tokens only: nothing personal stands in an address."""

from django.urls import path

from requests_app.views import asking, centre, choosing, codes, entering, guests, mine, rights

app_name = "portal"

urlpatterns = [
    path("", centre.home, name="home"),
    path("notice/", centre.notice, name="notice"),
    path("rights/", rights.rights, name="rights"),
    path(".well-known/gpc.json", centre.gpc, name="gpc"),
    path("schemas/package-1.json", centre.package_schema, name="package_schema"),
    path("request/", asking.ask, name="ask"),
    path("request/received/", asking.received, name="received"),
    path("request/received/code/", codes.of_receipt, name="received_code"),
    path("request/received/facts/", codes.facts_of_receipt, name="received_facts"),
    path("request/received/phone/", codes.phone_of_receipt, name="received_phone"),
    path("do-not-sell/", asking.do_not_sell, name="do_not_sell"),
    path("proof/<str:token>/", entering.prove, name="proof"),
    path("stop/<str:token>/", entering.stop, name="stop"),
    path("signin/", entering.signin, name="signin"),
    path("signin/sent/", entering.sent, name="sent"),
    path("signin/code/", codes.of_signin, name="signin_code"),
    path("signin/host/", guests.host, name="host"),
    path("signin/openid/", guests.openid_begin, name="openid"),
    path("signin/openid/back/", guests.openid_back, name="openid_back"),
    path("signout/", entering.signout, name="signout"),
    path("my/", mine.mine, name="mine"),
    path("my/recipients/", mine.recipients, name="recipients"),
    path("my/<uuid:pk>/", mine.one, name="one"),
    path("my/<uuid:pk>/withdraw/", mine.withdraw, name="withdraw"),
    path("my/<uuid:pk>/answer/", mine.answer, name="answer"),
    path("my/<uuid:pk>/appeal/", mine.appeal, name="appeal"),
    path("my/<uuid:pk>/complain/", mine.complain, name="complain"),
    path("my/<uuid:pk>/fresh/", mine.fresh, name="fresh"),
    path("my/<uuid:pk>/code/", codes.of_request, name="code"),
    path("my/<uuid:pk>/phone/", codes.phone_of_request, name="phone"),
    path("my/<uuid:pk>/paper/", mine.paper, name="paper"),
    path("my/<uuid:pk>/download/", mine.download, name="download"),
    path("choices/", choosing.choices, name="choices"),
]
