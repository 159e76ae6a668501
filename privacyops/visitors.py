"""Who asks, as the lockout sees it: past our own proxies, and not fooled by a header that a visitor wrote."""

import ipaddress

from django.http import HttpRequest

from requests_app import limits


def address(request: HttpRequest) -> str | None:
    """The visitor's network as one address (an IPv6 /64 by its first), or None when nothing tells it.

    Without this the lockout behind a proxy would count everybody as the proxy: ten wrong passwords by a stranger would
    lock a colleague out.
    """
    try:
        return str(ipaddress.ip_network(limits.network(request)).network_address)
    except ValueError:
        return None
