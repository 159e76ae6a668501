"""Nobody works on the desk with a session that is idle too long, or without the second factor that the setting demands."""

import time
from collections.abc import Callable

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from privacyops.signin import rules

ENROLLED = "second_factor"
SEEN = "seen"
# Pages that lead in or out; everything else under /admin/ is the desk.
OPEN = ("/admin/login/", "/admin/logout/", "/admin/signin/", "/admin/jsi18n/")
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class Gate:
    """Runs before every page of the desk; one query per session, and one write a minute."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/") and request.user.is_authenticated:
            refused = self._idle(request) or self._unproved(request)
            if refused is not None:
                return refused
        return self.get_response(request)

    def _idle(self, request: HttpRequest) -> HttpResponse | None:
        now, seen = time.time(), request.session.get(SEEN)
        if rules.idle_too_long(seen, now, settings.STAFF_IDLE_MINUTES):
            logout(request)
            messages.info(
                request, "You were signed out, for this browser was not used for a while. Please sign in again."
            )
            return redirect("account_login")
        if seen is None or now - seen > 60:
            request.session[SEEN] = now
        return None

    def _unproved(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith(OPEN) or request.session.get(ENROLLED):
            return None
        enrolled = is_mfa_enabled(request.user, FACTORS)
        methods = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        if not rules.needs_enrolment(settings.STAFF_SECOND_FACTOR, methods, enrolled):
            request.session[ENROLLED] = True
            return None
        messages.warning(request, "Set up a second factor first: an authenticator app or a passkey.")
        return redirect("mfa_index")
