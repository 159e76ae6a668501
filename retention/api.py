"""The API for importers: was this person erased? People are named in the body: addresses end up in logs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.api import REFUSALS, Person
from retention import erased


class Asked(Person):
    """A person, and the date of the row that an import would bring, if it has one."""

    on = serializers.DateField(
        required=False, help_text="The date of the row: what a schedule erased tells nothing against a later one."
    )


class Rows(serializers.Serializer[Any]):
    """What a schedule erased of somebody: rows of one collection, dated before a day."""

    collection = serializers.CharField()
    before = serializers.DateField()


class WereErased(APIView):
    """Up to a thousand people, in the order asked for."""

    scopes = {"POST": "retention:read"}

    class AskedIn(serializers.Serializer[Any]):
        people = serializers.ListField(child=Asked(), min_length=1, max_length=erased.MOST_ASKED)

    class AskedOut(serializers.Serializer[Any]):
        erased_at = serializers.ListField(
            child=serializers.DateTimeField(allow_null=True),
            help_text="For each person when they were erased; null: they were not, or came back of their own will.",
        )
        rows = serializers.ListField(
            child=Rows(allow_null=True),
            help_text="For each person what went, if a schedule erased it; null: all of them, or they were not erased.",
        )

    @extend_schema(
        operation_id="were_erased",
        summary="Were these people erased?",
        description="Ask before an import. Whoever was erased must not be brought back by it.",
        request=AskedIn,
        responses={200: AskedOut} | REFUSALS,
    )
    def post(self, request: Request) -> Response:
        form = self.AskedIn(data=request.data)
        form.is_valid(raise_exception=True)
        people = [(one["kind"], one["value"], one.get("on")) for one in form.validated_data["people"]]
        answers = erased.told(people)
        rows = [{"collection": one.place, "before": one.before} if one and one.place else None for one in answers]
        return Response(self.AskedOut({"erased_at": [one and one.erased_at for one in answers], "rows": rows}).data)
