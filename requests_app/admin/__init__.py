"""The staff doors to requests: the queue (`queue`), the case page (`case`), what its sections show (`sections`), and what a
manager sets about deadlines (`watch`).
"""

from requests_app.admin import queue, watch

__all__ = ("queue", "watch")
