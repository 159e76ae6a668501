"""Counts of legal demands: exact in the house, in ranges where the law wants them, and off unless the company says so."""

from datetime import date

import pytest
from django.utils import timezone

from disclosures.demands import moving, transparency
from disclosures.demands.transparency import Period
from disclosures.models import DemandPerson, LegalDemand
from tests.disclosures import legal
from tests.disclosures.builders import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(settings, tmp_path):
    settings.DEMAND_DIR = tmp_path / "demands"
    return legal.team()


def came(demand: LegalDemand, day: date) -> None:
    """It arrived on another day."""
    moment = timezone.now().replace(year=day.year, month=day.month, day=day.day, hour=11)
    LegalDemand.objects.filter(pk=demand.pk).update(received_at=moment)


@pytest.mark.parametrize(("number", "words"), [(0, "0-249"), (249, "0-249"), (250, "250-499"), (1000, "1000-1249")])
def test_a_band_begins_where_the_statute_says(number: int, words: str):
    assert transparency.band(number) == words


def test_outcomes_countries_and_people_are_counted_once(two):
    paula, lena = two
    day = date(2025, 3, 3)
    whole = legal.disclosed(paula, lena, notify="never", never="knows")
    DemandPerson.objects.create(demand=whole, subject=person("bob@example.org"))
    turned = legal.registered(paula, "subpoena")
    moving.refuse(turned, ground="nothing_held", by=lena)
    still = legal.registered(paula)
    for one in (whole, turned, still):
        came(one, day)
    came(legal.registered(paula), date(2025, 7, 1))
    report = transparency.read(Period(2025, 1))
    lines = {(one.kind, one.country): one for one in report.lines}
    order = lines["court_order", "DE"]
    assert (order.received, order.part, order.full, order.open, order.people) == (2, 1, 0, 1, 2)
    assert lines["subpoena", "DE"].nothing == 1 and lines["subpoena", "DE"].people == 0
    assert sum(one.received for one in transparency.read(Period(2025)).lines) == 4


def test_national_security_process_is_published_in_ranges_and_that_of_other_countries_not_at_all(two):
    paula, _ = two
    for country in ("US", "FR"):
        came(legal.registered(paula, "national_security", country=country), date(2025, 3, 3))
    exact = transparency.read(Period(2025, 1))
    assert len(exact.lines) == 2
    shown, bands = transparency.published(exact), transparency.bands(exact)
    assert not shown.lines and (bands.demands, bands.people) == ("0-249", "0-249")
    text = transparency.as_csv(shown, bands)
    assert "0-249" in text and ",FR," not in text
    assert transparency.bands(transparency.read(Period(2025))).demands == "-", "one structure of the section only"
    empty = transparency.bands(transparency.read(Period(2024, 2)))
    assert empty.demands == "0-249", "a missing line would tell as well"


def test_the_page_is_off_unless_the_company_wants_it_and_shows_finished_periods_only(two, client, settings):
    assert client.get("/transparency/").status_code == 404
    settings.TRANSPARENCY_PAGE = True
    paula, _ = two
    came(legal.registered(paula), date(2025, 3, 3))
    came(legal.registered(paula, "national_security", country="FR"), date(2025, 3, 3))
    page = client.get("/transparency/", {"period": "2025-1"})
    text = page.content.decode()
    assert page.status_code == 200 and "Court orders, DE" in text and ", FR" not in text and "0-249" in text
    sheet = client.get("/transparency/", {"period": "2025-1", "as": "csv"}).content.decode()
    assert "2025-1,court_order,DE,1,0,0,0,0,0,1,0" in sheet and ",FR," not in sheet
    today = timezone.localdate()
    for period in (str(today.year), "2199", "x", "2025-3"):
        assert client.get("/transparency/", {"period": period}).status_code == 404, period
    assert client.post("/transparency/").status_code == 405
    assert all(one.last < today for one in transparency.periods(today, finished=True))


def test_a_company_without_any_demand_has_a_report_of_its_last_period(client, settings):
    settings.TRANSPARENCY_PAGE = True
    assert "No such demand came" in client.get("/transparency/").content.decode()


def test_the_report_costs_the_same_however_many_demands_there_are(two, django_assert_num_queries):
    paula, _ = two
    for mail in ("a@example.org", "b@example.org", "c@example.org"):
        legal.registered(paula, mail=mail)
    with django_assert_num_queries(1):
        transparency.read(Period(timezone.localdate().year))
