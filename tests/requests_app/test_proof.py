from datetime import UTC, datetime, timedelta

import pytest

from audit import actor as actors
from audit.refusal import Refused
from requests_app import proof, reads, workflow
from requests_app.models import Letter, PersonSession, Proof, Request
from subjects import registry
from tests.requests_app.builders import ask, link_in, prove, pump


def token_of(request: Request) -> str:
    return link_in(request.letters.get(kind="acknowledgement").body)


def test_a_link_works_once(company):
    request = ask("access")
    token, now = token_of(request), datetime.now(UTC)
    given = proof.exchange(token, now=now)
    assert given.request.pk == request.pk
    assert given.request.proved_at == now
    assert proof.session(given.cookie, now=now).subject_id == request.subject_id
    with pytest.raises(Refused) as refused:
        proof.exchange(token, now=now)
    assert refused.value.code == "link_used"


def test_a_link_dies_on_time(company, settings):
    request = ask("access")
    late = datetime.now(UTC) + timedelta(minutes=settings.PROOF_LINK_MINUTES, seconds=1)
    with pytest.raises(Refused) as refused:
        proof.exchange(token_of(request), now=late)
    assert refused.value.code == "link_expired"
    request.refresh_from_db()
    assert request.proved_at is None


def test_a_made_up_link_is_refused(company):
    with pytest.raises(Refused) as refused:
        proof.exchange("x" * 43, now=datetime.now(UTC))
    assert refused.value.code == "link_unknown"


def test_tokens_and_cookies_are_kept_as_hashes_only(company):
    request = ask("access")
    token = token_of(request)
    given = proof.exchange(token, now=datetime.now(UTC))
    assert token not in str(list(Proof.objects.values()))
    assert given.cookie not in str(list(PersonSession.objects.values()))


def test_a_session_sees_one_persons_requests_only(company):
    ada, bob = ask("access"), ask("access", email="bob@example.org")
    now = datetime.now(UTC)
    session = proof.session(prove(ada).cookie, now=now)
    assert reads.for_person(session, ada.pk) == ada
    assert reads.for_person(session, bob.pk) is None


def test_a_session_ends_after_twelve_hours_and_by_signing_out(company):
    given = prove(ask("access"))
    now = datetime.now(UTC)
    assert proof.session(given.cookie, now=now + timedelta(hours=12, seconds=1)) is None
    proof.sign_out(proof.session(given.cookie, now=now))
    assert proof.session(given.cookie, now=now) is None
    assert proof.session(None, now=now) is None


def test_signing_in_answers_alike_and_mails_only_whom_we_know(company):
    ask("access")
    pump()
    now = datetime.now(UTC)
    assert proof.sign_in("nobody@example.org", now=now) is None
    assert proof.sign_in("ada@example.org", now=now) is None
    assert [one.kind for one in Letter.objects.exclude(kind="acknowledgement")] == ["sign_in"]


def test_signing_in_does_not_confirm_what_somebody_else_asked_in_my_name(company):
    request = ask("delete")
    pump()
    now = datetime.now(UTC)
    proof.sign_in("ada@example.org", now=now)
    proof.exchange(link_in(Letter.objects.get(kind="sign_in").body), now=now)
    pump()
    request.refresh_from_db()
    assert request.state == "verifying"
    assert request.proved_at is None


def test_a_fresh_link_opens_downloads_for_a_quarter_of_an_hour(company, settings):
    request = ask("access")
    prove(request)
    now = datetime.now(UTC)
    proof.send(request, "fresh", actor=actors.person(request.subject_id), now=now)
    given = proof.exchange(link_in(request.letters.get(kind="fresh").body), now=now)
    session = proof.session(given.cookie, now=now)
    assert session.fresh_until == now + timedelta(minutes=settings.FRESH_PROOF_MINUTES)


def test_a_letter_with_a_dead_link_is_dropped_not_sent(company, settings):
    request = ask("access")
    pump()
    long_ago = datetime.now(UTC) - timedelta(minutes=settings.PROOF_LINK_MINUTES + 1)
    proof.send(request, "open", actor=actors.person(request.subject_id), now=long_ago)
    pump()
    assert request.letters.get(kind="open").state == "dropped"


def test_what_nobody_proves_is_closed_in_words_and_opens_again_with_a_late_proof(company, settings):
    then = datetime.now(UTC) - timedelta(days=settings.UNPROVED_DAYS + 1)
    request = ask("access", now=then)
    Proof.objects.update(created_at=then)
    workflow.advance(request.pk)
    assert workflow.close_unproved(datetime.now(UTC)) == 1
    request.refresh_from_db()
    assert (request.state, request.outcome) == ("closed", "unverified")
    proof.send(request, "open", actor=actors.person(request.subject_id))
    prove(request)
    request.refresh_from_db()
    assert request.state in ("collecting", "in_review")
    assert request.outcome == ""
    assert request.closed_at is None
    assert request.due_at > datetime.now(UTC)
    assert request.letters.filter(kind="unverified").exists()


def test_a_request_with_a_recent_link_is_not_closed_under_the_persons_hands(company, settings):
    request = ask("access", now=datetime.now(UTC) - timedelta(days=settings.UNPROVED_DAYS + 1))
    workflow.advance(request.pk)
    assert workflow.close_unproved(datetime.now(UTC)) == 0


def test_the_search_uses_no_address_that_was_not_proved(company):
    request = ask("access")
    registry.add(request.subject, "email", "bob@example.org", actor=actors.worker("tests"))
    prove(request)
    pump()
    request.refresh_from_db()
    assert request.batch.identities == {"email": ["ada@example.org"]}
    assert sum(one.rows for one in request.batch.findings.filter(collection="people")) == 1


def test_an_opt_out_counts_for_every_address_that_we_know_of_a_person(company):
    request = ask("opt_out_sale")
    registry.add(request.subject, "email", "ada.second@example.org", actor=actors.worker("tests"))
    workflow.advance(request.pk)
    request.refresh_from_db()
    assert request.batch.identities == {"email": ["ada@example.org", "ada.second@example.org"]}
