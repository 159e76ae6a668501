"""The pages of the sign-in library that we serve: no sign-up, no e-mail pages, no password mails."""

from typing import Any, NoReturn

from allauth.account import views as accounts
from allauth.socialaccount import views as company
from django.http import Http404, HttpRequest
from django.urls import URLPattern, URLResolver, include, path


def nowhere(request: HttpRequest, **kwargs: Any) -> NoReturn:
    """What the library links to and we do not offer."""
    raise Http404


urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", accounts.login, name="account_login"),
    path("signin/leave/", accounts.logout, name="account_logout"),
    path("signin/inactive/", accounts.account_inactive, name="account_inactive"),
    path("signin/again/", accounts.reauthenticate, name="account_reauthenticate"),
    path("signin/factors/", include("allauth.mfa.urls")),
    path("signin/company/cancelled/", company.login_cancelled, name="socialaccount_login_cancelled"),
    path("signin/company/error/", company.login_error, name="socialaccount_login_error"),
    path("signin/company/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("signin/none/up/", nowhere, name="account_signup"),
    path("signin/none/join/", nowhere, name="socialaccount_signup"),
    path("signin/none/connections/", nowhere, name="socialaccount_connections"),
]
