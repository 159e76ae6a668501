"""Ada married, and her name is King now (GDPR art. 16)."""

from datetime import UTC, datetime

from connectors import batches
from requests_app import proof, review
from requests_app.models import Request
from tests.requests_app.builders import ask, link_in, mails_to, pump, rows


def test_ada_has_her_name_corrected_everywhere_and_only_hers(company, rita):
    request = ask("correct", changes={"full_name": "Ada King"})
    pump()
    # What she typed does not travel by mail, for a stranger could have typed it.
    first = mails_to("ada@example.org")[0].body
    assert "King" not in first

    proof.exchange(link_in(first), now=datetime.now(UTC))
    pump()
    review.propose(now(request), by=rita, fingerprint=batches.fingerprint(now(request).batch))
    pump()
    assert rows(company.path, "SELECT full_name FROM people ORDER BY id") == [("Ada King",), ("Bob Babbage",)]

    closed = now(request)
    assert (closed.state, closed.outcome) == ("closed", "fulfilled")
    letter = mails_to("ada@example.org")[-1]
    assert "corrected" in letter.subject
    assert "Your account: 1 row corrected" in letter.body
    assert "AdNet" in letter.body


def now(request: Request) -> Request:
    """The request as it is now."""
    return Request.objects.select_related("batch").get(pk=request.pk)
