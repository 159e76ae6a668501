"""Receipts over the API: for the company's own pages that hand them to their signed-in person."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from audit import actor as actors
from audit import log
from audit.api import REFUSALS, Person, caller
from audit.refusal import Refused
from consent.receipts import records
from subjects import registry


class Receipts(APIView):
    """A signed consent receipt of one person: of one choice, or of everything that they chose."""

    scopes = {"POST": "consent:read"}

    class ReceiptIn(serializers.Serializer[Any]):
        identifier = Person()
        choice = serializers.UUIDField(required=False, help_text="The id of one choice; left out: all of them.")

    class ReceiptOut(serializers.Serializer[Any]):
        id = serializers.CharField()
        type = serializers.CharField(help_text="dpv:ConsentReceipt")
        signature = serializers.CharField(help_text="A detached JSON Web Signature; see docs/receipts.md.")

    @extend_schema(
        operation_id="read_consent_receipt",
        summary="Fetch a consent receipt",
        description="JSON-LD on terms of the W3C Data Privacy Vocabulary, signed. By POST: no identifier in an address.",
        request=ReceiptIn,
        responses={200: ReceiptOut} | REFUSALS,
    )
    def post(self, request: Request) -> HttpResponse:
        given = self.ReceiptIn(data=request.data)
        given.is_valid(raise_exception=True)
        person = given.validated_data["identifier"]
        subject = registry.known(person["kind"], person["value"])
        chosen = records.of_holder(subject.pk, given.validated_data.get("choice")) if subject else []
        if not chosen or subject is None:
            raise Refused("There is no such choice of this person.", code="no_choice")
        made = records.receipt(chosen)
        with log.atomic():
            actor = actors.client(caller(request).pk)
            log.record("receipt.fetched", actor=actor, noun=chosen[0], subject_id=subject.pk, choices=len(chosen))
        return HttpResponse(records.pretty(made), content_type=records.MEDIA)
