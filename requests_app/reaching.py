"""What requests tell about how a person is reached: the language of their newest request, and where they live."""

from uuid import UUID

from consent.knowing import Known, reader
from requests_app.models import Request


@reader
def of_requests(ids: list[UUID]) -> dict[UUID, Known]:
    """Language and place of these people, by their newest request. One query."""
    rows = Request.objects.filter(subject__in=ids).order_by("received_at")
    return {
        subject: Known(language, "" if place == "ZZ" else place)
        for subject, language, place in rows.values_list("subject", "language", "residence")
    }
