"""What every template knows: the company."""

from django.conf import settings
from django.http import HttpRequest


def company(request: HttpRequest) -> dict[str, object]:
    """Name, address and mailbox of the company, and whether this is the demo with its mailbox page."""
    return {
        "company_name": settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "company_address": settings.COMPANY_ADDRESS,
        "openid": bool(settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID),
        "phone": bool(settings.PHONE_SENDER),
        "demo": settings.DEMO,
        "mailbox": settings.DEMO and not settings.EMAIL_URL,
    }
