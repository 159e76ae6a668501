"""What the sign-in library asks of us: nobody signs up, secrets are encrypted, and each change is an event."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from audit import actor, log
from privacyops import visitors
from subjects import vault

# The library's names for what happened to somebody's factors, and ours.
CHANGES = {
    "mfa/email/totp_activated": "app_added",
    "mfa/email/totp_deactivated": "app_removed",
    "mfa/email/recovery_codes_generated": "codes_made",
    "mfa/email/webauthn_added": "passkey_added",
    "mfa/email/webauthn_removed": "passkey_removed",
}


class Accounts(DefaultAccountAdapter):
    """Accounts of colleagues: made by an administrator, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return str(settings.LOGIN_REDIRECT_URL)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return "/admin/login/"

    def get_client_ip(self, request: HttpRequest) -> str:
        return visitors.address(request) or "unknown"

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """No "Successfully signed in as …" above the first page of the day."""
        template = str(kwargs.get("message_template") or (args[0] if args else ""))
        if template.startswith(("account/messages/logged_in", "account/messages/logged_out")):
            return
        super().add_message(request, level, *args, **kwargs)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not of somebody who signed in a moment ago and has no factor yet: they are on their way to set one up."""
        request = context.request
        records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        moment_ago = bool(records) and time.time() - records[-1]["at"] < 300
        if app == "allauth.mfa" and moment_ago and not Authenticator.objects.filter(user=request.user).exists():
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Only colleagues: an account that is none gets the answer of a wrong password."""
        user: User | None = super().authenticate(request, **credentials)
        return user if user is not None and user.is_staff else None

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """The same for passkeys and the company's sign-in: who was once a colleague is none any more."""
        if not user.is_staff:
            messages.error(request, "This account may not open the desk.")
            return redirect("account_login")
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """An event instead of the library's mail; colleagues see their events on the desk."""
        change = CHANGES.get(template_prefix, template_prefix.rpartition("/")[2])
        with log.atomic():
            noun = User.objects.get(pk=user.pk)  # the library hands over a lazy stand-in
            log.record("signin.factor_changed", actor=actor.staff(user.pk), noun=noun, change=change)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        with log.atomic():
            log.record("signin.done", actor=actor.staff(user.pk), noun=user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response


class Factors(DefaultMFAAdapter):
    """Second factors: their secrets are encrypted like personal data, and each change is on record."""

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def get_totp_issuer(self) -> str:
        return f"{settings.COMPANY_NAME} privacy desk"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": settings.SITE_HOST, "name": self.get_totp_issuer()}

    def encrypt(self, text: str) -> str:
        return vault.encrypt(text.encode(), "signin.factor")

    def decrypt(self, encrypted_text: str) -> str:
        return vault.decrypt(encrypted_text, "signin.factor").decode()


class Company(DefaultSocialAccountAdapter):
    """The company's own sign-in (OpenID Connect) opens an account that an administrator made, and makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the one active colleague with the address that the company has verified, or say that there is none."""
        if sociallogin.is_existing:
            return
        addresses = [one.email for one in sociallogin.email_addresses if one.verified and one.email]
        found = list(User.objects.filter(email__iexact=addresses[0], is_staff=True)[:2]) if addresses else []
        if len(found) != 1 or not found[0].is_active:
            messages.error(
                request,
                "Your company's sign-in worked, but no account here has your e-mail address. Ask an administrator to enter it.",
            )
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, found[0])
