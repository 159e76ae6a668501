"""The staff doors to requests: the queue (`queue`), the case page (`case`), what its sections show (`sections`), and what a
manager sets about deadlines (`watch`); how the public pages look (`appearance`); what was passed on to clients (`referring`);
what came another way than by the form, and the agents that we know (`entering`); mail that arrived (`mails`).
"""

from requests_app.admin import appearance, entering, mails, queue, referring, watch

__all__ = ("appearance", "entering", "mails", "queue", "referring", "watch")
