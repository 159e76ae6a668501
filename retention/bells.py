"""The tasks that verbs of this app ring."""

from audit.bells import Bell

advance_run = Bell("retention.tasks.advance_run")
