"""Ada spends a year in California and does not want her data sold (CCPA, Cal. Civ. Code 1798.120)."""

from consent import choices
from disclosures.models import Notice
from requests_app.models import Proof, Request
from tests.requests_app.builders import ask, mails_to, pump, rows


def test_ada_opts_out_and_it_takes_effect_without_proof_and_without_waiting(company):
    request = ask("opt_out_sale", residence="US-CA", name="")
    pump()

    # Nobody asked her who she is, nobody had to look, and the company's own database knows.
    assert not Proof.objects.exists()
    closed = Request.objects.get(pk=request.pk)
    assert (closed.state, closed.outcome) == ("closed", "fulfilled")
    assert rows(company.path, "SELECT sale_allowed FROM people ORDER BY id") == [(0,), (1,)]
    assert choices.current(request.subject)["ads"].granted is False

    # Whoever buys is told, and so is she.
    assert "AdNet" in set(Notice.objects.values_list("recipient__name", flat=True))
    letters = mails_to("ada@example.org")
    assert "without any further proof" in letters[0].body
    assert "/proof/" not in letters[0].body
    assert "neither sell nor share" in letters[-1].body


def test_somebody_we_do_not_know_opts_out_just_the_same(company):
    request = ask("opt_out_sale", residence="US-CA", email="new@example.org", name="")
    pump()
    closed = Request.objects.get(pk=request.pk)
    assert (closed.state, closed.outcome) == ("closed", "fulfilled")
    assert choices.current(request.subject)["ads"].granted is False
