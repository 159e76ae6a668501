"""What a person does with their own request: follow it, withdraw it, fetch its package."""

import io
import re
import zipfile
from datetime import timedelta

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from disclosures.models import Disclosure, Recipient, StandingDisclosure
from inventory.models import DataCategory
from requests_app.models import Clock, Letter, PersonSession
from tests.portal.builders import CONTENT, MALLORY, ask, confirm, package, person


def fresh_session(ada, request):
    assert ada.post(f"/my/{request.pk}/fresh/").status_code == 303
    confirm(ada, request, "fresh")


def test_the_list_shows_reference_state_and_day_with_its_law():
    ada, request = person()
    html = ada.get("/my/").content.decode()
    clock = Clock.objects.filter(request=request, kind="respond").order_by("due_at").first()
    assert request.reference in html and "A copy of my data" in html
    assert f"We will answer by <strong>{clock.due_on.day} {clock.due_on:%B %Y}</strong> (GDPR, {clock.cite})" in html


def test_a_request_that_waits_says_what_we_need(client):
    ada, _ = person()
    ask(ada, right="delete")
    assert b"open the link that we e-mailed you" in ada.get("/my/").content


def test_a_link_that_came_to_nothing_can_be_had_again():
    ada, _ = person()
    waiting = ask(ada, right="delete")
    assert b"Send me a new link" in ada.get(f"/my/{waiting.pk}/").content
    assert ada.post(f"/my/{waiting.pk}/fresh/").status_code == 303
    confirm(ada, waiting, "open")
    waiting.refresh_from_db()
    assert waiting.proved_at is not None


def test_the_page_shows_each_step_in_words_and_how_the_day_was_counted():
    ada, request = person()
    html = ada.get(f"/my/{request.pk}/").content.decode()
    places = re.findall(r'<li class="(done|now|ahead)"', html)
    assert places[0] == "done" and places.count("now") == 1 and 'aria-current="step"' in html
    assert html.count("<small>Done</small>") == places.count("done") and "<small>Now</small>" in html
    assert "How this day was counted" in html and "You confirmed that it is you" in html


def test_the_page_shows_nothing_of_how_we_work_inside():
    ada, request = person()
    html = ada.get(f"/my/{request.pk}/").content.decode()
    assert "request." not in html and "worker" not in html and "attention" not in html


def test_withdrawing_asks_once_more_and_then_closes():
    ada, request = person()
    page = ada.get(f"/my/{request.pk}/withdraw/")
    request.refresh_from_db()
    assert b"Yes, withdraw it" in page.content and request.state != "closed"
    assert ada.post(f"/my/{request.pk}/withdraw/").url == f"/my/{request.pk}/"
    request.refresh_from_db()
    assert (request.state, request.outcome) == ("closed", "withdrawn")
    assert b"You withdrew it" in ada.get(f"/my/{request.pk}/").content


def test_withdrawing_twice_says_that_it_is_too_late():
    ada, request = person()
    ada.post(f"/my/{request.pk}/withdraw/")
    again = ada.post(f"/my/{request.pk}/withdraw/")
    assert again.status_code == 409 and b"cannot be withdrawn" in again.content
    assert ada.get(f"/my/{request.pk}/withdraw/").status_code == 303
    assert Event.objects.filter(name="request.withdrawn").count() == 1


def test_a_package_needs_a_fresh_link_first():
    ada, request = person()
    package(request)
    assert f'href="/my/{request.pk}/package/"' in ada.get(f"/my/{request.pk}/").content.decode()
    html = ada.get(f"/my/{request.pk}/package/").content.decode()
    assert "Get a fresh link" in html and "Download my data" not in html
    refused = ada.post(f"/my/{request.pk}/download/")
    assert refused.status_code == 409 and b"Confirm once more" in refused.content


def test_with_a_fresh_link_the_package_comes_whole():
    ada, request = person()
    package(request)
    fresh_session(ada, request)
    html = ada.get(f"/my/{request.pk}/package/").content.decode()
    assert "Download my data" in html and "3 downloads are left" in html and "index.html" in html
    response = ada.post(f"/my/{request.pk}/download/")
    assert b"".join(response.streaming_content) == CONTENT
    assert response["Content-Type"] == "application/zip" and response["Cache-Control"] == "no-store"
    assert response["Content-Disposition"] == f'attachment; filename="my-data-{request.reference}.zip"'
    assert int(response["Content-Length"]) == len(CONTENT)


def test_with_a_password_the_package_comes_locked_and_a_mistyped_one_uses_no_download_up():
    ada, request = person()
    parcel = package(request)
    fresh_session(ada, request)
    wrong = ada.post(f"/my/{request.pk}/download/", {"password": "correct horse", "again": "correct hoarse"})
    assert (
        wrong.status_code == 422 and b"The two passwords differ" in wrong.content and b"correct h" not in wrong.content
    )
    parcel.refresh_from_db()
    assert parcel.downloads == 0
    response = ada.post(f"/my/{request.pk}/download/", {"password": "correct horse", "again": "correct horse"})
    assert response.status_code == 200 and "Content-Length" not in response
    assert zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))).namelist() == []
    parcel.refresh_from_db()
    assert parcel.downloads == 1


def test_looking_never_uses_a_download_up():
    ada, request = person()
    parcel = package(request)
    fresh_session(ada, request)
    for _ in range(5):
        ada.get(f"/my/{request.pk}/"), ada.head(f"/my/{request.pk}/")
        assert ada.get(f"/my/{request.pk}/download/").status_code == 405
    parcel.refresh_from_db()
    assert parcel.downloads == 0


