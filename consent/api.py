"""The API of choices. A person is named in the body, never in an address: addresses end up in logs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, Person, caller
from consent import choices
from consent.models import Choice
from subjects import registry


class ChoiceOut(serializers.ModelSerializer[Choice]):
    """One choice as it stands on record."""

    purpose = serializers.SlugField(source="purpose.key")
    notice = serializers.IntegerField(source="notice.number", allow_null=True, default=None)

    class Meta:
        model = Choice
        fields = ("id", "purpose", "granted", "source", "notice", "chosen_at", "recorded_at")


class _Recording(APIView):
    """Records one choice; repeated with the same key, it answers with the same row."""

    scopes = {"POST": "consent:write"}

    def record(self, request: Request, given: dict[str, Any], granted: bool) -> Response:
        choice = choices.record_for(
            given["identifier"]["kind"],
            given["identifier"]["value"],
            given["purpose"],
            granted,
            client=caller(request),
            idempotency_key=once.key(request.headers),
            chosen_at=given.get("chosen_at"),
        )
        return Response(ChoiceOut(choice).data, status=status.HTTP_201_CREATED)


class Choices(_Recording):
    """A person's yes or no to one purpose."""

    class ChoiceIn(serializers.Serializer[Any]):
        identifier = Person()
        purpose = serializers.SlugField(max_length=60, help_text="The purpose's key.")
        granted = serializers.BooleanField(help_text="true: yes, false: no.")
        chosen_at = serializers.DateTimeField(required=False, help_text="When the person chose; now if left out.")

    @extend_schema(
        operation_id="record_choice",
        summary="Record a choice",
        request=ChoiceIn,
        responses={201: ChoiceOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        given = self.ChoiceIn(data=request.data)
        given.is_valid(raise_exception=True)
        return self.record(request, given.validated_data, given.validated_data["granted"])


class Withdrawal(_Recording):
    """The same as a choice with granted=false."""

    class WithdrawalIn(serializers.Serializer[Any]):
        identifier = Person()
        purpose = serializers.SlugField(max_length=60, help_text="The purpose's key.")
        chosen_at = serializers.DateTimeField(required=False, help_text="When the person chose; now if left out.")

    @extend_schema(
        operation_id="withdraw_choice",
        summary="Withdraw consent, or object",
        request=WithdrawalIn,
        responses={201: ChoiceOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        given = self.WithdrawalIn(data=request.data)
        given.is_valid(raise_exception=True)
        return self.record(request, given.validated_data, False)


class Current(APIView):
    """What one person has chosen, newest choice per purpose. The same shape for a person whom nobody knows."""

    scopes = {"POST": "consent:read"}

    class CurrentIn(serializers.Serializer[Any]):
        identifier = Person()

    class CurrentOut(serializers.Serializer[Any]):
        choices = ChoiceOut(many=True)

    @extend_schema(
        operation_id="read_current_choices",
        summary="Read a person's current choices",
        description="Reads by POST so that the identifier stands in the body and in no log of addresses.",
        request=CurrentIn,
        responses={200: CurrentOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        given = self.CurrentIn(data=request.data)
        given.is_valid(raise_exception=True)
        person = given.validated_data["identifier"]
        subject = registry.known(person["kind"], person["value"])
        found = choices.current(subject) if subject else {}
        return Response(self.CurrentOut({"choices": [found[key] for key in sorted(found)]}).data)
