"""The tasks that verbs of this app ring."""

from audit.bells import Bell

run_order = Bell("connectors.tasks.run_order")
