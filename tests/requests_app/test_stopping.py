"""Every channel on file hears of a request and can stop it; a stopped one goes nowhere until a colleague clears it."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from audit import actor as actors
from audit.refusal import Refused
from connectors.models import Connection
from requests_app import policy, proof, review, workflow
from requests_app.models import Letter, Parcel, PersonSession, Request
from requests_app.proving import stopping
from subjects import registry
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump

OLD = "ada.old@example.com"


@pytest.fixture
def ada(company):
    """Ada, whose old address was proved once."""
    subject = registry.find_or_make("email", "ada@example.org", actor=actors.worker("tests"))
    row = registry.add(subject, "email", OLD, actor=actors.worker("tests"))
    registry.prove(row, at=datetime.now(UTC), actor=actors.worker("tests"))
    return subject


def stop_token(kind: str = "opened", to: str = OLD) -> str:
    letters = [one for one in Letter.objects.filter(kind=kind).order_by("-queued_at") if one.identifier.value == to]
    return re.search(r"/stop/([\w-]+)/", letters[0].body)[1]


def now() -> datetime:
    return datetime.now(UTC)


def test_every_other_channel_on_file_is_told_and_the_asking_one_is_not(ada):
    request = ask("access")
    assert [one.identifier.value for one in request.letters.filter(kind="opened")] == [OLD]


def test_what_is_only_claimed_is_no_channel(ada):
    registry.add(ada, "email", "mallory@example.net", claimed=True, actor=actors.worker("tests"))
    registry.add(ada, "email", "unproved@example.net", actor=actors.worker("tests"))
    assert ask("delete").letters.filter(kind="opened").count() == 1


def test_an_opt_out_tells_nobody(ada):
    assert not ask("opt_out_sale").letters.filter(kind="opened").exists()


def test_a_stop_before_the_proof_holds_the_request_whatever_is_proved_later(ada):
    request = ask("access")
    assert stopping.works(stop_token(), now()) and stopping.stop(stop_token(), now=now()) == 1
    prove(request)
    pump()
    request.refresh_from_db()
    assert request.state in ("received", "verifying") and request.proved_at is not None and request.batch is None
    assert "did not ask for this" in request.attention


def test_a_stop_ends_every_session_and_calls_off_what_was_approved(ada, rita, paul):
    request = ask("delete")
    cookie = prove(request).cookie
    pump()
    request.refresh_from_db()
    mark = builders.reads.case(request.pk).fingerprint
    review.propose(request, by=rita, fingerprint=mark)
    review.approve(request, by=paul, fingerprint=mark)
    stopping.stop(stop_token("erasing"), now=now())
    pump()
    request.refresh_from_db()
    assert request.state == "delivering" and builders.rows(company_path(), "SELECT count(*) FROM people") == [(2,)]
    assert proof.session(cookie, now=now()) is None and PersonSession.objects.count() == 0


def company_path() -> str:
    return Connection.objects.get().address.removeprefix("sqlite:///")


def test_an_approved_erasure_tells_every_channel_before_it_begins(ada, rita, paul, settings):
    settings.ERASURE_COOLING_OFF_HOURS = 24
    request = ask("delete")
    prove(request)
    pump()
    request.refresh_from_db()
    mark = builders.reads.case(request.pk).fingerprint
    review.propose(request, by=rita, fingerprint=mark)
    review.approve(request, by=paul, fingerprint=mark)
    told = request.letters.filter(kind="erasing")
    assert sorted(one.identifier.value for one in told) == [OLD, "ada@example.org"]
    assert all("in 24 hours" in one.body for one in told)


def test_a_stopped_request_is_approved_by_nobody_until_it_is_cleared(ada, rita, paul):
    request = ask("access")
    prove(request)
    pump()
    stopping.stop(stop_token(), now=now())
    request.refresh_from_db()
    assert request.state == "in_review"
    mark = builders.reads.case(request.pk).fingerprint
    with pytest.raises(Refused) as refused:
        review.propose(request, by=paul, fingerprint=mark)
    assert refused.value.code == "stopped"
    stopping.clear(request, by=rita, reason="asked_themselves")
    pump()
    request.refresh_from_db()
    assert request.state == "in_review" and request.stopped_at is None and request.attention == ""


def test_a_stop_destroys_a_package_that_waits(ada, rita, paul):
    request = ask("access")
    prove(request)
    pump()
    request.refresh_from_db()
    review.propose(request, by=paul, fingerprint=builders.reads.case(request.pk).fingerprint)
    pump()
    assert Parcel.objects.get().state == "ready"
    stopping.stop(stop_token(), now=now())
    builders.delivery.destroy_expired(now())
    assert Parcel.objects.get().state == "expired" and Parcel.objects.get().key == ""


def test_a_stop_link_works_once_and_proves_nothing(ada):
    request = ask("access")
    token = stop_token()
    with pytest.raises(Refused):
        proof.exchange(token, now=now())
    stopping.stop(token, now=now())
    with pytest.raises(Refused):
        stopping.stop(token, now=now())
    with pytest.raises(Refused):
        stopping.stop("x" * 43, now=now())
    request.refresh_from_db()
    assert request.proved_at is None


def test_a_proof_link_stops_nothing(ada):
    request = ask("access")
    token = builders.link_in(request.letters.get(kind="acknowledgement").body)
    assert not stopping.works(token, now())
    with pytest.raises(Refused):
        stopping.stop(token, now=now())


def test_a_stop_link_dies(ada):
    ask("access")
    late = now() + timedelta(days=policy.STOP_DAYS, seconds=1)
    assert not stopping.works(stop_token(), late)
    with pytest.raises(Refused):
        stopping.stop(stop_token(), now=late)


def test_a_flood_of_forms_does_not_flood_the_other_channel_and_one_stop_holds_them_all(ada):
    many = [ask(right) for right in ("access", "delete", "access", "delete", "access")]
    assert Letter.objects.filter(kind="opened").count() == policy.STOP_LETTERS_AN_HOUR
    assert stopping.stop(stop_token(), now=now()) == len(many)
    assert Request.objects.filter(stopped_at=None).count() == 0


def test_only_a_reviewer_lets_it_go_on_and_says_how_they_made_sure(ada, rita):
    request = ask("access")
    stopping.stop(stop_token(), now=now())
    with pytest.raises(Refused) as refused:
        stopping.clear(request, by=builders.colleague("nobody"), reason="asked_themselves")
    assert refused.value.code == "not_allowed"
    with pytest.raises(Refused) as refused:
        stopping.clear(request, by=rita, reason="")
    assert refused.value.field == "reason"
    workflow.withdraw(request, actor=actors.person(request.subject_id))
