"""The portal's settings with the empty page, and without the limits of one caller: this process is all callers at once."""

from privacyops.settings import *  # noqa: F403
from privacyops.settings import REST_FRAMEWORK

ROOT_URLCONF = "benchmarks.consent_urls"
DECISIONS_PER_MINUTE = 0
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
