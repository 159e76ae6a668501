"""What the desk's theme needs to draw the pages of the sign-in library."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

PAGES = ("/admin/login/", "/admin/signin/")


def theme(request: HttpRequest) -> dict[str, Any]:
    """The theme's colours and scripts, on the pages of signing in only; the admin's own pages bring them along."""
    return dict(admin.site.each_context(request)) if request.path.startswith(PAGES) else {}
