"""The API of aggregate releases: propose one, and read its verdict. That it leaves is for people to decide."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import once
from audit.api import IDEMPOTENCY_KEY, REFUSALS, caller
from audit.refusal import Refused
from disclosures import proposing
from disclosures.models import Recipient, ReleaseProposal
from inventory.models import Collection, Dataset, Purpose

MOST_TEXT = 8 * 1024 * 1024


class VerdictOut(serializers.ModelSerializer[ReleaseProposal]):
    """Where a proposal stands: `state` is open, passed, refused, approved, declined, lapsed or parked."""

    dataset = serializers.SlugField(source="dataset.key")
    reasons = serializers.JSONField(help_text="Why the gate refused: code and words.")
    figures = serializers.JSONField(help_text="What the gate measured.")

    class Meta:
        model = ReleaseProposal
        fields = (
            "id", "title", "kind", "dataset", "state", "reasons", "figures", "rows", "digest", "park_reason", "proposed_at",
            "judged_at", "decided_at",
        )  # fmt: skip


class Proposals(APIView):
    """Propose an aggregate release. The rows come as text, or from a collection of the inventory."""

    scopes = {"POST": "releases:write"}

    class ProposalIn(serializers.Serializer[Any]):
        title = serializers.CharField(max_length=proposing.LONGEST_TITLE, help_text="No personal data.")
        kind = serializers.ChoiceField(choices=ReleaseProposal.Kind.values)
        dataset = serializers.SlugField(max_length=60)
        purpose = serializers.SlugField(max_length=60)
        recipients = serializers.ListField(child=serializers.SlugField(max_length=60), default=list, max_length=50)
        public = serializers.BooleanField(default=False)
        collection = serializers.CharField(max_length=120, default="", allow_blank=True)
        rows = serializers.CharField(
            max_length=MOST_TEXT,
            default="",
            allow_blank=True,
            trim_whitespace=False,
            help_text="CSV, or a JSON object a line.",
        )
        parameters = serializers.DictField(help_text="See docs/releases.md.")

    @extend_schema(
        operation_id="propose_release",
        summary="Propose an aggregate release",
        request=ProposalIn,
        responses={201: VerdictOut} | REFUSALS,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        form = self.ProposalIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        dataset = _one(Dataset, given["dataset"], "dataset")
        collection = None
        if given["collection"]:
            collection = Collection.objects.filter(dataset=dataset, name=given["collection"]).first()
            if collection is None:
                raise Refused("This dataset has no such collection.", code="unknown_collection", field="collection")
        found = list(Recipient.objects.filter(key__in=given["recipients"]))
        if len(found) != len(set(given["recipients"])):
            raise Refused("There is no recipient with one of these keys.", code="unknown_recipient", field="recipients")
        row = proposing.propose(
            title=given["title"], kind=given["kind"], dataset=dataset, purpose=_one(Purpose, given["purpose"], "purpose"),
            recipients=found, public=given["public"], collection=collection,
            content=[given["rows"].encode()] if given["rows"] else None, client=caller(request), asked=given["parameters"],
            idempotency_key=once.key(request.headers), call=given,
        )  # fmt: skip
        return Response(VerdictOut(row).data, status=status.HTTP_201_CREATED)


class Verdict(APIView):
    """What became of a proposal of this client."""

    scopes = {"GET": "releases:write"}

    @extend_schema(
        operation_id="read_release_verdict",
        summary="Read the verdict on a proposed release",
        responses={200: VerdictOut, 404: OpenApiTypes.OBJECT} | REFUSALS,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        row = ReleaseProposal.objects.select_related("dataset").filter(pk=pk, client=caller(request)).first()
        if row is None:
            raise Refused("There is no proposal of yours with this id.", code="unknown_release")
        return Response(VerdictOut(row).data)


def _one(model: Any, key: str, name: str) -> Any:
    row = model.objects.filter(key=key).first()
    if row is None:
        raise Refused(f"There is no {name} with this key.", code=f"unknown_{name}", field=name)
    return row
