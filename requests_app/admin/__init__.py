"""The staff doors to requests: the queue (`queue`), the case page (`case`), what its sections show (`sections`), and what a
manager sets about deadlines (`watch`); what was passed on to clients (`referring`).
"""

from requests_app.admin import queue, referring, watch

__all__ = ("queue", "referring", "watch")
