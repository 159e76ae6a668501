"""The API of the ledger. A person is named in the body, never in an address: addresses end up in logs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, Person, caller
from disclosures import ledger
from disclosures.models import Disclosure


class Disclosures(APIView):
    """A person's data went to a recipient."""

    scopes = {"POST": "disclosures:write"}

    class DisclosureIn(serializers.Serializer[Any]):
        identifier = Person()
        recipient = serializers.SlugField(max_length=60, help_text="The recipient's key.")
        categories = serializers.ListField(
            child=serializers.CharField(max_length=80),
            min_length=1,
            max_length=100,
            help_text="Keys of data categories.",
        )
        purpose = serializers.SlugField(max_length=60, required=False, allow_blank=True, default="")
        occasion = serializers.CharField(
            max_length=ledger.LONGEST_OCCASION,
            required=False,
            allow_blank=True,
            default="",
            help_text="No personal data.",
        )
        disclosed_at = serializers.DateTimeField()

    class DisclosureOut(serializers.ModelSerializer[Disclosure]):
        recipient = serializers.SlugField(source="recipient.key")
        purpose = serializers.SlugField(source="purpose.key", allow_null=True, default=None)
        categories = serializers.ListField(child=serializers.CharField())

        class Meta:
            model = Disclosure
            fields = ("id", "recipient", "purpose", "categories", "occasion", "disclosed_at")

    @extend_schema(
        operation_id="record_disclosure",
        summary="Record a disclosure",
        request=DisclosureIn,
        responses={201: DisclosureOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        form = self.DisclosureIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        entry = ledger.record_for(
            given["identifier"]["kind"],
            given["identifier"]["value"],
            given["recipient"],
            categories=given["categories"],
            purpose_key=given["purpose"],
            occasion=given["occasion"],
            disclosed_at=given["disclosed_at"],
            client=caller(request),
            idempotency_key=once.key(request.headers),
        )
        return Response(self.DisclosureOut(entry).data, status=status.HTTP_201_CREATED)
