"""The public pages in every language in a real browser: nothing for axe, nothing sideways, mirrored for Arabic.

SCREENSHOTS=folder keeps a picture of each page.
"""

import pytest
from django.conf import settings

from requests_app.views import visitor
from tests.e2e.test_looks import ada_with_everything, browser, company, look, quick  # noqa: F401

pytestmark = [pytest.mark.looks, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OTHERS = sorted(set(settings.TONGUES) - {"en"})


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", OTHERS)
def test_every_page_can_be_used_in_every_language(browser, live_server, language, width):  # noqa: F811
    company()
    ada, pages = ada_with_everything()
    scheme = "dark" if width == 390 else "light"
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=language)
    context.add_cookies(
        [
            {"name": name, "value": ada.cookies[name].value, "url": live_server.url}
            for name in (visitor.cookie_name(), "receipt")
        ]
    )
    page = context.new_page()
    for name, path in pages.items():
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.lang") == language
        look(page, f"{language}-{name}", width, scheme)
    for name in ("ask", "signin", "subprocessors-answer"):
        page.goto(live_server.url + pages[name])
        page.click("main form button.button")
        page.locator("#summary:focus").wait_for(timeout=10000)
        look(page, f"{language}-{name}-errors", width, scheme)
    context.close()


def test_a_language_is_chosen_without_javascript_and_stays(browser, live_server):  # noqa: F811
    context = browser.new_context(java_script_enabled=False, locale="de")
    page = context.new_page()
    page.goto(live_server.url + "/rights/?place=DE")
    page.get_by_role("button", name="العربية").click()
    assert page.url == live_server.url + "/rights/?place=DE"
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.goto(live_server.url + "/")
    assert page.locator("html").get_attribute("lang") == "ar"
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()
