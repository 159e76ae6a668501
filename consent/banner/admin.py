"""The banner on the desk: sites with their words, purposes in other languages, the register of cookies and what was seen."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminSelectWidget

from audit.accountable import Accountable, Input, ReadOnly, Verb, colleague
from audit.refusal import Refused
from consent import cookies
from consent.banner import regimes, seeing
from consent.models import Cookie, SeenCookie, Site, SiteText

ORIGIN = re.compile(r"^https://[a-z0-9.-]+(:\d{1,5})?$|^http://(localhost|127\.0\.0\.1)(:\d{1,5})?$")
COLOUR = re.compile(r"^#[0-9a-fA-F]{6}$")
OTHERS = list(settings.LANGUAGES)


class SiteForm(forms.ModelForm):
    """One site; says what is wrong in words."""

    class Meta:
        model = Site
        fields = ("key", "name", "origins", "purposes", "elsewhere", "unknown", "regions", "ask_again_days", "colour",
                  "night_colour", "active")  # fmt: skip

    def clean_origins(self) -> str:
        found = [one.strip().rstrip("/").lower() for one in str(self.cleaned_data["origins"]).split()]
        wrong = [one for one in found if not ORIGIN.match(one)]
        if wrong:
            raise ValidationError(
                f"{wrong[0]}: write the site as https://www.company.example, without a path and without *."
            )
        return "\n".join(dict.fromkeys(found))

    def clean_regions(self) -> str:
        try:
            found = regimes.own(str(self.cleaned_data["regions"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return "\n".join(f"{place}={name}" for place, name in found.items())

    def clean_ask_again_days(self) -> int:
        days = int(self.cleaned_data["ask_again_days"])
        if not 30 <= days <= 730:
            raise ValidationError("Between 30 and 730 days.")
        return days

    def clean_colour(self) -> str:
        return self._colour("colour")

    def clean_night_colour(self) -> str:
        return self._colour("night_colour")

    def _colour(self, name: str) -> str:
        colour = str(self.cleaned_data[name]).strip().lower()
        if colour and not COLOUR.match(colour):
            raise ValidationError("Write the colour as #rrggbb, for example #17605a.")
        return colour


class SiteTextForm(forms.ModelForm):
    """What the banner says in one language."""

    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget, choices=OTHERS)

    class Meta:
        model = SiteText
        fields = ("language", "title", "body")


class SiteTexts(StackedInline):
    """One block of words for each language."""

    model = SiteText
    form = SiteTextForm
    extra = 0
    can_delete = False


@admin.register(Site)
class SiteAdmin(Accountable):
    """Where our banner asks."""

    form = SiteForm
    inlines = (SiteTexts,)
    list_display = ("name", "key", "active", "changed_at")
    prepopulated_fields = {"key": ("name",)}
    readonly_fields = ("embed",)
    fieldsets = (
        ("Site", {"fields": ("name", "key", "origins", "active", "embed")}),
        ("What is asked", {"fields": ("purposes", "ask_again_days", "unknown", "elsewhere", "regions")}),
        ("Look", {"fields": ("colour", "night_colour")}),
    )

    @admin.display(description="To embed it")
    def embed(self, site: Site) -> str:
        """The line for the head of the site's pages, before any script that it blocks."""
        if not site.pk:
            return "After saving, the line to copy stands here."
        return f'<script src="{settings.SITE_URL}/static/consent/banner.js" data-site="{site.key}"></script>'


class CookieForm(forms.ModelForm):
    """One row of the register."""

    class Meta:
        model = Cookie
        fields = ("site", "name", "provider", "purpose", "days", "party")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if not seeing.NAME.match(name):
            raise ValidationError("A cookie's name has letters, digits and - _ . only; * stands for any.")
        return name


@admin.register(Cookie)
class CookieAdmin(Accountable):
    """The register."""

    form = CookieForm
    list_display = ("name", "site", "provider", "purpose", "days", "party", "source")
    list_filter = ("site", "purpose", "party", "source")
    list_select_related = ("site", "purpose")
    search_fields = ("name", "provider")
    list_before_template = "admin/consent/cookie_files.html"

    def save_model(self, request: HttpRequest, obj: Cookie, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        cookies.settle_covered(obj.site_id)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("register.csv", wrap(self.out), name="consent_cookie_csv"),
            path("load/", wrap(self.bring), name="consent_cookie_load"),
        ]
        return [*own, *super().get_urls()]

    def out(self, request: HttpRequest) -> HttpResponse:
        """The register as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = list(Cookie.objects.select_related("site", "purpose"))
        response = HttpResponse(cookies.written(rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="cookies.csv"'
        return response

    def bring(self, request: HttpRequest) -> HttpResponse:
        """A CSV file in: all of it, or nothing with every fault named."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Cookies from CSV",
            "columns": cookies.COLUMNS,
            "faults": [],
        }
        if request.method != "POST":
            return TemplateResponse(request, "admin/consent/cookie_load.html", context)
        given = request.FILES.get("file")
        try:
            if given is None or isinstance(given, list):
                raise Refused("Choose a file.", code="missing", field="file")
            done = cookies.load(given.read(cookies.MOST_BYTES + 1), by=colleague(request))
        except Refused as error:
            done = cookies.Load(faults=[error.message])
        if done.faults:
            context["faults"] = done.faults
            return TemplateResponse(request, "admin/consent/cookie_load.html", context, status=422)
        messages.success(request, f"{done.added} added, {done.changed} changed.")
        return redirect("admin:consent_cookie_changelist")


def _register(seen: SeenCookie, by: User, given: dict[str, str]) -> str:
    cookies.register(seen, by=by, **given)
    return "It stands in the register now."


def _ignore(seen: SeenCookie, by: User, given: dict[str, str]) -> str:
    cookies.ignore(seen, by=by)
    return "Marked as not ours."


def _open(seen: SeenCookie) -> bool:
    return seen.state == SeenCookie.State.OPEN


@admin.register(SeenCookie)
class SeenCookieAdmin(ReadOnly):
    """Names that the banner saw and that the register does not know."""

    list_display = ("name", "site", "state", "first_seen_at", "last_seen_at")
    list_filter = ("state", "site")
    list_select_related = ("site",)
    search_fields = ("name",)
    fields = ("name", "site", "state", "first_seen_at", "last_seen_at")
    verbs = (
        Verb("register", "Register", "consent.decide_seencookie", _register, (
            Input("purpose", "Key of the purpose"),
            Input("provider", "Set by"),
            Input("days", "Days kept, 0: until the browser is closed"),
            Input("party", "Whose", (("first", "First party"), ("third", "Third party"))),
        ), style="primary", shown=_open),
        Verb("ignore", "Not ours", "consent.decide_seencookie", _ignore, shown=_open,
             confirm="An extension of the visitor, or another site under the same domain."),
    )  # fmt: skip
