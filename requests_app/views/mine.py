"""The pages of a signed-in person: their requests, their package, who received their data, their choices."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import law
from audit import actor as actors
from audit.refusal import Refused
from disclosures import passing, received, saying
from disclosures.models import Disclosure, Recipient
from disclosures.standing import Held
from inventory import phrases
from inventory.models import DataCategory
from requests_app import appeals, conversation, delivery, glance, proof, reads, results, retold, workflow
from requests_app.delivery import locked
from requests_app.forms import attribute_label
from requests_app.glance import Glance
from requests_app.models import PersonSession, Proof, Request, State
from requests_app.proving import papers
from requests_app.uploads import judging
from requests_app.views import talking, visitor
from requests_app.views.visitor import signed_in

# From when on recipients are told of a request.
TELLING = (State.NOTIFYING, State.CLOSED)


@dataclass(frozen=True)
class Told:
    """One disclosure with its categories and its occasion in words."""

    disclosure: Disclosure
    categories: list[str]
    occasion: str


@dataclass(frozen=True)
class Received:
    """One recipient with everything that it got about this person, newest first."""

    recipient: Recipient
    country: str
    told: list[Told]

    @property
    def latest(self) -> list[Told]:
        """What is shown without asking."""
        return self.told[:3]

    @property
    def earlier(self) -> list[Told]:
        """What is folded away."""
        return self.told[3:]


@dataclass(frozen=True)
class Standing:
    """What one recipient gets or got all the time."""

    held: Held
    country: str
    categories: list[str]


@require_safe
@signed_in
def mine(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """All requests of this person."""
    every = glance.of(session.subject)
    context = {"open": [own for own in every if not own.closed], "closed": [own for own in every if own.closed]}
    return visitor.page(request, "mine", context)


@require_safe
@signed_in
def one(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """One request: where it stands, when the answer is due and by which law, what was said, and what can be done."""
    own = own_request(session, pk)
    thread = conversation.thread(own.request, own.request.pauses.all())
    answer = _show(request, session, own, thread=thread)
    # After the page was made: on it, what is new is marked as new.
    if request.method == "GET" and conversation.news(thread):
        conversation.opened(own.request, actor=actors.person(session.subject_id))
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def withdraw(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """Asks once more (GET), then withdraws (POST)."""
    own = own_request(session, pk)
    if request.method != "POST":
        return visitor.page(request, "withdraw", {"one": own.request}) if own.may_withdraw else visitor.to("one", pk)
    try:
        workflow.withdraw(own.request, actor=actors.person(session.subject_id))
    except Refused as refused:
        return _refused(request, refused, pk)
    messages.success(request, _("Your request is withdrawn."))
    return visitor.to("one", pk)


@require_POST
@signed_in
def answer(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The person answers what we asked, with files if they like."""
    thanks = _("Thank you. We go on with your request.")
    return _say(request, session, pk, "answer", thanks, lambda own, words, who: conversation.answer(
        own, actor=who, words=words, files=talking.given(request), nonce=request.POST.get("nonce", "")
    ))  # fmt: skip


