"""The desk's page that takes a file and tells what became of its lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from audit import sheet
from audit.accountable import ReadOnly
from audit.importing.lines import Done
from audit.refusal import Refused

MOST_MEGABYTES = 5


@dataclass(frozen=True)
class Words:
    """What the page of one kind of file says. `command`: the way for larger ones; `hint`: what its columns need said."""

    title: str
    needed: Sequence[str]
    columns: Sequence[str]
    command: str
    back: str
    hint: str = ""


class FileForm(forms.Form):
    """A file to bring in."""

    file = forms.FileField(label="CSV file")


def show(screen: ReadOnly, request: HttpRequest, words: Words, load: Callable[[str], Done]) -> HttpResponse:
    """The page; a POST hands the file to `load`. Whether the colleague may, the caller has asked."""
    form, done = FileForm(request.POST or None, request.FILES or None), None
    if request.method == "POST" and form.is_valid():
        instead = f"Send it in parts, or use manage.py {words.command}."
        most = MOST_MEGABYTES * 1024 * 1024
        try:
            done = load(sheet.text(form.cleaned_data["file"].read(most + 1), most=most, instead=instead))
        except Refused as error:
            form.add_error("file", error.message)
    back = f"admin:{screen.opts.app_label}_{screen.opts.model_name}_changelist"
    context = {
        **screen.admin_site.each_context(request), "title": words.title, "form": form, "done": done, "words": words,
        "most": MOST_MEGABYTES, "back": back,
    }  # fmt: skip
    return TemplateResponse(request, "admin/import.html", context, status=422 if form.errors else 200)