def test_the_downloads_are_counted_and_end(settings):
    settings.PARCEL_DOWNLOADS = 2
    ada, request = person()
    package(request)
    fresh_session(ada, request)
    for _ in range(2):
        assert b"".join(ada.post(f"/my/{request.pk}/download/").streaming_content) == CONTENT
    last = ada.post(f"/my/{request.pk}/download/")
    assert last.status_code == 409 and b"times already" in last.content


def test_a_fresh_link_stays_fresh_for_minutes_only(settings):
    ada, request = person()
    package(request)
    fresh_session(ada, request)
    with time_machine.travel(timezone.now() + timedelta(minutes=settings.FRESH_PROOF_MINUTES + 1)):
        assert b"Get a fresh link" in ada.get(f"/my/{request.pk}/package/").content
        assert ada.post(f"/my/{request.pk}/download/").status_code == 409


def test_a_package_past_its_day_is_not_offered():
    ada, request = person()
    package(request)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        PersonSession.objects.update(expires_at=timezone.now() + timedelta(hours=1))
        assert b"Your data is ready" not in ada.get(f"/my/{request.pk}/").content
        assert b"There is nothing to download" in ada.get(f"/my/{request.pk}/package/").content
        assert ada.post(f"/my/{request.pk}/download/").status_code == 409


def test_no_link_is_mailed_for_a_package_that_is_not_there():
    ada, request = person()
    assert ada.post(f"/my/{request.pk}/fresh/").status_code == 409
    assert not Letter.objects.filter(kind="fresh").exists()


def test_another_persons_fresh_session_fetches_nothing():
    _ada, request = person()
    parcel = package(request)
    mallory, own = person(MALLORY)
    package(own)
    fresh_session(mallory, own)
    assert mallory.post(f"/my/{request.pk}/download/").status_code == 404
    parcel.refresh_from_db()
    assert parcel.downloads == 0


def test_who_received_my_data_shows_mine_only():
    ada, request = person()
    _mallory, other = person(MALLORY)
    DataCategory.objects.create(key="contact.email", name="E-mail address")
    for name, subject in (("Nordwind", request.subject), ("Elsewhere", other.subject)):
        recipient = Recipient.objects.create(
            key=name.lower(), name=name, role="controller", kind="Employer", contact="hr@example.org", country="DE"
        )
        Disclosure.objects.create(
            subject=subject, recipient=recipient, categories=["contact.email"], disclosed_at=timezone.now()
        )
    html = ada.get("/my/recipients/").content.decode()
    assert "Nordwind" in html and "E-mail address" in html and "Elsewhere" not in html


def test_what_one_recipient_got_many_times_is_one_card_and_what_is_old_is_folded():
    ada, request = person()
    DataCategory.objects.create(key="contact.email", name="E-mail address")
    mill = Recipient.objects.create(
        key="mill", name="Mill & Sons", role="controller", kind="Employer", contact="hr@mill.example", country="DE"
    )
    for days in range(5):
        Disclosure.objects.create(
            subject=request.subject, recipient=mill, categories=["contact.email"],
            disclosed_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip
    html = ada.get("/my/recipients/").content.decode()
    assert html.count("Mill &amp; Sons") == 1 and "2 earlier times" in html and "Germany" in html
    assert html.count("<time ") == 5 and html.index("<details>") > html.index("<time ")


def passed_on(subject, count: int, start: int = 0) -> None:
    """So many recipients that got something of this person, by entry and all the time."""
    category, _ = DataCategory.objects.get_or_create(key="contact.email", defaults={"name": "E-mail address"})
    for n in range(start, start + count):
        to = Recipient.objects.create(
            key=f"r{n}", name=f"Recipient {n}", role="controller", kind="Employer", contact="hr@r.example", country="DE"
        )
        for _turn in range(2):
            Disclosure.objects.create(
                subject=subject,
                recipient=to,
                categories=["contact.email"],
                disclosed_at=timezone.now() - timedelta(hours=n),
            )
        standing = StandingDisclosure.objects.create(recipient=to, since_on="2025-03-01", until_on="2025-06-30")
        standing.categories.set([category])


def test_who_received_my_data_has_pages_and_says_what_goes_out_all_the_time():
    ada, request = person()
    passed_on(request.subject, 60)
    first = ada.get("/my/recipients/").content.decode()
    assert first.count("<time ") == 100 and "1 March 2025 to 30 June 2025" in first and "Everybody's" in first
    after = re.search(r"\?after=([0-9a-f-]{36})", first)[1]
    second = ada.get(f"/my/recipients/?after={after}").content.decode()
    assert second.count("<time ") == 20 and "all the time" not in second and "Back to the newest" in second
    assert ada.get("/my/recipients/?after=nonsense").content.decode().count("<time ") == 100


def test_who_received_my_data_costs_the_same_for_many_recipients(django_assert_num_queries):
    ada, request = person()
    passed_on(request.subject, 2)
    with CaptureQueriesContext(connection) as few:
        ada.get("/my/recipients/")
    passed_on(request.subject, 20, start=2)
    with django_assert_num_queries(len(few)):
        ada.get("/my/recipients/")


def test_the_pages_cost_a_fixed_number_of_queries(django_assert_num_queries):
    ada, request = person()
    for paths, most in ((("/my/",), 5), ((f"/my/{request.pk}/",), 9)):
        for path in paths:
            with django_assert_num_queries(most):
                ada.get(path)
    for right in ("delete", "access"):
        confirm(ada, ask(ada, right=right))
    with django_assert_num_queries(5):
        ada.get("/my/")
