"""Ada lives in Berlin and wants to know what the job site holds about her (GDPR art. 15)."""

import json
import re
from datetime import UTC, datetime

from django.core import mail

from audit import actor as actors
from audit import log
from connectors import batches
from requests_app import delivery, proof, reads, review
from requests_app.models import Request
from tests.requests_app.builders import ask, link_in, mails_to, pump
from tests.requests_app.packages import Opened


def test_ada_asks_for_a_copy_of_her_data_and_gets_it(company, rita):
    # Ada fills in the form. A letter thanks her and asks her to press a button; its date is that of the law.
    request = ask("access", residence="DE")
    pump()
    thanks = mails_to("ada@example.org")[0]
    assert request.reference in thanks.subject
    assert "We answer by" in thanks.body
    assert now(request).state == "verifying"

    # She presses it. Her own systems are searched, and only hers: Bob's rows are not found.
    proof.exchange(link_in(thanks.body), now=datetime.now(UTC))
    pump()
    case = reads.case(request.pk)
    assert case.request.state == "in_review"
    assert {one.collection: one.rows for one in case.findings} == {"people": 1, "applications": 2, "invoices": 1}

    # Rita looks at what was found and lets it go out.
    review.take(request, by=rita)
    review.propose(now(request), by=rita, fingerprint=batches.fingerprint(now(request).batch))
    pump()
    assert now(request).state == "closed"
    assert now(request).outcome == "fulfilled"

    # Ada hears that the package is ready. The letter holds no data and no secret; to fetch it she shows again who she is.
    ready = mails_to("ada@example.org")[-1]
    assert "ready" in ready.subject
    assert "Lovelace" not in ready.body.replace("Hello Ada Lovelace", "")
    proof.send(request, "fresh", actor=actors.person(request.subject_id))
    pump()
    given = proof.exchange(link_in(mails_to("ada@example.org")[-1].body), now=datetime.now(UTC))
    session = proof.session(given.cookie, now=datetime.now(UTC))
    package = b"".join(delivery.stream(now(request).parcel, session, now=datetime.now(UTC)))

    # It is hers, readable, and complete.
    archive = Opened(package)
    assert "Your data at Hireline" in archive.read("index.html").decode()
    assert len(json.loads(archive.read("data/site.applications.json"))) == 2

    # The clock was met, and the log tells the whole story without a name.
    assert not request.clocks.filter(met_at=None).exists()
    assert list(log.faults()) == []
    told = [one.name for one in reads.timeline(request)]
    for event in (
        "request.received",
        "request.proved",
        "request.found",
        "request.approved",
        "parcel.built",
        "request.closed",
    ):
        assert event in told
    # Whole words: the hexadecimal digits of an id may well spell her first name.
    facts = str([one.facts for one in reads.timeline(request)]).lower()
    assert not re.search(r"\bada\b|example\.org", facts)
    assert len(mail.outbox) >= 3


def now(request: Request) -> Request:
    """The request as it is now."""
    return Request.objects.select_related("batch").get(pk=request.pk)
