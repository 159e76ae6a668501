"""Where a client says what it thinks of a new sub-processor: by the link of its mail, without an account."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit.refusal import Refused
from disclosures import answering
from disclosures.models import Client, ClientAnswer, ListMail
from requests_app import flood, limits
from requests_app.forms import Ticketed
from requests_app.views import asking, visitor
from requests_app.views.subprocessors import places_of

NAME = "subprocessors_answer"
AGREES, OBJECTS = ClientAnswer.Answer.AGREES, ClientAnswer.Answer.OBJECTS


class AnswerForm(Ticketed):
    """What a client says: an objection with its ground, or that it has none."""

    answer = forms.ChoiceField(
        label=_("Your answer"),
        choices=[(OBJECTS.value, _("We object")), (AGREES.value, _("We have no objection"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the answers."), "invalid_choice": _("Choose one of the answers.")},
    )
    words = forms.CharField(
        label=_("Your ground, if you object"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": answering.LONGEST}),
    )
    name = forms.CharField(
        label=_("Who is writing"),
        max_length=answering.LONGEST_NAME,
        help_text=_("Your function is enough, for example: data protection officer."),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
        error_messages={"required": _("Say who is writing.")},
    )

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = gettext("At most %(most)d characters. Please name nobody.") % {"most": answering.LONGEST}
        self.fields["words"].help_text = most
        if client.authorisation == Client.Authorisation.SPECIFIC:
            agrees = (AGREES.value, _("We agree"))
            self.fields["answer"].choices = [(OBJECTS.value, _("We object")), agrees]  # type: ignore[attr-defined]

    def clean_words(self) -> str:
        """Browsers count a new line once, and send it as two characters."""
        words = str(self.cleaned_data["words"]).replace("\r\n", "\n").strip()
        MaxLengthValidator(answering.LONGEST)(words)
        if not words and self.cleaned_data.get("answer") == OBJECTS:
            raise forms.ValidationError(_("Say why you object."))
        return words


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """GET says what changes and what is known, and changes nothing; POST notes the answer, once."""
    row = answering.by_token(token)
    if row is None or row.client is None:
        raise Http404
    response = (
        _sent(request, row, row.client) if request.method == "POST" else _show(request, row, AnswerForm(row.client))
    )
    response["Referrer-Policy"] = "strict-origin"  # never the path with its token
    response["Cache-Control"] = "no-store"
    return response


def _sent(request: HttpRequest, row: ListMail, client: Client) -> HttpResponse:
    form = AnswerForm(client, request.POST)
    wait = limits.by_network(request)
    if wait:
        return _later(request, row, form, asking.too_often(wait), wait)
    if answering.known(row) is not None:
        return visitor.to(NAME, request.resolver_match.kwargs["token"])  # type: ignore[union-attr]
    if not form.is_valid():
        return _show(request, row, form, status=422)
    held = flood.holds(request, form)
    if held:
        return _later(request, row, form, held.sentence, held.seconds)
    given = form.cleaned_data
    try:
        answering.answer(row, answer=given["answer"], words=given["words"], name=given["name"], now=timezone.now())
    except Refused as refused:
        form.refuse(refused)
        return _show(request, row, form, status=422)
    return visitor.to(NAME, request.resolver_match.kwargs["token"])  # type: ignore[union-attr]


def _later(request: HttpRequest, row: ListMail, form: AnswerForm, trouble: str, seconds: int) -> HttpResponse:
    response = _show(request, row, form, status=429, trouble=trouble)
    response["Retry-After"] = str(seconds)
    return response


def _show(
    request: HttpRequest, row: ListMail, form: AnswerForm, *, status: int = 200, trouble: str = ""
) -> HttpResponse:
    change = row.change
    assert change is not None  # `by_token` gives no other
    may, known = answering.open_for(change, timezone.localdate()), answering.known(row)
    context = {
        "change": change, "client": row.client, "places": places_of(change), "known": known, "may": may,
        "too_late": answering.too_late(), "form": form, "trouble": trouble, "work": flood.asks(request),
        "problems": list(form.problems()) if may else [],
    }  # fmt: skip
    return visitor.page(request, NAME, context, status=status)
