"""The tasks that verbs of this app ring."""

from audit.bells import Bell

announce = Bell("consent.tasks.announce")
send_hook = Bell("consent.tasks.send_hook")
send_pending = Bell("consent.tasks.send_pending")
