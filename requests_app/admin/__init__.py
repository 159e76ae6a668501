"""The staff doors to requests: the queue (`queue`), the case page (`case`), what its sections show (`sections`), and what a
manager sets about deadlines (`watch`); what was passed on to clients (`referring`); mail that arrived (`mails`).
"""

from requests_app.admin import mails, queue, referring, watch

__all__ = ("mails", "queue", "referring", "watch")
