"""The tasks that verbs of this app ring, and the one that rings when work in other systems is settled."""

from audit.bells import Bell

advance_request = Bell("requests_app.tasks.advance_request")
advance_batch = Bell("requests_app.tasks.advance_batch")
build_parcel = Bell("requests_app.tasks.build_parcel")
process_upload = Bell("requests_app.tasks.process_upload")
send_letter = Bell("requests_app.tasks.send_letter")
settle_mail = Bell("requests_app.tasks.settle_mail")
