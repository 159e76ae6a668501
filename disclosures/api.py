"""The API of the ledger, and of recipients' answers. A person is named in the body, never in an address: addresses end up in
logs.
"""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, Person, caller
from disclosures import acknowledging, hooking, ledger
from disclosures.models import Disclosure, Notice


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


class Confirmations(APIView):
    """A recipient answers a notice that came to it by webhook: signed with the same secret, as Standard Webhooks has it.

    There is no API key: the signature says who calls. A notice that is not there, one of another recipient and a signature that
    does not fit are answered alike.
    """

    authentication_classes = ()
    permission_classes = ()
    scopes: dict[str, str] = {}

    class ConfirmationIn(serializers.Serializer[Any]):
        notice = serializers.UUIDField(help_text="The `webhook-id` of our message.")
        answer = serializers.ChoiceField(choices=Notice.Answer.choices, default=Notice.Answer.DONE)
        words = serializers.CharField(
            max_length=acknowledging.LONGEST_WORDS, required=False, allow_blank=True, default="",
            help_text="Why, where the answer is `cannot`. No personal data.",
        )  # fmt: skip

    class ConfirmationOut(serializers.ModelSerializer[Notice]):
        class Meta:
            model = Notice
            fields = ("id", "state", "answer", "acknowledged_at")

    def get_authenticate_header(self, request: Request) -> str:
        """What makes the answer to a wrong signature a 401."""
        return "Signature"

    @extend_schema(
        operation_id="confirm_notice",
        summary="Answer a notice (for recipients, signed)",
        request=ConfirmationIn,
        responses={200: ConfirmationOut} | {key: REFUSALS[key] for key in (400, 401, 422, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        body = request._request.body
        form = self.ConfirmationIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        sent = {key.lower(): value for key, value in request.headers.items()}
        notice = hooking.answered(given["notice"], sent, body, timezone.now())
        if notice is None:
            raise AuthenticationFailed("The signature does not fit.")
        acknowledging.settle(
            notice, given["answer"], words=given["words"], actor=acknowledging.RECIPIENT, now=timezone.now()
        )
        notice.refresh_from_db()
        return Response(self.ConfirmationOut(notice).data)
