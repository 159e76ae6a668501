"""Consent on the desk: `notices`, `telling` (announcements), `launches`, `ledger` (choices and what holds) and `hooks`."""

from consent.admin.hooks import DeliveryAdmin, SubscriptionAdmin
from consent.admin.launches import LaunchAdmin, LaunchedPurposeAdmin
from consent.admin.ledger import (
    ChoiceAdmin,
    DeviceAdmin,
    PendingChoiceAdmin,
    StandingAdmin,
    TermsAdmin,
    WithdrawalAdmin,
)
from consent.admin.notices import NoticeVersionAdmin
from consent.admin.telling import AnnouncementAdmin
from consent.banner.admin import CookieAdmin, SeenCookieAdmin, SiteAdmin

__all__ = (
    "AnnouncementAdmin", "ChoiceAdmin", "CookieAdmin", "DeliveryAdmin", "DeviceAdmin", "LaunchAdmin", "LaunchedPurposeAdmin",
    "NoticeVersionAdmin", "PendingChoiceAdmin", "SeenCookieAdmin", "SiteAdmin", "StandingAdmin", "SubscriptionAdmin",
    "TermsAdmin", "WithdrawalAdmin",
)  # fmt: skip
