"""What every template knows: the company."""

from django.conf import settings
from django.http import HttpRequest


def company(request: HttpRequest) -> dict[str, object]:
    """Name, address and mailbox of the company, and whether this is the demo with its mailbox page; the languages of the pages,
    each by its own name.
    """
    return {
        "company_name": settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "company_address": settings.COMPANY_ADDRESS,
        "demo": settings.DEMO,
        "languages": settings.LANGUAGES,
        "mailbox": settings.DEMO and not settings.EMAIL_URL,
    }
