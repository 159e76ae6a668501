"""The API of choices. A person is named in the body, never in an address: addresses end up in logs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import actor as actors
from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, Person, caller
from audit.models import ApiClient
from audit.refusal import Refused
from consent import choices, doubly, reading
from consent.choices import How
from consent.models import Choice
from subjects import registry


class ChoiceOut(serializers.ModelSerializer[Choice]):
    """One choice as it stands on record."""

    purpose = serializers.SlugField(source="purpose.key")
    notice = serializers.IntegerField(source="notice.number", allow_null=True, default=None)

    class Meta:
        model = Choice
        fields = (
            "id", "purpose", "granted", "act", "source", "notice", "language", "region", "chosen_at", "recorded_at",
            "expires_at",
        )  # fmt: skip


class PendingOut(serializers.Serializer[Any]):
    """A Yes that counts only once the person has pressed the link that we mail."""

    pending = serializers.UUIDField(source="pk")
    purpose = serializers.SlugField(source="purpose.key")
    reason = serializers.CharField(default="awaiting_confirmation")
    ends_at = serializers.DateTimeField()


class _Recording(APIView):
    """Records one choice; repeated with the same key, it answers with the same row."""

    scopes = {"POST": "consent:write"}

    def record(self, request: Request, given: dict[str, Any], granted: bool) -> Response:
        kind, value, key = given["identifier"]["kind"], given["identifier"]["value"], once.key(request.headers)
        how, client = _how(given, granted, caller(request)), caller(request)
        if granted and not given.get("confirmed"):
            purpose = choices.named(given["purpose"])
            if doubly.needed(purpose):
                pending = doubly.ask_for(kind, value, purpose, client=client, idempotency_key=key, how=how)
                return Response(PendingOut(pending).data, status=status.HTTP_202_ACCEPTED)
        choice = choices.record_for(
            kind, value, given["purpose"], granted, client=client, idempotency_key=key, chosen_at=given.get("chosen_at"),
            how=how,
        )  # fmt: skip
        return Response(ChoiceOut(choice).data, status=status.HTTP_201_CREATED)


def _how(given: dict[str, Any], granted: bool, client: ApiClient) -> How:
    """The circumstances that a call names. A guardian is a person of their own, made where nobody knows them."""
    if granted and given.get("signal"):
        raise Refused("A browser's signal is a No.", code="signal_is_no", field="signal")
    guardian = given.get("guardian")
    return How(
        words=given.get("words", ""), language=given.get("language", ""), region=given.get("region", "").upper(),
        act=Choice.Act.SIGNAL if given.get("signal") else "", expires_at=given.get("expires_at"),
        evidence={"confirmed_by": "caller"} if given.get("confirmed") else {},
        guardian=registry.find_or_make(**guardian, actor=actors.client(client.pk)) if guardian else None,
    )  # fmt: skip


class ChoiceIn(serializers.Serializer[Any]):
    """A choice, and how it was made."""

    identifier = Person()
    purpose = serializers.SlugField(max_length=60, help_text="The purpose's key.")
    granted = serializers.BooleanField(help_text="true: yes, false: no.")
    chosen_at = serializers.DateTimeField(required=False, help_text="When the person chose; now if left out.")
    expires_at = serializers.DateTimeField(
        required=False, help_text="When a Yes ends; by the purpose's terms if left out."
    )
    words = serializers.CharField(
        max_length=reading.LONGEST_WORDS, required=False, help_text="The very words that the person saw."
    )
    language = serializers.RegexField(reading.LANGUAGE, max_length=12, required=False, help_text="de, pt-BR ...")
    region = serializers.RegexField(reading.REGION, max_length=6, required=False, help_text="DE, US-CA ...")
    signal = serializers.BooleanField(required=False, help_text="A No that a browser's signal said (GPC).")
    confirmed = serializers.BooleanField(
        required=False, help_text="You had this Yes confirmed by a link yourself; else we mail one where it is needed."
    )
    guardian = Person(required=False, help_text="Who chose for somebody who may not choose alone.")


class Choices(_Recording):
    """A person's yes or no to one purpose."""

    @extend_schema(
        operation_id="record_choice",
        summary="Record a choice",
        request=ChoiceIn,
        responses={201: ChoiceOut, 202: PendingOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        given = ChoiceIn(data=request.data)
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
