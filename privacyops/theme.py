"""The settings of the staff desk's theme (Unfold)."""

from typing import Any


def of(company: str) -> dict[str, Any]:
    """What the theme reads as UNFOLD."""
    return {
        "SITE_TITLE": "PrivacyOps",
        "SITE_HEADER": "PrivacyOps",
        "SITE_SUBHEADER": company,
        "SITE_URL": "/",
        "SITE_SYMBOL": "shield_person",
        "COLORS": {
            "primary": {
                "50": "rgb(239 244 255)",
                "100": "rgb(219 230 254)",
                "200": "rgb(191 212 254)",
                "300": "rgb(147 177 255)",
                "400": "rgb(96 139 250)",
                "500": "rgb(59 104 224)",
                "600": "rgb(47 91 208)",
                "700": "rgb(36 72 176)",
                "800": "rgb(33 60 141)",
                "900": "rgb(30 52 112)",
                "950": "rgb(20 32 70)",
            },
        },
        "SHOW_HISTORY": False,
        "SHOW_VIEW_ON_SITE": False,
        "DASHBOARD_CALLBACK": "privacyops.home.dashboard",
        "SIDEBAR": {"show_search": True, "navigation": "privacyops.menu.navigation"},
        "ACCOUNT": {"navigation": [{"title": "Second factors", "link": "/admin/signin/factors/"}]},
        "STYLES": ["privacyops.desk.stylesheet"],
        "SCRIPTS": ["privacyops.desk.keys"],
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "privacyops.desk.icon"}],
    }
