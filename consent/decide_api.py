"""The API of decisions, the call that is made most: one question takes a short road without the framework's machinery.

`decide` answers one well-formed question of a caller who may ask it, with one statement. Everything else (a list, something
malformed, a key that does not work) goes to the view `Decide`, which documents the call, too. Both answer alike.
"""

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from audit import clients
from audit.allowance import Allowance
from audit.api import REFUSALS, Person, caller
from audit.models import ApiClient
from audit.refusal import Refused
from consent import deciding, reading

MOST = 1000
SCOPE = "consent:read"
USED = timedelta(minutes=1)
asking = Allowance("decide")


class QuestionIn(serializers.Serializer[Any]):
    """One question."""

    identifier = Person()
    purpose = serializers.SlugField(max_length=60, help_text="The purpose's key.")
    region = serializers.CharField(
        max_length=6, required=False, help_text="Where the person is: DE, US-CA. Left out: the strictest rule."
    )


class DecideIn(serializers.Serializer[Any]):
    """One question, or a list of them."""

    identifier = Person(required=False)
    purpose = serializers.SlugField(max_length=60, required=False, help_text="The purpose's key.")
    region = serializers.CharField(max_length=6, required=False, help_text="Where the person is: DE, US-CA.")
    questions = serializers.ListField(
        child=QuestionIn(), max_length=MOST, required=False,
        help_text="Up to 1,000 at once instead of one; then the answer is {answers: [...]} in their order, and a question"
        " that cannot be answered has {refused: {code, message, field}}.",
    )  # fmt: skip


class DecideOut(serializers.Serializer[Any]):
    """One answer, or those to a list."""

    purpose = serializers.SlugField()
    allowed = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=[(code, words) for code, words in deciding.REASONS.items()])
    message = serializers.CharField(help_text="The reason in words.")
    choice = serializers.UUIDField(allow_null=True, help_text="The choice that stands, if one does.")
    notice = serializers.IntegerField(allow_null=True, help_text="The version of the notice at that choice.")
    chosen_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField()
    answers = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="For a list of questions, and then nothing else."
    )


class Questions(BaseThrottle):
    """Counts questions, and not calls: see the setting DECISIONS_PER_MINUTE."""

    def __init__(self) -> None:
        self.seconds = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        given = request.data.get("questions") if isinstance(request.data, dict) else None
        units = min(len(given), MOST) if isinstance(given, list) else 1
        self.seconds = asking.take(str(caller(request).pk), max(units, 1), settings.DECISIONS_PER_MINUTE)
        return not self.seconds

    def wait(self) -> float:
        return self.seconds


class Decide(APIView):
    """May this person's data be processed for this purpose now, and why?"""

    scopes = {"POST": SCOPE}
    throttle_classes = [Questions]

    @extend_schema(
        operation_id="decide",
        summary="Decide whether data may be processed",
        description="Reads by POST so that the identifier stands in the body and in no log of addresses. A person whom"
        " nobody knows is answered in the same shape, by the rule of the region.",
        request=DecideIn,
        responses={200: DecideOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        given, now = request.data, timezone.now()
        if isinstance(given, dict) and "questions" in given:
            return Response({"answers": _answers(given["questions"], now)})
        form = QuestionIn(data=given)
        form.is_valid(raise_exception=True)
        asked = reading.question(given)
        found = deciding.many([asked], now)[0]
        if found is None:
            raise _unknown()
        return Response(deciding.told(asked[0], found, now))


def _unknown() -> Refused:
    return Refused("There is no purpose with this key.", code="unknown_purpose", field="purpose")


def _answers(given: Any, now: Any) -> list[Any]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        raise Refused(f"Ask 1 to {MOST:,} questions at once.", code="too_many", field="questions")
    questions = reading.each(given, reading.question)
    sound = [one for one in questions if not isinstance(one, Refused)]
    verdicts = iter(deciding.many(sound, now))
    answers: list[Any] = []
    for one in questions:
        found = one if isinstance(one, Refused) else next(verdicts) or _unknown()
        if isinstance(found, Refused):
            answers.append({"refused": reading.told(found)})
        else:
            answers.append(deciding.told(one[0], found, now))
    return answers


_slowly = Decide.as_view()


@csrf_exempt
def decide(request: HttpRequest) -> HttpResponse:
    """One question by the short road, everything else by the framework's."""
    return _quickly(request) or _slowly(request)


def _quickly(request: HttpRequest) -> HttpResponse | None:
    """The answer; None where the long road has to say what is wrong."""
    headers = request.META
    scheme, _, key = headers.get("HTTP_AUTHORIZATION", "").partition(" ")
    if request.method != "POST" or headers.get("CONTENT_TYPE") != "application/json" or scheme.lower() != "bearer":
        return None
    try:
        purpose, (kind, index), region = reading.question(json.loads(request.body))
    except (ValueError, RecursionError, Refused):
        return None
    asked = deciding.ask(clients.hashed(key.strip()), purpose, kind, index)
    if asked is None or SCOPE not in asked.scopes or asked.purpose is None:
        return None
    seconds = asking.take(str(asked.client), 1, settings.DECISIONS_PER_MINUTE)
    if seconds:
        body = {"code": "throttled", "message": f"Too many questions in a minute. Ask again in {seconds} seconds."}
        return HttpResponse(json.dumps(body), "application/json", 429, headers={"Retry-After": str(seconds)})
    now = timezone.now()
    if asked.used_at is None or now - asked.used_at > USED:
        ApiClient.objects.filter(pk=asked.client).update(last_used_at=now)
    answer = deciding.told(purpose, deciding.verdict(asked, region, now), now)
    return HttpResponse(json.dumps(answer), "application/json")


# How the API's description and the tests of access see the view behind the function.
decide.cls = Decide  # type: ignore[attr-defined]
decide.initkwargs = {}  # type: ignore[attr-defined]
