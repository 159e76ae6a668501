"""What the person and we write to each other about a request: messages with files, and the questions and answers among them.

1. Files are judged and sealed before the transaction; the rows, the letter and the event are written in one.
2. The same form sent twice (its nonce) is one message.
3. When we write, a letter goes out that says so and nothing else; the words stand on the person's page alone.
4. When the person writes, the case asks for a colleague until somebody answers, or says that there is nothing to answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.failpoints import failpoint
from audit.refusal import Refused
from requests_app import acts, attention, letters, locks, policy, uploads
from requests_app.models import Attachment, Message, Pause, Request
from requests_app.policy import DECIDE, WORK

Author = Message.Author


@dataclass(frozen=True)
class Line:
    """One entry of the thread as both sides see it."""

    author: str
    by: str
    channel: str
    text: str
    at: datetime
    files: list[Attachment]
    left_out: list[str]
    asks: bool = False
    answers: bool = False
    unread: bool = False
    on_file: bool | None = None


@dataclass(frozen=True)
class Post:
    """What of a mail goes into the conversation; the same `nonce` is the same message, whoever puts it there."""

    nonce: str
    words: str
    files: list[uploads.Given]
    at: datetime
    on_file: bool


def write(
    request: Request, *, words: str, files: Iterable[uploads.Given] = (), nonce: str = "", actor: Actor
) -> Message:
    """The person writes on their page. Raises Refused."""
    _paced(request, timezone.now())
    return _once(request, nonce, lambda: _say(request, Author.PERSON, words, files, nonce, actor))


def answer(
    request: Request, *, words: str, files: Iterable[uploads.Given] = (), nonce: str = "", actor: Actor
) -> Pause:
    """The person answers what we asked, with files if they like; clocks go on. Raises Refused."""
    clean = uploads.judge_all(files)
    kept = [(one, uploads.sealed_copy(one.data)) for one in clean]
    with log.atomic():
        row = acts.answer(request, actor=actor, words=words)
        if kept:
            message = _row(row.request, Author.PERSON, "", nonce=nonce, pause=row, read_at=timezone.now())
            _attach(message, kept, actor)
    return row


def reply(request: Request, *, words: str, files: Iterable[uploads.Given] = (), nonce: str = "", by: User) -> Message:
    """A colleague writes to the person; whatever the person wrote before counts as read. Raises Refused."""
    _may(by)
    return _once(request, nonce, lambda: _say(request, Author.STAFF, words, files, nonce, actors.staff(by.pk), by=by))


def seen(request: Request, *, by: User) -> int:
    """A colleague read what the person wrote, and there is nothing to answer; how many messages. Raises Refused."""
    _may(by)
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        many = _read_by_us(fresh)
        if many:
            log.record("message.seen", actor=who, noun=fresh, subject_id=fresh.subject_id, messages=many)
            attention.refresh(fresh.pk, actor=who)
    return many


def opened(request: Request, *, actor: Actor) -> int:
    """The person opened the page on which our messages stand; how many were new."""
    new = request.messages.exclude(author=Author.PERSON).filter(read_at=None)
    if not new.exists():
        return 0
    with log.atomic():
        fresh = locks.request(request.pk)
        many = new.update(read_at=timezone.now())
        if many:
            log.record("message.read", actor=actor, noun=fresh, subject_id=fresh.subject_id, messages=many)
    return many


def arrived(request: Request, *, mail: Post, actor: Actor) -> Message:
    """A mail belongs to this request: a message whose sender nobody proved. Files that are not taken are named in it."""
    return _once(request, mail.nonce, lambda: _arrive(request, mail, actor))


def _arrive(request: Request, mail: Post, actor: Actor) -> Message:
    kept, left_out = [], []
    for number, one in enumerate(mail.files):
        if number >= policy.MAIL_FILES:
            left_out.append(f"More than {policy.MAIL_FILES} files; the others were not taken.")
            break
        try:
            clean = uploads.judge(one)
        except Refused as refused:
            left_out.append(refused.message)
            continue
        kept.append((clean, uploads.sealed_copy(clean.data)))
    with log.atomic():
        fresh = locks.request(request.pk)
        message = _row(
            fresh, Author.PERSON, mail.words, channel=Message.Channel.EMAIL, written_at=mail.at, left_out=left_out,
            nonce=mail.nonce, on_file=mail.on_file,
        )  # fmt: skip
        _attach(message, kept, actor)
        _told(message, fresh, actor, len(kept))
        attention.refresh(fresh.pk, actor=actor)
    return message


def thread(request: Request, pauses: Iterable[Pause] | None = None) -> list[Line]:
    """Everything that was said, oldest first: messages, and our questions with their answers. Three queries, or two with
    the `pauses` that the caller has, each with its `asked_by`.
    """
    rows = list(request.messages.select_related("by").prefetch_related("attachments"))
    with_answer = {one.pause_id: one for one in rows if one.pause_id}
    lines = [_line(one) for one in rows if not one.pause_id]
    for pause in request.pauses.select_related("asked_by") if pauses is None else pauses:
        name = pause.asked_by.get_full_name() or pause.asked_by.get_username()
        lines.append(Line(Author.STAFF, name, "page", pause.question, pause.asked_at, [], [], asks=True))
        if pause.answer and pause.answered_at is not None:
            came = with_answer.get(pause.pk)
            files = list(came.attachments.all()) if came else []
            lines.append(
                Line(Author.PERSON, "", "page", pause.answer, pause.answered_at, files, [], answers=True)
            )  # fmt: skip
    return sorted(lines, key=lambda one: one.at)


def news(lines: list[Line]) -> bool:
    """Whether we wrote something that the person has not opened."""
    return any(one.unread and one.author != Author.PERSON for one in lines)


def _say(
    request: Request, author: str, words: str, files: Iterable[uploads.Given], nonce: str, who: Actor,
    by: User | None = None,
) -> Message:  # fmt: skip
    text = acts.written(words, "words", _("Write your message."))
    kept = [(one, uploads.sealed_copy(one.data)) for one in uploads.judge_all(files)]
    failpoint("message.before_rows")
    with log.atomic():
        fresh = locks.request(request.pk)
        letter = None
        if by is not None:
            _read_by_us(fresh)
            told = f"message-{timezone.now():%Y%m%d%H%M%S%f}"
            letter = letters.queue(fresh, "message", dedupe=told, context={}, actor=who)
        message = _row(fresh, author, text, by=by, nonce=nonce, letter=letter)
        _attach(message, kept, who)
        _told(message, fresh, who, len(kept))
        attention.refresh(fresh.pk, actor=who)
    return message


def _once(request: Request, nonce: str, make: Callable[[], Message]) -> Message:
    """The message of this form: made now, or the one that was made of it before."""
    known = Message.objects.filter(request=request.pk, nonce=nonce).first() if nonce else None
    if known is not None:
        return known
    try:
        return make()
    except IntegrityError:
        known = Message.objects.filter(request=request.pk, nonce=nonce).first()  # the same form arrived twice at once
        if known is None:
            raise
        return known


def _row(request: Request, author: str, text: str, *, nonce: str = "", **more: Any) -> Message:
    values = {"written_at": timezone.now()} | more
    return Message.objects.create(request=request, author=author, text=text, nonce=nonce[:64] or None, **values)


def _attach(message: Message, kept: list[tuple[Any, Any]], who: Actor) -> None:
    for clean, sealed in kept:
        uploads.attach(message, clean, sealed)


def _told(message: Message, request: Request, who: Actor, files: int) -> None:
    log.record(
        "message.written", actor=who, noun=request, subject_id=request.subject_id, author=message.author,
        channel=message.channel, files=files, left_out=len(message.left_out),
    )  # fmt: skip


def _read_by_us(request: Request) -> int:
    return request.messages.filter(author=Author.PERSON, read_at=None).update(read_at=timezone.now())


def _line(one: Message) -> Line:
    return Line(
        author=one.author,
        by=(one.by.get_full_name() or one.by.get_username()) if one.by else "",
        channel=one.channel,
        text=one.text,
        at=one.written_at,
        files=list(one.attachments.all()),
        left_out=list(one.left_out),
        unread=one.read_at is None,
        on_file=one.on_file,
    )


def _paced(request: Request, now: datetime) -> None:
    """A person who writes all day long is asked to put it into fewer messages: the queue is for everybody."""
    recent = request.messages.filter(author=Author.PERSON, written_at__gt=now - timedelta(days=1))
    if recent.count() >= policy.MESSAGES_A_DAY:
        raise Refused(
            _("You wrote %(most)s messages today. Please put the rest into one message tomorrow.")
            % {"most": policy.MESSAGES_A_DAY},
            code="too_many",
        )


def _may(by: User) -> None:
    if not any(by.has_perm(f"requests_app.{one}") for one in (DECIDE, WORK)):
        raise Refused(acts.NOT_ALLOWED, code="not_allowed")
