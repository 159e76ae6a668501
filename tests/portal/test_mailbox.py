"""The local mailbox: letters of the demo, for this machine only, with nothing in them that runs."""

import pytest
from django.core.mail import EmailMessage, get_connection


@pytest.fixture
def letter(settings):
    settings.DEMO, settings.EMAIL_URL = True, ""
    message = EmailMessage(
        "Grüße <b>& more</b>",
        "Hello,\n\nopen http://127.0.0.1:8000/proof/abc123/ now.\n<script>alert(1)</script>\n",
        to=["ada@example.org"],
        connection=get_connection("privacyops.mailbox.MailboxBackend"),
    )
    message.send()
    return next(settings.MAILBOX_DIR.glob("*.eml")).stem


def test_the_list_and_the_letter_show_what_was_sent(client, letter):
    listing = client.get("/mailbox/").content.decode()
    assert "ada@example.org" in listing and "Grüße &lt;b&gt;&amp; more&lt;/b&gt;" in listing and "Demo only" in listing
    html = client.get(f"/mailbox/{letter}/").content.decode()
    assert '<a href="http://127.0.0.1:8000/proof/abc123/"' in html
    assert "<script" not in html and "&lt;script&gt;" in html


def test_an_empty_mailbox_says_so(client, settings):
    settings.DEMO, settings.EMAIL_URL = True, ""
    assert b"No letters yet" in client.get("/mailbox/").content


@pytest.mark.parametrize(
    ("changed", "extra"),
    [
        ({"DEMO": False}, {}),
        ({"EMAIL_URL": "smtp://mail.example"}, {}),
        ({}, {"REMOTE_ADDR": "192.0.2.1"}),
        ({}, {"REMOTE_ADDR": ""}),
        ({}, {"REMOTE_ADDR": "::ffff:192.0.2.1"}),
        ({}, {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}),
        ({}, {"HTTP_FORWARDED": "for=192.0.2.1"}),
    ],
)
def test_outside_the_demo_or_this_machine_there_is_no_mailbox(client, settings, letter, changed, extra):
    for name, value in changed.items():
        setattr(settings, name, value)
    for path in ("/mailbox/", f"/mailbox/{letter}/"):
        assert client.get(path, **extra).status_code == 404


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_sees_it(client, letter, address):
    assert client.get("/mailbox/", REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize("name", ["nothing", "1-00000000", "..%2f..%2fsecret", "1-0000000G"])
def test_a_letter_that_is_not_there_is_not_found(client, letter, name):
    assert client.get(f"/mailbox/{name}/").status_code == 404


def test_the_mailbox_is_read_only(client, letter):
    assert client.post("/mailbox/").status_code == 405 and client.delete(f"/mailbox/{letter}/").status_code == 405
