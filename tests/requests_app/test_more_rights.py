"""The rights beside copy, deletion, correction and sale: each does what it says, when it may, and says so in its letter."""

import pytest

from connectors import batches
from consent import choices
from disclosures.models import Notice
from inventory.models import Field, Purpose
from requests_app import review
from requests_app.models import Parcel, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, mails_to, prove, pump

ADA = "ada@example.org"
SOLD = "SELECT sale_allowed FROM people WHERE id = 1"


def fresh(request: Request) -> Request:
    return Request.objects.select_related("batch", "subject").get(pk=request.pk)


def refused(request: Request) -> set[str]:
    """The purposes that the person says No to by now."""
    return {key for key, one in choices.current(fresh(request).subject).items() if not one.granted}


@pytest.fixture
def purposes(company):
    Purpose.objects.create(key="tips", name="Tips", description="By mail.", lawful_basis="consent")
    Purpose.objects.create(key="scores", name="Scores", description="To sort.", lawful_basis="legitimate_interests")


@pytest.mark.parametrize(
    ("right", "purposes_refused"),
    [
        ("opt_out_sale", {"ads"}),
        ("opt_out_targeted_ads", {"ads"}),
        ("opt_out_profiling", {"scores"}),
        ("limit_sensitive", set()),
        ("withdraw_consent", {"ads", "tips"}),
    ],
)
def test_what_needs_no_proof_stops_at_once_what_it_is_about(company, purposes, right, purposes_refused):
    request = ask(right, residence="US-CA")
    pump()
    assert fresh(request).outcome == "fulfilled" and refused(request) == purposes_refused
    assert builders.rows(company.path, SOLD) == [(0,)]
    last = mails_to(ADA)[-1]
    assert request.reference in last.subject
    assert ("not for sale" in last.body) == (right == "opt_out_sale"), "no letter speaks of what was not asked"


def test_it_holds_where_no_system_knows_the_person(company, purposes):
    request = ask("withdraw_consent", email="nobody@example.com")
    pump()
    assert fresh(request).outcome == "fulfilled" and refused(request) == {"ads", "tips"}


def approve(request: Request, by) -> None:
    prove(request)
    pump()
    shown = batches.fingerprint(fresh(request).batch)
    review.propose(fresh(request), by=by, fingerprint=shown)
    pump()


def test_an_objection_holds_once_a_colleague_has_weighed_it(company, purposes, rita):
    request = ask("object")
    prove(request)
    pump()
    assert fresh(request).state == "in_review" and refused(request) == set()
    assert builders.rows(company.path, SOLD) == [(1,)]
    review.propose(fresh(request), by=rita, fingerprint=batches.fingerprint(fresh(request).batch))
    pump()
    assert fresh(request).outcome == "fulfilled" and refused(request) == {"scores"}
    assert builders.rows(company.path, SOLD) == [(0,)]
    assert "follow your objection" in mails_to(ADA)[-1].subject


def test_a_restriction_marks_the_rows_and_erases_nothing(company, rita):
    Field.objects.filter(name="sale_allowed").update(suppress=None, restrict={"value": 7})
    before = builders.rows(company.path, "SELECT count(*) FROM applications")
    request = ask("restrict")
    approve(request, rita)
    assert fresh(request).outcome == "fulfilled" and builders.rows(company.path, SOLD) == [(7,)]
    assert builders.rows(company.path, "SELECT count(*) FROM applications") == before
    assert "until the matter is settled" in mails_to(ADA)[-1].body
    told = Notice.objects.filter(origin=request.reference).order_by("recipient__key")
    assert [(one.kind, one.recipient.key, one.state) for one in told] == [
        ("restriction", "adnet", "sent"),
        ("restriction", "employer", "sent"),
    ]
    assert "use it for nothing until we write again" in " ".join(mails_to("privacy@adnet.example")[0].body.split())


@pytest.mark.parametrize("right", ["portability", "third_party_list"])
def test_a_portable_copy_and_the_recipients_come_in_the_package(company, rita, right):
    request = ask(right)
    approve(request, rita)
    assert fresh(request).outcome == "fulfilled" and Parcel.objects.get(request=request).state == "ready"
    assert "ready to be fetched" in mails_to(ADA)[-1].subject
