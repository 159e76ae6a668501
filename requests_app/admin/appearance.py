"""The look of the privacy centre on the desk: colours that can be read, a logo that is only a picture, the company's words."""

import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from unfold.admin import StackedInline
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanWidget,
)

from audit.accountable import Accountable
from requests_app import appearance, colours, pictures, plans
from requests_app.models import Appearance, AppearanceText, Right

# So that a page with logo, styles and words stays under 60 kB on the wire.
MOST_LOGO = 20_000
MOST_UPLOAD = 500_000

# What the form can do without: nothing is carried out by it.
LEAVES_OUT = [("name", "Name"), ("details", "Their own words"), ("relation", "How they know the company")]


class LookForm(forms.ModelForm):
    """One row; says what was measured when a colour is refused."""

    rights = forms.MultipleChoiceField(required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget)
    left_out = forms.MultipleChoiceField(
        label="Fields left out", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, choices=LEAVES_OUT,
        help_text="Of the form on the public pages. Whatever a right needs is always asked.",
    )  # fmt: skip
    new_logo = forms.FileField(
        label="Logo", required=False, widget=UnfoldAdminFileFieldWidget,
        help_text=f"A PNG picture; it is written anew, and may then have {MOST_LOGO // 1000} kB.",
    )  # fmt: skip
    no_logo = forms.BooleanField(label="Remove the logo", required=False, widget=UnfoldBooleanWidget)

    class Meta:
        model = Appearance
        fields = ("name", "colour", "night_colour", "font", "rights", "left_out", "embed_origins")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(Right.choices)
        if "rights" in self.fields:
            self.fields["rights"].label = "Rights offered"
            self.fields["rights"].help_text = "On the public pages. None ticked: every right that we can carry out."
            offered = [(right, names.get(right, right)) for right in plans.OFFERED]
            self.fields["rights"].choices = offered  # type: ignore[attr-defined]

    def clean_colour(self) -> str:
        return self._readable("colour", "day")

    def clean_night_colour(self) -> str:
        return self._readable("night_colour", "night") if self.cleaned_data["night_colour"] else ""

    def clean_embed_origins(self) -> str:
        origins = [one.strip().rstrip("/").lower() for one in str(self.cleaned_data["embed_origins"]).split()]
        faults = [fault for one in origins if (fault := appearance.fault_of_origin(one))]
        if faults:
            raise ValidationError(faults)
        return "\n".join(dict.fromkeys(origins))

    def clean_new_logo(self) -> bytes:
        given: UploadedFile | None = self.cleaned_data.get("new_logo")
        if given is None:
            return b""
        if (given.size or 0) > MOST_UPLOAD:
            raise ValidationError(f"The file is too large: at most {MOST_UPLOAD // 1000} kB.")
        try:
            made = pictures.cleaned(given.read())
        except pictures.Unfit as unfit:
            raise ValidationError(str(unfit)) from unfit
        if len(made) > MOST_LOGO:
            kilobytes = -(-len(made) // 1000)
            raise ValidationError(
                f"The picture has {kilobytes} kB; at most {MOST_LOGO // 1000} are taken. Make it smaller: a height of"
                " 96 pixels is plenty, and fewer colours help."
            )
        return made

    def save(self, commit: bool = True) -> Any:
        made, row = self.cleaned_data.get("new_logo"), self.instance
        if made:
            row.logo, row.logo_digest = made, hashlib.sha256(made).hexdigest()
        elif self.cleaned_data.get("no_logo"):
            row.logo, row.logo_digest = b"", ""
        return super().save(commit)

    def _readable(self, name: str, scheme: str) -> str:
        colour = str(self.cleaned_data[name]).lower()
        if fault := appearance.fault_of_colour(colour, scheme):
            raise ValidationError(fault)
        return colour


class TextForm(forms.ModelForm):
    """The company's words in one language."""

    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    class Meta:
        model = AppearanceText
        fields = ("language", "home_title", "home_lead", "contact", "footer", "links")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]

    def clean_links(self) -> str:
        lines = [line.strip() for line in str(self.cleaned_data["links"]).splitlines() if line.strip()]
        wrong = next((line for line in lines if not appearance.LINK.match(line)), None)
        if wrong:
            raise ValidationError(f"Write each link as [words](https://address): {wrong[:60]}")
        return "\n".join(lines)


class Texts(StackedInline):
    """One block of words for each language."""

    model = AppearanceText
    form = TextForm
    extra = 0
    can_delete = False


@admin.register(Appearance)
class AppearanceAdmin(Accountable):
    """How the public pages look. One row."""

    form = LookForm
    inlines = (Texts,)
    list_display = ("__str__", "name", "colour", "font", "changed_at")
    fieldsets = (
        ("Look", {"fields": ("name", "new_logo", "no_logo", "colour", "night_colour", "font")}),
        ("What the pages offer", {"fields": ("rights", "left_out", "embed_origins")}),
    )
    change_form_before_template = "admin/appearance_preview.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and not Appearance.objects.exists()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        context["previews"] = previews(row) if row is not None else []
        context["preview_of"] = row
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        appearance.forget()


def previews(row: Appearance) -> list[dict[str, Any]]:
    """The page by day and by night, with what was measured."""
    night = row.night_colour or colours.mended(row.colour, "night")
    heading, text = appearance.FONTS[row.font]
    found = []
    for scheme, colour, paper, ink in (
        ("day", row.colour, colours.DAY, "#1c2430"),
        ("night", night, colours.NIGHT, "#e8ebee"),
    ):
        tones = colours.palette(colour, scheme)
        found.append({
            "title": "Light pages" if scheme == "day" else "Dark pages", "colour": colour, "paper": paper[0],
            "surface": paper[1], "ink": ink, "button": tones["--on-accent"], "tint": tones["--tint"],
            "deep": tones["--accent-deep"], "ratio": f"{colours.worst(colour, scheme)[0]:.1f}", "heading": heading,
            "text": text,
        })  # fmt: skip
    return found
