"""The tasks that verbs of this app ring."""

from audit.bell import Ringable
from audit.bells import Bell

run_order = Bell("connectors.tasks.run_order")
# Whom upper floors want rung, with the batch's id, once an operation of a batch is settled. For promptness only: a ring that
# is lost costs them one sweep.
when_settled: list[Ringable] = []
