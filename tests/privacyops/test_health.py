"""What load balancers and monitors ask; and who a visitor is to the lockout."""

from datetime import timedelta

import pytest
from django.conf import settings as live
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.utils import timezone

from audit import bell, sweeps
from audit.models import SweepRun
from privacyops import examining, health, visitors


def test_the_process_answers_without_a_database(client):
    response = client.get("/healthz")
    assert response.status_code == 200 and response.content == b"ok\n"


def test_a_probe_without_tls_is_answered_and_not_sent_elsewhere(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/signin/").status_code == 301


@pytest.mark.django_db
def test_ready_means_that_the_database_answers_and_the_scheduler_lives(client):
    assert client.get("/readyz").json() == {"database": "up", "scheduler": "silent"}
    assert client.get("/readyz").status_code == 503
    run = SweepRun.objects.create(job="a", slot=1, started_at=timezone.now())
    assert client.get("/readyz").status_code == 200
    SweepRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=6))
    assert client.get("/readyz").status_code == 503


def test_without_a_database_we_are_not_ready_and_say_no_more(client, monkeypatch):
    def away():
        raise OperationalError("could not connect to server at 10.0.0.7 as portal")

    monkeypatch.setattr(connection, "ensure_connection", away)
    response = client.get("/readyz")
    assert response.status_code == 503 and response.json() == {"database": "down"}


@pytest.mark.django_db
def test_metrics_are_counts_in_the_format_of_prometheus_and_name_nobody(client):
    SweepRun.objects.create(job="a", slot=1, started_at=timezone.now() - timedelta(seconds=9))
    lines = client.get("/metrics").content.decode().splitlines()
    values = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert values["privacyops_requests_open"] == "0" and 8 <= int(values["privacyops_sweep_age_seconds"]) <= 60
    assert len([line for line in lines if line.startswith("# TYPE")]) == len(values) >= 5


@pytest.mark.parametrize("wrong", ["/nothing/", "/my/not-a-uuid/", "/admin/nothing/", "/static/nothing.css"])
@pytest.mark.django_db
def test_an_address_that_is_wrong_shows_a_page_and_no_machinery(client, wrong):
    assert not live.DEBUG
    response = client.get(wrong, follow=True)
    assert response.status_code in (200, 404) and b"Traceback" not in response.content
    assert b"urlpatterns" not in response.content


def test_a_host_that_we_do_not_know_is_refused_in_a_few_words(client):
    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400 and b"evil.example" not in response.content


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"REMOTE_ADDR": "192.0.2.1"}, "192.0.2.1"),
        ({"REMOTE_ADDR": "2001:db8:1:2::9"}, "2001:db8:1:2::"),
        ({"REMOTE_ADDR": ""}, None),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.1"}, "192.0.2.1"),
    ],
)
def test_a_visitor_is_known_past_our_proxy_and_not_by_a_header_of_their_own(settings, given, address):
    settings.TRUSTED_PROXIES = 1 if "HTTP_X_FORWARDED_FOR" in given else 0
    assert visitors.address(RequestFactory().get("/", **given)) == address


@pytest.mark.django_db
def test_a_stranger_behind_the_same_proxy_cannot_lock_a_colleague_out(settings):
    settings.TRUSTED_PROXIES, settings.AXES_FAILURE_LIMIT = 1, 3
    User.objects.create_user("maya", password="a long enough secret", is_staff=True)

    def sign_in(password: str, visitor: str) -> int:
        form = {"login": "maya", "password": password}
        headers = {"x-forwarded-for": visitor}
        return Client(headers=headers, REMOTE_ADDR="10.0.0.1").post("/admin/login/", form).status_code

    assert [sign_in("guess", "192.0.2.66") for _ in range(4)][-1] == 429
    assert sign_in("a long enough secret", "192.0.2.66") == 429
    assert sign_in("a long enough secret", "192.0.2.7") == 302


def test_silence_means_the_same_to_doctor_and_to_monitors():
    assert health.SILENT_AFTER == examining.QUIET


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {"REMOTE_ADDR": "10.1.2.3"}, 200),
        ("", {"REMOTE_ADDR": "8.8.8.8"}, 404),
        ("", {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_FOR": "8.8.8.8"}, 404),
        ("s3cret", {"REMOTE_ADDR": "10.1.2.3"}, 404),
        ("s3cret", {"HTTP_AUTHORIZATION": "Bearer wrong"}, 404),
        ("s3cret", {"REMOTE_ADDR": "8.8.8.8", "HTTP_AUTHORIZATION": "Bearer s3cret"}, 200),
    ],
)
def test_strangers_count_nothing(client, settings, token, headers, status):
    settings.METRICS_TOKEN, settings.TRUSTED_PROXIES = token, 0
    assert client.get("/metrics", **headers).status_code == status


@pytest.mark.django_db
def test_the_newest_run_of_each_sweep_is_kept_so_that_silence_is_seen():
    old = timezone.now() - timedelta(days=30)
    for job, slot in (("a", 1), ("a", 2), ("b", 1)):
        SweepRun.objects.create(job=job, slot=slot, started_at=old)
    assert sweeps.prune() == 1
    assert set(SweepRun.objects.values_list("job", "slot")) == {("a", 2), ("b", 1)}


def test_a_broker_that_is_away_is_asked_once_and_then_left_alone_for_a_while(monkeypatch):
    asked = []

    class Task:
        name = "a.task"

        def apply_async(self, args, *, retry):
            asked.append(args)
            raise OSError

    monkeypatch.setattr(bell, "_quiet_until", 0.0)
    for number in range(3):
        bell._ring(Task(), [str(number)])
    assert asked == [("0",)]
    monkeypatch.setattr(bell, "_quiet_until", 0.0)
    bell._ring(Task(), ["4"])
    assert len(asked) == 2
    monkeypatch.setattr(bell, "_quiet_until", 0.0)


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["/rights/?place=%00", "/admin/?x=%00", "/admin/login/?next=%00", "/signin/%00"])
def test_a_character_that_no_database_takes_is_refused_before_anything_asks_one(client, where):
    assert client.get(where).status_code in (400, 404)
