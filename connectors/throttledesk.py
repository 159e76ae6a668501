"""How gently retention works in each system, on the desk."""

from audit.accountable import Accountable


class ThrottleAdmin(Accountable):
    """Hours, pace and rests of one system."""

    list_display = ("system", "hours", "zone", "rows_per_second", "pause_ms", "slow_ms", "lag_seconds")
    list_select_related = ("system",)
    fields = ("system", "hours", "zone", "rows_per_second", "pause_ms", "slow_ms", "lag_seconds")
