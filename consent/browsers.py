"""Browsers that the banner asks: devices (`consent.devices`) whose id the banner's script made, 128 random bits as hexadecimal.

The id itself is never stored. Who holds it can speak for that browser and for nobody else.
"""

import re

from consent import devices
from consent.models import Device

ID = re.compile(r"^[0-9a-f]{32}$")


def known(browser: str) -> Device | None:
    """The row of this browser, if it chose before. Raises ValueError for what a browser of ours would not send."""
    return devices.find(checked(browser))


def find_or_make(browser: str) -> Device:
    """The row of this browser, made at its first choice; two tabs at once make one. Raises ValueError like `known`."""
    return devices.find_or_make(checked(browser))


def checked(browser: str) -> str:
    """The id itself. Raises ValueError for what a browser of ours would not send."""
    if not ID.match(browser):
        raise ValueError("a browser's id is 32 hexadecimal digits")
    return browser