@require_POST
@signed_in
def write(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The person writes to us about a request."""
    thanks = _("Your message has arrived. Our answer will stand here; we e-mail you when it does.")
    return _say(request, session, pk, "write", thanks, lambda own, words, who: conversation.write(
        own, actor=who, words=words, files=talking.given(request), nonce=request.POST.get("nonce", "")
    ))  # fmt: skip


@require_POST
@signed_in
def appeal(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The person appeals against our answer."""
    thanks = _("Your appeal has arrived. Somebody who did not decide before looks at it.")
    return _say(
        request, session, pk, "appeal", thanks, lambda own, words, who: appeals.appeal(own, words=words, actor=who)
    )


@require_POST
@signed_in
def complain(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The person complains about how we handled a request."""
    thanks = _("Your complaint has arrived. You hear from us.")
    return _say(
        request, session, pk, "complain", thanks, lambda own, words, who: appeals.complain(own, words=words, actor=who)
    )


def _say(
    request: HttpRequest, session: PersonSession, pk: UUID, form: str, thanks: str,
    verb: Callable[[Request, str, actors.Actor], object],
) -> HttpResponse:  # fmt: skip
    """One text box of the page, to one verb; a refusal comes back beside it with what was typed."""
    own = own_request(session, pk)
    words = request.POST.get("words", "")
    try:
        verb(own.request, words, actors.person(session.subject_id))
    except Refused as refused:
        typed = {
            "form": form,
            "words": words[:8000],
            "sentence": refused.message,
            "nonce": request.POST.get("nonce", "")[:64],
        }
        return _show(request, session, own_request(session, pk), typed=typed, status=422)
    messages.success(request, thanks)
    return visitor.to("one", pk)


@require_POST
@signed_in
def fresh(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """Mails a new link: to confirm a request that waits for it, or to fetch a package.

    Data leaves only for somebody who reads that mailbox right now.
    """
    own = own_request(session, pk)
    if not own.waits and glance.package(own.request, timezone.now()) is None:
        return _refused(request, Refused(_("There is nothing for which you need a link now.")), pk)
    purpose = Proof.Purpose.OPEN if own.waits else Proof.Purpose.FRESH
    holder = proof.hashed(session.key_hash)
    proof.send(own.request, purpose, actor=actors.person(session.subject_id), holder=holder)
    messages.success(request, _("Look into your mailbox: a link is on its way. Open it and press the button."))
    return visitor.to("one" if own.waits else "package", pk)


@require_safe
@signed_in
def package(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The package: its size and day, what is inside, and whether a fresh proof is there; then the button."""
    return _package(request, session, own_request(session, pk))


@require_POST
@signed_in
def paper(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse:
    """The document that a colleague asked for, as the last resort."""
    own = own_request(session, pk)
    wanted, sent = papers.wanted(own.request), request.FILES.get("file")
    if wanted is None:
        return _refused(request, Refused(_("Nobody asked for a document.")), pk)
    try:
        given = judging.Given(str(sent.name), sent.read()) if sent is not None else judging.Given("", b"")
        papers.take(wanted, given, now=timezone.now())
    except Refused as refused:
        return _show(request, session, own, typed={"form": "paper", "sentence": refused.message}, status=422)
    messages.success(request, _("Thank you. A colleague looks at it once; then it is destroyed."))
    return visitor.to("one", pk)


@require_POST
@signed_in
def download(request: HttpRequest, session: PersonSession, pk: UUID) -> HttpResponse | StreamingHttpResponse:
    """Streams the package, locked with a password where the person typed one. Only a POST: looking at an address must never
    use a download up.
    """
    own = own_request(session, pk)
    package = glance.package(own.request, timezone.now())
    if package is None:
        return _refused(request, Refused(_("There is no package to fetch.")), pk)
    try:
        password = locked.check(request.POST.get("password", ""), request.POST.get("again", ""))
    except Refused as refused:
        typed = {"form": "package", "sentence": refused.message}
        return _package(request, session, own, typed=typed, status=422)
    try:
        pieces = delivery.stream(package.parcel, session, now=timezone.now(), password=password)
    except Refused as refused:
        return _refused(request, refused, pk)
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    if not password:
        response["Content-Length"] = str(package.parcel.size)
    response["Content-Disposition"] = f'attachment; filename="my-data-{own.request.reference}.zip"'
    return response


@require_safe
@signed_in
def recipients(request: HttpRequest, session: PersonSession) -> HttpResponse:
    """Who received this person's data."""
    page = received.page(session.subject, after=_entry(request.GET.get("after", "")))
    names = dict(DataCategory.objects.values_list("key", "name"))
    context: dict[str, Any] = {
        "received": _by_recipient([_in_words(row, names) for row in page.entries]),
        "earlier": page.next,
        "newest": "after" not in request.GET,
        "everyone": [
            Standing(one, _country(one.recipient), [phrases.said(each.name) for each in one.categories])
            for one in page.standing
        ],
        "asked": saying.of(session.subject),
    }
    return visitor.page(request, "recipients", context)


def _show(
    request: HttpRequest,
    session: PersonSession,
    own: Glance,
    *,
    typed: dict[str, str] | None = None,
    status: int = 200,
    thread: list[conversation.Line] | None = None,
) -> HttpResponse:
    return visitor.page(request, "one", context(session, own, thread) | {"typed": typed or {}}, status=status)


def context(session: PersonSession, own: Glance, thread: list[conversation.Line] | None = None) -> dict[str, Any]:
    """What the page of one request shows."""
    said = conversation.thread(own.request, own.request.pauses.all()) if thread is None else thread
    return {
        "one": own.request,
        "own": own,
        "timeline": reads.timeline(own.request, for_person=True),
        "referred": results.referred(own.request),
        "told": saying.for_origin(own.request.reference) if own.request.state in TELLING else [],
        "changes": [(attribute_label(key), value) for key, value in cast(dict[str, str], own.request.changes).items()],
        "package": own.package,
        "typed": {},
        "code_to": reverse("portal:code", args=(own.request.pk,)),
        "paper": papers.wanted(own.request) if own.waits else None,
        "phone_to": reverse("portal:phone", args=(own.request.pk,)),
        "thread": [replace(one, left_out=retold.files(one.left_out)) for one in said],
        "news": conversation.news(said),
        "nonce": secrets.token_urlsafe(18),
        "file_limits": {"most": settings.ATTACHMENTS_PER_MESSAGE, "mb": settings.ATTACHMENT_MB},
    }


def package_context(session: PersonSession, own: Glance) -> dict[str, Any]:
    """What the page of the package shows."""
    return {
        "one": own.request,
        "package": own.package,
        "fresh": session.fresh_until is not None and session.fresh_until > timezone.now(),
        "fresh_until": session.fresh_until,
        "typed": {},
        "phone_to": reverse("portal:phone", args=(own.request.pk,)),
        "code_to": reverse("portal:code", args=(own.request.pk,)),
    }


def _package(
    request: HttpRequest, session: PersonSession, own: Glance, *, typed: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    return visitor.page(request, "package", package_context(session, own) | {"typed": typed or {}}, status=status)


def own_request(session: PersonSession, pk: UUID) -> Glance:
    """404 for another person's request, as for one that never was."""
    own = glance.one(session, pk)
    if own is None:
        raise Http404
    return own


def _refused(request: HttpRequest, refused: Refused, pk: UUID) -> HttpResponse:
    context = {"sentence": refused.message, "back": reverse("portal:one", args=[pk])}
    return visitor.page(request, "refused", context, status=409)


def _by_recipient(told: list[Told]) -> list[Received]:
    """Recipients by their latest disclosure, newest first."""
    found: dict[int, Received] = {}
    for one in told:
        recipient = one.disclosure.recipient
        found.setdefault(recipient.pk, Received(recipient, _country(recipient), [])).told.append(one)
    return list(found.values())


def _country(recipient: Recipient) -> str:
    if recipient.country == "US":
        return _("United States")  # `law` knows its states one by one
    return dict(law.residences()).get(recipient.country, recipient.country)


def _in_words(row: Disclosure, names: dict[str, str]) -> Told:
    return Told(row, [phrases.said(names.get(key, key)) for key in row.categories], passing.occasion(row))


def _entry(text: str) -> UUID | None:
    """The entry after which a page begins; None for a text that is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
