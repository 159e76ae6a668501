"""Links from our pages to other sites: by the page that names them, where the register knows them."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from disclosures import sites
from requests_app import prose

ADDRESS = re.compile(r"\]\((https?://[^()\s]+)\)", re.IGNORECASE)


def leads() -> prose.Leads:
    """Where a link of a text leads: addresses of the register go by our leaving page. One query."""
    register = sites.addresses()

    def lead(address: str) -> str:
        known = register.get(sites.bare(address))
        return address if known is None else reverse("portal:leaving", args=[known])

    return lead


def unregistered(text: str) -> list[str]:
    """The hosts, other than our own, to which a text links without the register knowing the address."""
    register, own = sites.addresses(), urlsplit(settings.SITE_URL).hostname
    found = {
        urlsplit(address).hostname or ""
        for address in ADDRESS.findall(text)
        if sites.bare(address) not in register and urlsplit(address).hostname != own
    }
    return sorted(found)
