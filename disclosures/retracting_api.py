"""The API by which a program takes back what it sent by mistake."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.api import REFUSALS, caller
from disclosures import retracting
from disclosures.models import Retraction


class TakeBack(APIView):
    """Take one entry back. There is no Idempotency-Key: an entry is taken back once, however often this is called."""

    scopes = {"POST": "disclosures:write"}

    class TakeBackIn(serializers.Serializer[Any]):
        disclosure = serializers.UUIDField(required=False, help_text="The entry's id; or its `key`.")
        key = serializers.CharField(
            max_length=80, required=False, help_text="The idempotency key under which this client sent the entry."
        )
        reason = serializers.ChoiceField(choices=Retraction.Reason.choices)

    class TakeBackOut(serializers.Serializer[Any]):
        disclosure = serializers.UUIDField()
        reason = serializers.CharField(help_text="Why it was taken back the first time.")
        taken_back_at = serializers.DateTimeField()
        repeated = serializers.BooleanField(help_text="It had been taken back before.")

    @extend_schema(
        operation_id="take_back_disclosure",
        summary="Take back a disclosure that was sent by mistake",
        description="The entry stays on the ledger with a mark and is left out of what people and lists read. Its idempotency"
        " key stays used: send the right one under a new key. Only the client that sent an entry may take it back.",
        request=TakeBackIn,
        responses={200: TakeBackOut} | {key: REFUSALS[key] for key in (400, 401, 403, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        form = self.TakeBackIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        row, made = retracting.take_back_own(
            caller(request), reason=given["reason"], entry_id=given.get("disclosure"), key=given.get("key", "")
        )
        told = {"disclosure": row.pk, "reason": row.reason, "taken_back_at": row.taken_back_at, "repeated": not made}
        return Response(self.TakeBackOut(told).data)
