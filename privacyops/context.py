"""What every template knows: the company, and how its public pages look."""

from django.conf import settings
from django.http import HttpRequest

from requests_app import appearance, shortly


def company(request: HttpRequest) -> dict[str, object]:
    """Name, address and mailbox of the company, its look, the languages of the pages, each by its own name, and whether this is
    the demo with its mailbox page.

    An error page while the database is away does not ask it again.
    """
    look = appearance.known() if getattr(request, "without_database", False) else appearance.current()
    return {
        "look": look,
        "base": "embed.html" if getattr(request, "embedded", False) else "base.html",
        "company_name": look.name or settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "company_address": settings.COMPANY_ADDRESS,
        # Read by the pages that show it, and by no other.
        "short_notice": shortly.current,
        "openid": bool(settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID),
        "phone": bool(settings.PHONE_SENDER),
        "demo": settings.DEMO,
        "subprocessors": settings.SUBPROCESSORS_PUBLIC,
        "languages": settings.LANGUAGES,
        "mailbox": settings.DEMO and not settings.EMAIL_URL,
    }
