"""The tasks that verbs of this app ring."""

from audit.bells import Bell

judge_release = Bell("disclosures.tasks.judge_release")
send_notice = Bell("disclosures.tasks.send_notice")
send_list_mail = Bell("disclosures.tasks.send_list_mail")
send_person_notice = Bell("disclosures.tasks.send_person_notice")
close_transaction = Bell("disclosures.tasks.close_transaction")
