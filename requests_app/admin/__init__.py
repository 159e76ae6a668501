"""The staff doors to requests: the queue (`queue`), the case page (`case`), what its sections show (`sections`), and what a
manager sets about deadlines (`watch`); how the public pages look (`appearance`); what was passed on to clients (`referring`).
"""

from requests_app.admin import appearance, queue, referring, watch

__all__ = ("appearance", "queue", "referring", "watch")
