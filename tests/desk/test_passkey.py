"""A passkey, set up and used in a real browser with a virtual authenticator."""

import os
import re

import pytest

from tests.desk.builders import colleague

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytest.importorskip("playwright.sync_api")
from tests.desk.test_desk_looks import chromium  # noqa: F401

PASSWORD = "correct horse battery"
DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
          "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip


@pytest.mark.looks
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_set_up_and_opens_the_desk(chromium, live_server, settings):  # noqa: F811
    settings.STAFF_SECOND_FACTOR = "required"
    settings.SITE_HOST = "localhost"
    maya = colleague("Privacy officer", "maya")
    maya.set_password(PASSWORD)
    maya.save()
    desk = live_server.url.replace("127.0.0.1", "localhost")
    context = chromium.new_context()
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto(f"{desk}/admin/")
    page.get_by_label("Username").fill("maya")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{desk}/admin/signin/factors/")
    page.goto(f"{desk}/admin/signin/factors/webauthn/add/")
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("recovery-codes|webauthn/$"))
    page.goto(f"{desk}/admin/")
    assert page.url == f"{desk}/admin/"
    context.clear_cookies()
    page.goto(f"{desk}/admin/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{desk}/admin/")
    assert not errors
    context.close()
