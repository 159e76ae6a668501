"""Many requests in one call, for agents and other programs. What the form asks of one line, this asks of each."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request as Call
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.api import REFUSALS, caller
from audit.refusal import Refused
from requests_app import bulk
from requests_app.models import Line, Upload


class LineIn(serializers.Serializer[Any]):
    """One line. What is left out is empty; an agent's own name and address are known by its key."""

    key = serializers.CharField(max_length=80, help_text="Yours; the same key again is the same line.")
    right = serializers.CharField(max_length=30)
    email = serializers.CharField(max_length=254, help_text="Of the person, as the company knows it.")
    residence = serializers.CharField(max_length=6, help_text="ISO 3166: DE, US-CA.")
    name = serializers.CharField(max_length=200, default="", allow_blank=True)
    relation = serializers.CharField(max_length=10, default="", allow_blank=True)
    details = serializers.CharField(max_length=4000, default="", allow_blank=True)
    received_on = serializers.CharField(max_length=10, default="", allow_blank=True)
    asked_by = serializers.CharField(max_length=8, default="", allow_blank=True)
    asker_name = serializers.CharField(max_length=200, default="", allow_blank=True)
    asker_email = serializers.CharField(max_length=254, default="", allow_blank=True)
    asker_organisation = serializers.CharField(max_length=200, default="", allow_blank=True)
    basis = serializers.CharField(max_length=20, default="", allow_blank=True)


class BulkIn(serializers.Serializer[Any]):
    """The lines of one call."""

    lines = serializers.ListField(child=LineIn(), min_length=1, max_length=bulk.MOST_LINES)


class BulkOut(serializers.Serializer[Any]):
    """What was taken."""

    upload = serializers.UUIDField()
    new = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="Lines that were there already, under the same key.")


class LineOut(serializers.ModelSerializer[Line]):
    """What became of one line."""

    reference = serializers.CharField(source="request.reference", default=None, allow_null=True)

    class Meta:
        model = Line
        fields = ("number", "key", "state", "reference", "error", "field")


class LinesOut(serializers.Serializer[Any]):
    """What became of one call."""

    upload = serializers.UUIDField(source="pk")
    waiting = serializers.IntegerField()
    lines = LineOut(many=True)


class Bulk(APIView):
    """Takes up to 1,000 lines; each is a row at once, and a request soon after."""

    scopes = {"POST": "requests:write"}

    @extend_schema(
        operation_id="enter_requests",
        summary="Enter many requests",
        request=BulkIn,
        responses={202: BulkOut} | REFUSALS,
    )
    def post(self, request: Call) -> Response:
        given = BulkIn(data=request.data)
        given.is_valid(raise_exception=True)
        taken = bulk.take(given.validated_data["lines"], client=caller(request))
        answer = {"upload": taken.upload.pk, "new": taken.new, "repeated": taken.repeated}
        return Response(BulkOut(answer).data, status=status.HTTP_202_ACCEPTED)


class BulkOutcome(APIView):
    """What became of the lines of one call, for the key that sent them."""

    scopes = {"GET": "requests:write"}

    @extend_schema(
        operation_id="read_bulk",
        summary="Read what became of many requests",
        responses={200: LinesOut} | REFUSALS,
    )
    def get(self, request: Call, pk: UUID) -> Response:
        found = Upload.objects.filter(pk=pk, client=caller(request)).first()
        if found is None:
            raise Refused("There is no upload of yours with this id.", code="unknown_upload", field="upload")
        lines = list(found.lines.select_related("request"))
        waiting = sum(one.state == Line.State.WAITING for one in lines)
        return Response(LinesOut({"pk": found.pk, "waiting": waiting, "lines": lines}).data)
