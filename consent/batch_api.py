"""The API of many choices at once, and of one person's history, page by page."""

import base64
import binascii
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import actor as actors
from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, Person, caller
from audit.refusal import Refused
from consent import choices, reading, recording
from consent.api import ChoiceIn, ChoiceOut
from consent.models import Choice
from consent.recording import Outcome
from subjects import registry

PAGE, LONGEST_PAGE = 100, 500


class KeyedChoiceIn(ChoiceIn):
    """A choice of a batch."""

    key = serializers.CharField(
        max_length=80, required=False, help_text="An idempotency key of this choice; else the call's key and its place."
    )
    guardian = None  # type: ignore[assignment]


class ResultOut(serializers.Serializer[Any]):
    """What became of one choice of a batch."""

    index = serializers.IntegerField(help_text="Its place in the call, from 0.")
    choice = serializers.UUIDField(required=False, help_text="Its row.")
    repeated = serializers.BooleanField(required=False, help_text="It had been recorded before, under the same key.")
    refused = serializers.DictField(required=False, help_text="{code, message, field}: why there is no row.")


class Batch(APIView):
    """Up to 1,000 choices in one transaction. One that cannot be taken refuses itself; the others are taken."""

    scopes = {"POST": "consent:write"}

    class BatchIn(serializers.Serializer[Any]):
        choices = serializers.ListField(child=KeyedChoiceIn(), min_length=1, max_length=recording.MOST)

    class BatchOut(serializers.Serializer[Any]):
        recorded = serializers.IntegerField()
        repeated = serializers.IntegerField()
        refused = serializers.IntegerField()
        results = ResultOut(many=True)

    @extend_schema(
        operation_id="record_choices",
        summary="Record up to 1,000 choices",
        description="A choice that cannot be taken is refused by itself, with its place, its field and words; the others are"
        " taken all the same. The body has at most 1 MiB.",
        request=BatchIn,
        responses={200: BatchOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        key, client = once.key(request.headers), caller(request)
        given = request.data.get("choices") if isinstance(request.data, dict) else None
        if not isinstance(given, list) or not 1 <= len(given) <= recording.MOST:
            raise Refused(f"Send 1 to {recording.MOST:,} choices, as a list.", code="too_many", field="choices")
        outcomes = recording.record_many(
            reading.each(given, reading.item), source=Choice.Source.API, actor=actors.client(client.pk), client=client,
            call_key=key,
        )  # fmt: skip
        results = [_result(place, one) for place, one in enumerate(outcomes)]
        counts = {
            "recorded": sum(one.choice is not None and not one.repeated for one in outcomes),
            "repeated": sum(one.repeated for one in outcomes),
            "refused": sum(one.refused is not None for one in outcomes),
        }
        return Response({**counts, "results": results})


def _result(place: int, one: Outcome) -> dict[str, Any]:
    if one.refused is not None:
        return {"index": place, "refused": reading.told(one.refused)}
    return {"index": place, "choice": str(one.choice), "repeated": one.repeated}


class HistoryOut(ChoiceOut):
    """One choice of a history."""

    words = serializers.CharField(source="wording.text", allow_null=True, default=None)

    class Meta(ChoiceOut.Meta):
        fields = (*ChoiceOut.Meta.fields, "words")  # type: ignore[assignment]


class History(APIView):
    """Every choice of a person, the newest first. The same shape for a person whom nobody knows."""

    scopes = {"POST": "consent:read"}

    class HistoryIn(serializers.Serializer[Any]):
        identifier = Person()
        after = serializers.CharField(
            max_length=200, required=False, help_text="The page after this place: `next` of the page before."
        )
        limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=PAGE)

    class PageOut(serializers.Serializer[Any]):
        choices = HistoryOut(many=True)
        next = serializers.CharField(allow_null=True, help_text="Send it as `after`; null: this was the last page.")

    @extend_schema(
        operation_id="read_history",
        summary="Read a person's history of choices",
        description="Pages are found by their place and not counted off, so the last costs as little as the first.",
        request=HistoryIn,
        responses={200: PageOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        form = self.HistoryIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        place = _place(given["after"]) if given.get("after") else Q()
        subject = registry.known(given["identifier"]["kind"], given["identifier"]["value"])
        limit = given["limit"]
        found = list(choices.history(subject).filter(place)[: limit + 1]) if subject else []
        last = found[limit - 1] if len(found) > limit else None
        return Response(self.PageOut({"choices": found[:limit], "next": _named(last) if last else None}).data)


def _named(one: Choice) -> str:
    text = f"{one.chosen_at.isoformat()} {one.recorded_at.isoformat()} {one.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _place(text: str) -> Q:
    """What comes after a place. Raises Refused for a text that is none of ours."""
    try:
        chosen, recorded, key = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode().split()
        chosen_at, recorded_at, pk = datetime.fromisoformat(chosen), datetime.fromisoformat(recorded), UUID(key)
        if chosen_at.utcoffset() is None or recorded_at.utcoffset() is None:
            raise ValueError("a moment without its zone")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise Refused("Send `after` as it came in `next`.", code="unknown_place", field="after") from error
    same = Q(chosen_at=chosen_at)
    return (
        Q(chosen_at__lt=chosen_at)
        | (same & Q(recorded_at__lt=recorded_at))
        | (same & Q(recorded_at=recorded_at) & Q(pk__lt=pk))
    )
