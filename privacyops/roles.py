"""Who may do what: one table. `sync` turns it into Django groups; nothing else grants a permission."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

VIEW_WORK = (
    "requests_app.view_request", "requests_app.view_clock", "requests_app.view_letter", "requests_app.view_parcel",
    "requests_app.view_note", "connectors.view_workorder", "connectors.view_finding", "connectors.view_batch",
    "connectors.view_legalhold", "subjects.view_datasubject", "disclosures.view_notice",
    "disclosures.view_disclosure", "disclosures.view_recipient", "disclosures.view_transfer",
    "disclosures.view_externalsite",
    "disclosures.view_standingdisclosure", "disclosures.view_passingrule",
    "disclosures.view_errand", "disclosures.view_channel",
    "requests_app.view_appearance", "consent.view_choice", "consent.view_noticeversion",
    "consent.view_announcement", "consent.view_launch",
    "consent.view_standing", "consent.view_device", "consent.view_pendingchoice", "consent.view_withdrawal",
    "consent.view_terms",
    "retention.view_schedule", "retention.view_run", "retention.view_scheduleversion", "retention.view_night",
    "retention.view_summary", "retention.view_revival", "inventory.view_system", "inventory.view_dataset",
    "retention.view_copyset", "retention.view_storedcopy",
    "retention.view_archive", "retention.view_replay", "retention.view_sealedentry",
    "retention.view_limits", "connectors.view_throttle",
    "connectors.view_rowhold",
    "inventory.view_collection", "inventory.view_field", "inventory.view_purpose", "inventory.view_datacategory",
    "inventory.view_reference", "connectors.view_handtask", "requests_app.view_referral",
    "requests_app.view_agent", "requests_app.view_playbook", "requests_app.view_playbooktext",
    "requests_app.view_assignmentrule", "inventory.view_phrase", "consent.view_site", "consent.view_cookie",
    "consent.view_seencookie", "disclosures.view_client", "disclosures.view_instruction",
    "disclosures.view_listchange", "disclosures.view_clientanswer",
    "disclosures.view_releaseproposal", "disclosures.view_release",
    "disclosures.view_privacybudget", "disclosures.view_budgetcharge",
)  # fmt: skip
CASEWORK = (
    *VIEW_WORK,
    "requests_app.view_inboundmail",
    "requests_app.change_request",
    "requests_app.add_note",
    "subjects.reveal_datasubject",
)
HOLDS = (
    "connectors.place_legalhold", "connectors.release_legalhold", "connectors.add_legalhold", "connectors.add_rowhold",
)  # fmt: skip
DESCRIBE = tuple(
    f"inventory.{verb}_{noun}"
    for noun in ("system", "dataset", "collection", "field", "reference", "purpose", "datacategory")
    for verb in ("add", "change", "view")
)

PROPOSALS = ("connectors.view_proposal", "connectors.decide_proposal", "connectors.view_survey")

# What the public pages look like, say and link to.
PAGES = (
    "requests_app.add_appearance", "requests_app.change_appearance", "requests_app.add_appearancetext",
    "requests_app.change_appearancetext", "requests_app.view_appearancetext", "disclosures.add_externalsite",
    "disclosures.change_externalsite", "inventory.change_phrase", "consent.decide_seencookie",
    *(f"consent.{verb}_{noun}" for noun in ("site", "sitetext", "cookie") for verb in ("add", "change", "view")),
)  # fmt: skip

# Recipients, clients, and what is announced to them.
SHARING = (
    "disclosures.add_recipient", "disclosures.change_recipient", "disclosures.import_recipient",
    "disclosures.add_transfer", "disclosures.change_transfer",
    "disclosures.add_client", "disclosures.change_client", "disclosures.add_instruction", "disclosures.settle_instruction",
    "disclosures.announce_listchange", "disclosures.settle_clientanswer", "disclosures.view_listmail",
    "disclosures.retry_listmail", "disclosures.view_subscriber",
# What goes out to whom: entered by hand or from a file, all the time, by our own work; taken back; taken out as an account.
    "disclosures.add_disclosure", "disclosures.export_disclosure", "disclosures.take_back_disclosure",
    "disclosures.add_standingdisclosure",
    "disclosures.end_standingdisclosure", "disclosures.add_passingrule", "disclosures.change_passingrule",
)  # fmt: skip

DEADLINES = (
    "requests_app.manage_deadlines",
    *(
        f"requests_app.{verb}_{noun}"
        for noun in ("warningstep", "owntarget", "dayoff")
        for verb in ("add", "change", "view")
    ),
)

TEAM = tuple(
    f"requests_app.{verb}_{noun}"
    for noun in ("assignmentrule", "absence", "playbook", "playbooktext")
    for verb in ("add", "change", "view")
)

# Legal demands and transactions: not for everybody who works on requests, for some of it is secret by law.
SEE_LEGAL = (
    "disclosures.view_legaldemand", "disclosures.view_personnotice", "disclosures.view_transaction",
    "disclosures.view_roomitem",
)  # fmt: skip
PREPARE_LEGAL = (
    *SEE_LEGAL, "disclosures.add_legaldemand", "disclosures.change_legaldemand", "disclosures.retry_personnotice",
    "disclosures.waive_personnotice", "disclosures.add_transaction", "disclosures.change_transaction",
)  # fmt: skip
DECIDE_LEGAL = ("disclosures.approve_legaldemand", "disclosures.approve_transaction")

ROLES: dict[str, tuple[str, ...]] = {
    "Agent": CASEWORK,
    "Reviewer": (*CASEWORK, "requests_app.decide_request", "requests_app.answer_referral", "disclosures.retry_notice",
                 "disclosures.sign_errand", "disclosures.propose_release"),
    "Privacy officer": (
        *CASEWORK, *HOLDS, *PROPOSALS, *PREPARE_LEGAL,
        "requests_app.decide_request", "requests_app.approve_request", "requests_app.deny_request",
        "requests_app.answer_referral", "connectors.sign_handtask",
        "connectors.retry_workorder", "connectors.waive_workorder", "retention.approve_run", "retention.add_schedule",
        "retention.change_schedule", *SHARING,
        "retention.approve_scheduleversion", "retention.change_scheduleversion", "retention.settle_revival",
        "retention.add_copyset", "retention.change_copyset", "retention.verify_copyset",
        "retention.restore_archive", "retention.run_replay", "disclosures.add_recipient", "disclosures.change_recipient",
        "retention.add_limits", "retention.change_limits", "connectors.add_throttle",
        "connectors.change_throttle",
        "disclosures.retry_notice", "disclosures.waive_notice", *PAGES,
        "disclosures.excuse_notice", "disclosures.sign_errand",
        "disclosures.add_channel", "disclosures.change_channel", "disclosures.test_channel", "disclosures.rotate_channel",
        "disclosures.propose_release",
        "disclosures.approve_release", "disclosures.add_privacybudget",
        "consent.add_noticeversion", "consent.change_noticeversion",
        "consent.publish_noticeversion", "consent.approve_noticeversion", "consent.run_announcement",
        "consent.confirm_launch", "consent.add_choice", "consent.add_terms", "consent.change_terms",
        "consent.view_subscription", "consent.view_delivery", "consent.retry_delivery",
        "requests_app.add_agent", "requests_app.change_agent",
        "audit.view_event", "audit.view_sweeprun", *DEADLINES, *TEAM, "requests_app.make_pack",
        "requests_app.view_reportschedule", "requests_app.add_reportschedule", "requests_app.change_reportschedule",
    ),
    "System owner": (
        "connectors.view_workorder", "connectors.retry_workorder", "inventory.view_system", "connectors.view_handtask",
        "connectors.sign_handtask",
    ),
    "Legal": (
        *VIEW_WORK, *HOLDS, *PREPARE_LEGAL, *DECIDE_LEGAL, "disclosures.export_disclosure", "requests_app.make_pack",
        "consent.approve_noticeversion", "disclosures.approve_release", "retention.approve_scheduleversion",
        "retention.restore_archive",
    ),
    "Auditor": (*VIEW_WORK, *SEE_LEGAL, "requests_app.make_pack", "audit.view_event", "audit.view_sweeprun",
                "connectors.view_receipt", "connectors.view_authorisation", "disclosures.export_disclosure"),
    "Administrator": (
        *DESCRIBE, *PROPOSALS, "inventory.view_phrase", "inventory.change_phrase",
        "connectors.view_connection", "connectors.add_connection", "connectors.change_connection",
        "connectors.view_throttle", "connectors.add_throttle", "connectors.change_throttle",
        "connectors.view_workorder", "audit.view_sweeprun", "audit.view_event", "audit.view_apiclient",
        "retention.view_copyset", "retention.add_copyset", "retention.change_copyset", "retention.verify_copyset",
        "retention.view_storedcopy", "retention.view_replay", "retention.run_replay",
        "audit.add_apiclient", "audit.change_apiclient", "auth.view_user", "auth.add_user", "auth.change_user",
        "auth.view_group", "axes.view_accessattempt", "consent.view_subscription", "consent.add_subscription",
        "consent.change_subscription", "consent.view_delivery", "consent.retry_delivery", "disclosures.view_channel",
        "disclosures.add_channel", "disclosures.change_channel", "disclosures.test_channel", "disclosures.rotate_channel",
        "disclosures.view_recipient",
    ),
}  # fmt: skip


def sync() -> None:
    """Make the groups and give each exactly the permissions of its row. Safe to repeat."""
    wanted = {name for row in ROLES.values() for name in row}
    known = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.filter(_any(wanted)).select_related("content_type")
    }
    missing = sorted(wanted - set(known))
    if missing:
        raise LookupError(f"roles name permissions that do not exist: {', '.join(missing)}")
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([known[name] for name in names])


def _any(names: set[str]) -> Q:
    condition = Q(pk=None)
    for name in names:
        app, codename = name.split(".")
        condition |= Q(content_type__app_label=app, codename=codename)
    return condition
