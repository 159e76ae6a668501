"""The tasks that verbs of this app ring."""

from audit.bells import Bell

advance_run = Bell("retention.tasks.advance_run")
sum_up = Bell("retention.tasks.sum_up")
advance_replay = Bell("retention.tasks.advance_replay")
write_archive = Bell("retention.tasks.write_archive")
check_anonymity = Bell("retention.tasks.check_anonymity")
