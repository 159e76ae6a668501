"""What every call of our API has in common: how a person is named, the idempotency key, how a refusal reads."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request

from audit import once
from audit.models import ApiClient

# Names of kinds as in subjects.identifiers; a name is none of them: two people share it.
KINDS = ("email", "account_id", "phone")


class Person(serializers.Serializer[Any]):
    """A person, by something that identifies them alone."""

    kind = serializers.ChoiceField(choices=KINDS)
    value = serializers.CharField(max_length=254)


def caller(request: Request) -> ApiClient:
    """The API client that calls; the roof's authentication has put it there before a view is asked."""
    client: ApiClient = request.user.client  # type: ignore[union-attr]
    return client


class Refusal(serializers.Serializer[Any]):
    """Why a call was not carried out: a code for programs, a sentence for people."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False, help_text="The input at fault, if one is.")
    fields = serializers.DictField(  # type: ignore[assignment]  # a name that the base class has for another thing
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="For malformed input: sentences by field.",
    )


IDEMPOTENCY_KEY = OpenApiParameter(
    once.HEADER,
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="A value of your own, for example a UUID. A repeat with the same one gets the same answer.",
)
REFUSALS: dict[int, Any] = {
    400: OpenApiResponse(Refusal, description="Malformed, or the idempotency key is missing."),
    401: OpenApiResponse(Refusal, description="No API key, or an unknown one."),
    403: OpenApiResponse(Refusal, description="The API key lacks the scope."),
    409: OpenApiResponse(Refusal, description="The idempotency key was used for another call."),
    422: OpenApiResponse(Refusal, description="Understood, but refused; the message says why."),
    429: OpenApiResponse(Refusal, description="Too many calls; see Retry-After."),
}
