"""Who may do what: one table. `sync` turns it into Django groups; nothing else grants a permission."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

VIEW_WORK = (
    "requests_app.view_request", "requests_app.view_clock", "requests_app.view_letter", "requests_app.view_parcel",
    "requests_app.view_note", "connectors.view_workorder", "connectors.view_finding", "connectors.view_batch",
    "connectors.view_legalhold", "subjects.view_datasubject", "disclosures.view_notice",
    "disclosures.view_disclosure", "disclosures.view_recipient", "disclosures.view_externalsite",
    "requests_app.view_appearance", "consent.view_choice", "consent.view_noticeversion",
    "retention.view_schedule", "retention.view_run", "inventory.view_system", "inventory.view_dataset",
    "inventory.view_collection", "inventory.view_field", "inventory.view_purpose", "inventory.view_datacategory",
    "inventory.view_reference", "connectors.view_handtask", "requests_app.view_referral",
    "requests_app.view_agent",
)  # fmt: skip
CASEWORK = (
    *VIEW_WORK,
    "requests_app.view_inboundmail",
    "requests_app.change_request",
    "requests_app.add_note",
    "subjects.reveal_datasubject",
)
HOLDS = ("connectors.place_legalhold", "connectors.release_legalhold", "connectors.add_legalhold")
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
    "disclosures.change_externalsite",
)  # fmt: skip

DEADLINES = (
    "requests_app.manage_deadlines",
    *(
        f"requests_app.{verb}_{noun}"
        for noun in ("warningstep", "owntarget", "dayoff")
        for verb in ("add", "change", "view")
    ),
)

ROLES: dict[str, tuple[str, ...]] = {
    "Agent": CASEWORK,
    "Reviewer": (*CASEWORK, "requests_app.decide_request", "requests_app.answer_referral", "disclosures.retry_notice"),
    "Privacy officer": (
        *CASEWORK, *HOLDS, *PROPOSALS,
        "requests_app.decide_request", "requests_app.approve_request", "requests_app.deny_request",
        "requests_app.answer_referral", "connectors.sign_handtask",
        "connectors.retry_workorder", "connectors.waive_workorder", "retention.approve_run", "retention.add_schedule",
        "retention.change_schedule", "disclosures.add_recipient", "disclosures.change_recipient",
        "disclosures.retry_notice", "disclosures.waive_notice", *PAGES,
        "consent.add_noticeversion", "consent.change_noticeversion",
        "consent.publish_noticeversion", "requests_app.add_agent", "requests_app.change_agent",
        "audit.view_event", "audit.view_sweeprun", *DEADLINES,
    ),
    "System owner": (
        "connectors.view_workorder", "connectors.retry_workorder", "inventory.view_system", "connectors.view_handtask",
        "connectors.sign_handtask",
    ),
    "Legal": (*VIEW_WORK, *HOLDS),
    "Auditor": (*VIEW_WORK, "audit.view_event", "audit.view_sweeprun", "connectors.view_receipt",
                "connectors.view_authorisation"),
    "Administrator": (
        *DESCRIBE, *PROPOSALS, "connectors.view_connection", "connectors.add_connection", "connectors.change_connection",
        "connectors.view_workorder", "audit.view_sweeprun", "audit.view_event", "audit.view_apiclient",
        "audit.add_apiclient", "audit.change_apiclient", "auth.view_user", "auth.add_user", "auth.change_user",
        "auth.view_group", "axes.view_accessattempt",
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
