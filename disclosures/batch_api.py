"""The API of many disclosures at once, and of who received one person's data."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import actor as actors
from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, Person, caller
from audit.refusal import Refused
from disclosures import reading, received, recording
from disclosures.api import Disclosures
from disclosures.models import Disclosure
from disclosures.reading import Item
from disclosures.recording import Outcome
from subjects import registry


class KeyedDisclosureIn(Disclosures.DisclosureIn):
    """A disclosure of a batch. What `shared` says may be left out."""

    key = serializers.CharField(
        max_length=80, required=False, help_text="An idempotency key of this entry; else the call's key and its place."
    )


class SharedIn(serializers.Serializer[Any]):
    """What is the same for all: a list of people that went to one recipient names it once."""

    recipient = serializers.SlugField(max_length=60, required=False)
    categories = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    purpose = serializers.SlugField(max_length=60, required=False)
    occasion = serializers.CharField(max_length=120, required=False)
    disclosed_at = serializers.DateTimeField(required=False)


class ResultOut(serializers.Serializer[Any]):
    """What became of one disclosure of a batch."""

    index = serializers.IntegerField(help_text="Its place in the call, from 0.")
    disclosure = serializers.UUIDField(required=False, help_text="Its entry.")
    repeated = serializers.BooleanField(required=False, help_text="It had been recorded before, under the same key.")
    refused = serializers.DictField(required=False, help_text="{code, message, field}: why there is no entry.")


class Batch(APIView):
    """Many disclosures in one transaction. One that cannot be taken refuses itself; the others are taken."""

    scopes = {"POST": "disclosures:write"}

    class BatchIn(serializers.Serializer[Any]):
        shared = SharedIn(required=False)
        disclosures = serializers.ListField(child=KeyedDisclosureIn(), min_length=1, max_length=recording.MOST)

    class BatchOut(serializers.Serializer[Any]):
        recorded = serializers.IntegerField()
        repeated = serializers.IntegerField()
        refused = serializers.IntegerField()
        results = ResultOut(many=True)

    @extend_schema(
        operation_id="record_disclosures",
        summary=f"Record up to {recording.MOST:,} disclosures",
        description="A disclosure that cannot be taken is refused by itself, with its place, its field and words; the others"
        " are taken all the same. The body has at most 1 MiB: say what is the same for all once, in `shared`.",
        request=BatchIn,
        responses={200: BatchOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        key, client = once.key(request.headers), caller(request)
        items = _items(request.data)
        outcomes = recording.record_many(
            items, source=Disclosure.Source.API, actor=actors.client(client.pk), client=client, call_key=key
        )
        repeated = sum(one.repeated for one in outcomes)
        refused = sum(one.refused is not None for one in outcomes)
        counts = {"recorded": len(outcomes) - repeated - refused, "repeated": repeated, "refused": refused}
        return Response({**counts, "results": [_result(place, one) for place, one in enumerate(outcomes)]})


def _items(body: Any) -> list[Item | Refused]:
    given = body.get("disclosures") if isinstance(body, dict) else None
    if not isinstance(given, list) or not 1 <= len(given) <= recording.MOST:
        raise Refused(f"Send 1 to {recording.MOST:,} disclosures, as a list.", code="too_many", field="disclosures")
    shared = body.get("shared")
    if shared is not None and not isinstance(shared, dict):
        raise Refused("Send what is shared as an object.", code="malformed", field="shared")
    reader, found = reading.Reader(shared), list[Item | Refused]()
    for one in given:
        try:
            found.append(reader.item(one))
        except Refused as error:
            found.append(error)
    return found


def _result(place: int, one: Outcome) -> dict[str, Any]:
    if one.refused is not None:
        return {"index": place, "refused": reading.told(one.refused)}
    return {"index": place, "disclosure": str(one.entry), "repeated": one.repeated}


class StandingOut(serializers.Serializer[received.Held]):
    """What a recipient gets all the time."""

    recipient = serializers.SlugField(source="recipient.key")
    name = serializers.CharField(source="recipient.name")
    categories = serializers.SerializerMethodField()
    since_on = serializers.DateField(allow_null=True)
    until_on = serializers.DateField(allow_null=True)
    group = serializers.CharField(help_text="Whose data; empty: everyone's.")
    perhaps = serializers.BooleanField(help_text="Of a group; no search has shown whether this person is of it.")

    def get_categories(self, held: received.Held) -> list[str]:
        return [one.key for one in held.categories]


class EntryOut(Disclosures.DisclosureOut):
    """One entry, with the recipient's name."""

    name = serializers.CharField(source="recipient.name")

    class Meta(Disclosures.DisclosureOut.Meta):
        fields = (*Disclosures.DisclosureOut.Meta.fields, "name")  # type: ignore[assignment]


class Received(APIView):
    """Who received a person's data, the newest first. The same shape for a person whom nobody knows."""

    scopes = {"POST": "disclosures:read"}

    class ReceivedIn(serializers.Serializer[Any]):
        identifier = Person()
        after = serializers.UUIDField(required=False, help_text="The page after this entry: `next` of the page before.")
        limit = serializers.IntegerField(min_value=1, max_value=received.LONGEST_PAGE, default=received.PAGE)

    class PageOut(serializers.Serializer[Any]):
        disclosures = EntryOut(many=True)
        standing = StandingOut(many=True, help_text="On the first page only.")
        next = serializers.UUIDField(allow_null=True, help_text="Send it as `after`; null: this was the last page.")

    @extend_schema(
        operation_id="who_received",
        summary="Read who received a person's data",
        description="Pages are found by their place and not counted off, so the last costs as little as the first.",
        request=ReceivedIn,
        responses={200: PageOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        form = self.ReceivedIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        subject = registry.known(given["identifier"]["kind"], given["identifier"]["value"])
        if subject is None:
            return Response({"disclosures": [], "standing": [], "next": None})
        page = received.page(subject, after=given.get("after"), limit=given["limit"])
        told = {"disclosures": page.entries, "standing": page.standing, "next": page.next}
        return Response(self.PageOut(told).data)
