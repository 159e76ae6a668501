"""The API by which the company's own service tells its people of a new notice, and says that it did."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import actor as actors
from audit.api import REFUSALS, Person, caller
from audit.refusal import Refused
from consent import mailing, telling
from consent.models import NoticeVersion
from consent.models import Told as ToldRow
from law.places import PLACES
from subjects import registry


class NoticeOut(serializers.ModelSerializer[NoticeVersion]):
    """One version that a person has to be shown."""

    notice = serializers.CharField(source="key")
    url = serializers.SerializerMethodField(help_text="Where they read what changed.")

    class Meta:
        model = NoticeVersion
        fields = ("notice", "number", "language", "title", "summary", "short", "effective_on", "url")

    def get_url(self, version: NoticeVersion) -> str:
        """The page of the differences, or of the version."""
        return str(mailing.facts(version)["link"])


class Pending(APIView):
    """What one person has to be shown. The same shape for a person whom nobody knows: nothing."""

    scopes = {"POST": "consent:read"}

    class PendingIn(serializers.Serializer[Any]):
        identifier = Person()
        language = serializers.ChoiceField(choices=settings.LANGUAGES, default="en")
        region = serializers.ChoiceField(
            choices=sorted(PLACES.items()), required=False, help_text="Where the person is, if you know: DE, US-CA."
        )

    class PendingOut(serializers.Serializer[Any]):
        notices = NoticeOut(many=True)

    @extend_schema(
        operation_id="read_pending_notices",
        summary="Which changed notices must this person be shown?",
        description="Announced versions that came after the person and that they were not told of in any way yet.",
        request=PendingIn,
        responses={200: PendingOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        given = self.PendingIn(data=request.data)
        given.is_valid(raise_exception=True)
        person, values = given.validated_data["identifier"], given.validated_data
        subject = registry.known(person["kind"], person["value"])
        found = telling.pending(subject, language=values["language"], place=values.get("region", "")) if subject else []
        return Response(self.PendingOut({"notices": found}).data)


class Told(APIView):
    """The service showed a version to a person. Repeating it changes nothing: the first telling stands."""

    scopes = {"POST": "consent:write"}

    class ToldIn(serializers.Serializer[Any]):
        identifier = Person()
        notice = serializers.SlugField(max_length=40, default="privacy")
        number = serializers.IntegerField(min_value=1, max_value=2_000_000_000)
        language = serializers.CharField(max_length=12, default="en", help_text="In which language it was shown.")

    class ToldOut(serializers.ModelSerializer[ToldRow]):
        notice = serializers.CharField(source="key")
        language = serializers.CharField(source="version.language")

        class Meta:
            model = ToldRow
            fields = ("notice", "number", "language", "channel", "told_at")

    @extend_schema(
        operation_id="record_notice_told",
        summary="We showed a notice to this person",
        description="Once for each person and version, however often it is called: needs no idempotency key.",
        request=ToldIn,
        responses={201: ToldOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        given = self.ToldIn(data=request.data)
        given.is_valid(raise_exception=True)
        values, actor = given.validated_data, actors.client(caller(request).pk)
        rows = NoticeVersion.objects.filter(
            key=values["notice"], number=values["number"], published_at__isnull=False
        ).order_by("language")
        version = max(rows, key=lambda one: one.language == values["language"], default=None)
        if version is None:
            raise Refused("No version with this number is published.", code="unknown_notice", field="number")
        person = values["identifier"]
        subject = registry.find_or_make(person["kind"], person["value"], actor=actor)
        row = telling.told(subject, version, channel=ToldRow.Channel.API, actor=actor)
        return Response(self.ToldOut(row).data, status=status.HTTP_201_CREATED)
