"""The tasks that verbs of this app ring."""

from audit.bells import Bell

send_notice = Bell("disclosures.tasks.send_notice")
