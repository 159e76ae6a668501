"""The staff doors to requests: the queue (`queue`), the case page (`case`), what its sections show (`sections`), and what a
manager sets about deadlines (`watch`); how the public pages look (`appearance`); what was passed on to clients (`referring`);
reports that come by mail (`schedules`);
what came another way than by the form, and the agents that we know (`entering`); mail that arrived (`mails`);
to whom requests go (`team`); how rights are handled (`books`).
"""

from requests_app.admin import appearance, books, entering, mails, queue, referring, schedules, team, watch

__all__ = ("appearance", "books", "entering", "mails", "queue", "referring", "schedules", "team", "watch")
