"""A shop with the banner on its pages, a tracker, and two browsers."""

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from audit import actor as actors
from consent.models import Cookie, NoticeVersion, Site
from inventory import phrases
from inventory.models import Purpose
from tests.consent.builders import go_live
from tests.e2e.banner_shop import GPC, Server, Shop, launch


@pytest.fixture(scope="module")
def browsers():
    """Chromium as it comes, and one that sends Global Privacy Control."""
    with pytest.importorskip("playwright.sync_api").sync_playwright() as engine:
        both = {"plain": launch(engine), "gpc": launch(engine, GPC)}
        yield both
        for one in both.values():
            one.close()


@pytest.fixture
def company(settings, transactional_db):
    """A notice, four purposes, a site that asks about them and a register of cookies."""
    settings.WHITENOISE_USE_FINDERS = True
    NoticeVersion.objects.create(number=1, title="Notice", body="Words.", digest="a" * 64, effective_on=timezone.now().date(),
                                 published_at=timezone.now())  # fmt: skip
    rows = (
        ("service", "Running the shop", "Your basket, and that you stay signed in.", "contract", True, False, ""),
        ("stats", "Statistics", "We count which pages are read, to make them better.", "consent", False, False,
         "We know less about what you need."),
        ("ads", "Advertising by partners", "We tell advertising networks what you looked at.", "legitimate_interests", False,
         True, "Advertisements fit you less."),
    )  # fmt: skip
    site = Site.objects.create(key="shop", name="www.shop.example", origins="https://www.shop.example")
    for key, name, about, basis, required, sale, consequence in rows:
        site.purposes.add(Purpose.objects.create(key=key, name=name, description=about, lawful_basis=basis, required=required,
                                                 sale_or_sharing=sale, consequence=consequence))  # fmt: skip
    stats = Purpose.objects.get(key="stats")
    Cookie.objects.create(site=site, name="_ga_*", provider="Looking Glass", purpose=stats, days=365)
    Cookie.objects.create(site=site, name="sid", provider="The shop", purpose=Purpose.objects.get(key="service"))
    go_live()
    pairs = [(text, words) for one in Purpose.objects.all()
             for text, words in ((one.name, "إحصاءات"), (one.description, "نعدّ الصفحات التي تُقرأ."))]  # fmt: skip
    phrases.save("ar", pairs, actor=actors.worker("test"))


@pytest.fixture
def tracker():
    """What the shop's pages would call."""
    server = Server(
        {"/stats.js": ("text/javascript", "window.stats = 1;"), "/ads.js": ("text/javascript", "window.ads = 1;")}
    )
    yield server
    server.close()


@pytest.fixture
def shop(browsers, live_server, tracker, company):
    """The shop, visited with a browser that signals nothing."""
    assert finders.find("consent/banner.js")
    made = Shop(live_server.url, tracker, browsers["plain"])
    yield made
    for one in made.servers:
        one.close()


@pytest.fixture
def signalling(shop, browsers):
    """The same shop, visited with a browser that signals."""
    shop.browser = browsers["gpc"]
    return shop
