"""The triggers that keep a published version of a schedule as it is. Called by the migration, and by tests around a flush."""

from functools import partial

from audit import triggers

TABLE = triggers.Table(
    "retention_scheduleversion", "a published version of a schedule is never changed", once="published_at"
)
install = partial(triggers.install, table=TABLE)
remove = partial(triggers.remove, table=TABLE)
installed = partial(triggers.installed, table=TABLE)
