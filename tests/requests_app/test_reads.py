from audit import assurance
from connectors import batches
from requests_app import reads, review
from requests_app.models import Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump


def test_the_case_page_takes_a_fixed_number_of_queries(company, rita, django_assert_max_num_queries):
    request = ask("delete")
    prove(request)
    pump()
    for _ in range(3):
        review.note(request, by=rita, text="Note")
    with django_assert_max_num_queries(16):
        case = reads.case(request.pk)
    assert [one.collection for one in case.findings]
    assert case.fingerprint == batches.fingerprint(Request.objects.get(pk=request.pk).batch)
    assert case.plan.second_person
    assert next(one.name for one in case.timeline) == "request.received"


def test_a_person_sees_no_internals(company, rita):
    request = ask("delete")
    prove(request)
    pump()
    review.propose(request, by=rita, fingerprint=batches.fingerprint(Request.objects.get(pk=request.pk).batch))
    seen = {one.name for one in reads.timeline(request, for_person=True)}
    assert "request.received" in seen
    assert "request.proposed" not in seen


def test_the_sweep_finds_what_can_move_and_nothing_else(company):
    proved, waiting = ask("access"), ask("access", email="bob@example.org")
    pump()
    assert reads.can_move(builders.NOW) == []
    prove(proved)
    pump()
    assert reads.can_move(builders.NOW) == []
    waiting.refresh_from_db()
    assert waiting.state == "verifying"


def test_our_assurance_checks_hold_in_a_sound_house_and_see_an_unsound_one(company):
    ask("access")
    ask("opt_out_sale", email="bob@example.org")
    pump()
    ours = [one for one in assurance.checks() if one.key.startswith("requests.")]
    assert {one.promise for one in ours} >= {"P11", "P17"}
    assert all(one.run().ok for one in ours)
    Request.objects.first().clocks.all().delete()
    assert not next(one for one in ours if one.key == "requests.clocked").run().ok
