"""Nouns of consent: `notices` (privacy notices, their versions, launches of purposes), `telling` (who was told what), `choices`
(who said what, and what holds now), `terms` (how a Yes is taken, and one that waits for its link), `hooks` (which programs are
told of changes), `withdrawals` (a No on its way to other systems), `sites` (where the banner asks) and `cookies` (what those
sites set).
"""

from consent.models.choices import Choice, Device, Standing, Wording
from consent.models.cookies import Cookie, SeenCookie
from consent.models.hooks import Delivery, Subscription
from consent.models.notices import Drift, Launch, NoticeVersion, Review
from consent.models.sites import BannerAnswer, Regime, Site, SiteText
from consent.models.telling import Announcement, Told
from consent.models.terms import PendingChoice, Terms
from consent.models.withdrawals import Withdrawal

__all__ = [
    "Announcement", "BannerAnswer", "Choice", "Cookie", "Delivery", "Device", "Drift", "Launch", "NoticeVersion",
    "PendingChoice", "Regime", "Review", "SeenCookie", "Site", "SiteText", "Standing", "Subscription", "Terms", "Told",
    "Withdrawal", "Wording",
]  # fmt: skip
