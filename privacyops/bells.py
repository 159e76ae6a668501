"""The tasks that verbs of the roof ring."""

from audit.bells import Bell

build_pack = Bell("privacyops.tasks.build_pack")
send_report = Bell("privacyops.tasks.send_report")
