"""The headless door over HTTP: describe, test, explain, enter a request, read its outcome. Nothing is decided here: colleagues
do that on the desk, so that no key of a program can erase anything.
"""

import hashlib
from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request as Call
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import actor, once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, caller
from audit.refusal import Refused
from connectors import checking
from connectors.models import Connection
from inventory import descriptions
from privacyops import bulk_api, headless
from requests_app import intake
from requests_app.models import Request

LONGEST_DESCRIPTION = 2_000_000


class Descriptions(APIView):
    """Brings a description of systems in, checked as a whole first. It may refer to what the inventory holds already."""

    scopes = {"POST": "inventory:write"}

    class DescriptionIn(serializers.Serializer[Any]):
        description = serializers.CharField(max_length=LONGEST_DESCRIPTION, trim_whitespace=False, help_text="YAML.")
        file = serializers.CharField(max_length=120, default="description.yaml", help_text="A name for messages.")
        check = serializers.BooleanField(default=False, help_text="Only tell what loading would tell; write nothing.")

    class DescriptionOut(serializers.Serializer[Any]):
        loaded = serializers.BooleanField()
        collections = serializers.IntegerField()
        notes = serializers.ListField(child=serializers.CharField(), help_text="What somebody should look at.")

    @extend_schema(
        operation_id="load_description",
        summary="Load a description of systems",
        request=DescriptionIn,
        responses={200: DescriptionOut} | REFUSALS,
    )
    def post(self, request: Call) -> Response:
        given = self.DescriptionIn(data=request.data)
        given.is_valid(raise_exception=True)
        done = descriptions.bring(
            [(given.validated_data["file"], given.validated_data["description"])],
            actor=actor.client(caller(request).pk),
            kind="own",
            check=given.validated_data["check"],
        )
        return Response({"loaded": done.written, "collections": done.collections, "notes": done.notes})


class ConnectionTest(APIView):
    """Tries the connection of one system."""

    scopes = {"POST": "connectors:test"}

    class TestIn(serializers.Serializer[Any]):
        system = serializers.SlugField(max_length=60, help_text="The system's key.")

    class TestOut(serializers.Serializer[Any]):
        works = serializers.BooleanField()
        sentence = serializers.CharField()

    @extend_schema(
        operation_id="test_connection",
        summary="Test a connection",
        request=TestIn,
        responses={200: TestOut} | REFUSALS,
    )
    def post(self, request: Call) -> Response:
        given = self.TestIn(data=request.data)
        given.is_valid(raise_exception=True)
        found = Connection.objects.filter(system__key=given.validated_data["system"]).first()
        if found is None:
            raise Refused(
                "There is no connection to this system. Add one on the desk.", code="no_connection", field="system"
            )
        works, sentence = checking.check(found, actor=actor.client(caller(request).pk))
        return Response({"works": works, "sentence": sentence})


class Plans(APIView):
    """Explains which collections a search would visit and what an erasure would do there; searches nothing."""

    scopes = {"POST": "inventory:read"}

    class PlanIn(serializers.Serializer[Any]):
        identifiers = serializers.ListField(
            child=serializers.CharField(max_length=40), min_length=1, max_length=50, help_text="Kinds: email ..."
        )
        categories = serializers.ListField(child=serializers.CharField(max_length=80), default=list, max_length=100)

    @extend_schema(
        operation_id="explain_plan",
        summary="Explain a plan",
        request=PlanIn,
        responses={200: OpenApiTypes.OBJECT} | REFUSALS,
    )
    def post(self, request: Call) -> Response:
        given = self.PlanIn(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(
            headless.explain(given.validated_data["identifiers"], categories=given.validated_data["categories"])
        )


class Requests(APIView):
    """Enters a rights request for a person, who is told and, where it is needed, asked for proof by mail."""

    scopes = {"POST": "requests:write"}

    class RequestIn(serializers.Serializer[Any]):
        right = serializers.CharField(max_length=30)
        email = serializers.CharField(max_length=254)
        name = serializers.CharField(max_length=200, default="", allow_blank=True)
        residence = serializers.CharField(max_length=6, help_text="ISO 3166: DE, US-CA.")
        details = serializers.CharField(max_length=4000, default="", allow_blank=True)
        changes = serializers.DictField(child=serializers.CharField(max_length=500), default=dict)
        identifiers = serializers.DictField(child=serializers.CharField(max_length=254), default=dict)
        categories = serializers.ListField(child=serializers.CharField(max_length=80), default=list, max_length=100)
        received_at = serializers.DateTimeField(required=False)

    class RequestOut(serializers.Serializer[Any]):
        reference = serializers.CharField()
        state = serializers.CharField()
        due_at = serializers.DateTimeField(allow_null=True)

    @extend_schema(
        operation_id="enter_request",
        summary="Enter a request",
        request=RequestIn,
        responses={201: RequestOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Call) -> Response:
        given = self.RequestIn(data=request.data)
        given.is_valid(raise_exception=True)
        client, key = caller(request), once.key(request.headers)
        values = {**given.validated_data, "categories": tuple(given.validated_data["categories"])}
        nonce = hashlib.sha256(f"api {client.pk} {key}".encode()).hexdigest()
        submission = intake.Submission(**values, channel=Request.Channel.API, nonce=nonce)
        stored = intake.submit(submission, now=timezone.now(), actor=actor.client(client.pk))
        return Response(self.RequestOut(stored).data, status=status.HTTP_201_CREATED)


class Outcomes(APIView):
    """Where a request stands and what became of it, counted, without any value of anybody's."""

    scopes = {"GET": "requests:read"}

    @extend_schema(
        operation_id="read_outcome",
        summary="Read the outcome of a request",
        responses={200: OpenApiTypes.OBJECT} | REFUSALS,
    )
    def get(self, request: Call, reference: str) -> Response:
        found = Request.objects.select_related("batch").filter(reference=reference).first()
        if found is None:
            raise Refused("There is no request with this reference.", code="unknown_request", field="reference")
        return Response(headless.outcome(found))


urlpatterns = [
    path("descriptions/", Descriptions.as_view(), name="descriptions"),
    path("connections/test/", ConnectionTest.as_view(), name="test-connection"),
    path("plans/", Plans.as_view(), name="plans"),
    path("requests/", Requests.as_view(), name="requests"),
    path("requests/bulk/", bulk_api.Bulk.as_view(), name="bulk"),
    path("requests/bulk/<uuid:pk>/", bulk_api.BulkOutcome.as_view(), name="bulk-outcome"),
    path("requests/<str:reference>/", Outcomes.as_view(), name="outcome"),
]
