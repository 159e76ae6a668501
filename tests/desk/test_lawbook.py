"""The desk's page about the law."""

from requests_app.models import WarningStep
from tests.desk.builders import browser, colleague, root


def test_a_colleague_sees_how_each_date_is_counted_and_what_is_in_doubt(company):
    html = browser(root()).get("/admin/law/?place=DE").content.decode()
    assert "The day itself is not counted." in html and "Regulation (EU) 2016/679" in html
    assert "Digital Omnibus" in html and "us-wa-mhmda" in html


def test_an_unknown_place_is_answered_in_words(company):
    answer = browser(root()).get("/admin/law/?place=XX")
    assert answer.status_code == 404 and "not in our list" in answer.content.decode()


def test_it_is_for_those_who_may_see_requests(company, client):
    assert client.get("/admin/law/").url.startswith("/admin/login/")
    assert browser(colleague("System owner")).get("/admin/law/").status_code == 403


def test_a_manager_changes_a_warning_step_and_a_wrong_number_is_told_beside_its_field(company):
    boss, step = browser(root()), WarningStep.objects.get(key="half")
    form = {"name": "Half", "basis": "share", "value": "40", "active": "on"}
    url = f"/admin/requests_app/warningstep/{step.pk}/change/"
    assert boss.post(url, form).status_code == 302
    step.refresh_from_db()
    assert (step.value, step.pending) == (40, True)
    again = boss.post(url, form | {"value": "140"})
    assert again.status_code == 200 and "Give a number from 1 to 99." in again.content.decode()
