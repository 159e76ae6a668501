"""Colleagues, their roles and their failed sign-ins on the desk."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from audit import actor, log
from audit.accountable import Accountable, Input, ReadOnly, Verb, colleague
from audit.refusal import Refused

admin.site.unregister(User)
for one in (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    # The library's own screens show secrets and delete without a trace; the verbs below are ours.
    if admin.site.is_registered(one):
        admin.site.unregister(one)
admin.site.unregister(Group)


ASSURED = (
    ("in_person", "I saw them in person"),
    ("called_back", "I called them at a number that we had"),
    ("manager", "Their manager confirmed it"),
)


def _free(user: User, by: User, given: dict[str, str]) -> str:
    """Take a colleague's factors away, after their device was lost; they set up new ones when they next sign in."""
    if user.pk == by.pk:
        raise Refused("Another administrator must do this for you.", code="not_yourself")
    if user.is_superuser and not by.is_superuser:
        raise Refused("Your role may not change this account.", code="not_allowed")
    with log.atomic():
        count, _ = Authenticator.objects.filter(user=user).delete()
        log.record("signin.factors_removed", actor=actor.staff(by.pk), noun=user, count=count, reason=given["reason"])
    return "Their second factors are gone. They sign in with their password and set up new ones."


@admin.register(User)
class UserAdmin(DjangoUserAdmin, Accountable):  # type: ignore[misc]
    """Colleagues. Superuser is not a role and cannot be given here; nobody changes their own roles."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Role", {"fields": ("is_active", "is_staff", "groups")}),
    )
    filter_horizontal = ()
    verbs = (
        Verb(
            "free", "Remove second factors", "auth.change_user", _free, style="danger",
            inputs=(Input("reason", "How you made sure who asks", ASSURED),),
            shown=lambda one: Authenticator.objects.filter(user=one).exists(),
        ),
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account that may do everything is changed only by one that may: else its password would be a way up."""
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or colleague(request).is_superuser)

    def _too_late(self, request: HttpRequest, pk: str) -> list[tuple[str, str]]:
        return []  # such an account never was theirs to edit: that is refused, and no old tab

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """One's own roles are somebody else's to give: a second person must stay a second person."""
        return ("is_active", "is_staff", "groups") if obj is not None and obj.pk == request.user.pk else ()


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ReadOnly):  # type: ignore[misc]
    """Roles: from the table in privacyops/roles.py, not edited here."""

    list_display = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False


def _forgive(attempt: AccessAttempt, by: User, given: dict[str, str]) -> str:
    with log.atomic():
        log.record("signin.unlocked", actor=actor.staff(by.pk), noun=attempt, failures=attempt.failures_since_start)
        # axes counts per name and address, over all browsers.
        rows = AccessAttempt.objects.filter(username=attempt.username, ip_address=attempt.ip_address)
        rows.update(failures_since_start=0)
    return "This account can sign in again from that address."


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnly):
    """Failed sign-ins; ten from one address lock the account there for a quarter of an hour."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    fields = ("username", "ip_address", "failures_since_start", "attempt_time", "user_agent")
    ordering = ("-attempt_time",)
    verbs = (
        Verb(
            "unlock", "Unlock", "auth.change_user", _forgive, style="primary",
            shown=lambda one: one.failures_since_start > 0,
        ),
    )  # fmt: skip
