"""The triggers that keep a published notice as it is. Called by the migration, and by tests around a flush.

Where SQLite makes a table anew (a later migration that alters a column), its triggers go with the old one: such a migration
calls `install` at its end. The assurance check `consent.unchanged` says when they are missing.
"""

from functools import partial

from audit import triggers

TABLE = triggers.Table("consent_noticeversion", "a published notice is never changed", once="published_at")
install = partial(triggers.install, table=TABLE)
remove = partial(triggers.remove, table=TABLE)
installed = partial(triggers.installed, table=TABLE)
