"""Hireline's own site with the banner, its register of cookies, and one cookie that nobody has registered yet."""

from django.conf import settings

from consent.models import Cookie, SeenCookie, Site
from inventory.models import Purpose

# name, provider, purpose, days, party
COOKIES = (
    ("hl_session", "Hireline", "service", 0, "first"),
    ("hl_stats", "Looking Glass Analytics", "improvement", 365, "first"),
    ("_lg_*", "Looking Glass Analytics", "improvement", 30, "third"),
)
PURPOSES = ("service", "improvement", "advertising")


def site() -> None:
    """The page at /demo-site/ and what it asks about."""
    made, new = Site.objects.get_or_create(
        key="hireline", defaults={"name": "hireline.example", "origins": settings.SITE_URL}
    )
    if not new:
        return
    purposes = {one.key: one for one in Purpose.objects.filter(key__in=PURPOSES)}
    made.purposes.set(purposes.values())
    for name, provider, purpose, days, party in COOKIES:
        Cookie.objects.create(
            site=made, name=name, provider=provider, purpose=purposes[purpose], days=days, party=party
        )
    SeenCookie.objects.create(site=made, name="adstream_uid")
