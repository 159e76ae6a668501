"""Ada moved to London and wants to be forgotten (UK GDPR art. 17)."""

from datetime import UTC, datetime

from connectors import batches
from disclosures.models import Notice
from requests_app import proof, review
from requests_app.models import Request
from tests.requests_app.builders import ask, link_in, mails_to, pump, rows


def test_ada_is_deleted_where_the_law_allows_and_told_what_stays(company, rita, paul):
    # Ada is there before: we do not celebrate the absence of what never was.
    assert rows(company.path, "SELECT full_name FROM people WHERE id = 1") == [("Ada Lovelace",)]
    request = ask("delete", residence="GB")
    assert {law["statute"] for law in request.laws} == {"uk-gdpr"}
    pump()
    proof.exchange(link_in(mails_to("ada@example.org")[0].body), now=datetime.now(UTC))
    pump()

    # Rita proposes. Nothing happens yet, for an erasure takes two people.
    shown = batches.fingerprint(now(request).batch)
    review.propose(now(request), by=rita, fingerprint=shown)
    pump()
    assert len(rows(company.path, "SELECT * FROM people WHERE id = 1")) == 1

    # Paul approves exactly what Rita saw, and it is done.
    review.approve(now(request), by=paul, fingerprint=shown)
    pump()
    assert rows(company.path, "SELECT * FROM people WHERE id = 1") == []
    assert rows(company.path, "SELECT * FROM applications WHERE person_id = 1") == []

    # Bob's rows are what they were, and the invoice stays because the law says so.
    assert rows(company.path, "SELECT full_name FROM people") == [("Bob Babbage",)]
    assert rows(company.path, "SELECT letter FROM applications") == [("Bob's secret letter",)]
    assert rows(company.path, "SELECT amount FROM invoices WHERE person_id = 1") == [(4900,)]

    # The employer that got her application is told, and the letter says so, and what is kept, why and until when.
    assert set(Notice.objects.values_list("recipient__name", flat=True)) >= {"Mill & Sons"}
    closed = now(request)
    assert (closed.state, closed.outcome) == ("closed", "partly")
    letter = mails_to("ada@example.org")[-1].body
    assert "Applications you sent: 2 rows deleted" in letter
    assert "Invoices: 1 row kept" in letter
    assert "ten years after the invoice" in letter
    assert "Mill & Sons" in letter
    assert "If you disagree" in letter


def now(request: Request) -> Request:
    """The request as it is now."""
    return Request.objects.select_related("batch").get(pk=request.pk)
