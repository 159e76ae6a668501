"""The sidebar of the desk: which screens and pages stand where, and for whom."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from inventory import phrases

QUEUE = "admin:requests_app_request"

# title -> (label, icon, model, permission)
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    ("Work", (
        ("Requests", "inbox", "requests_app_request", "requests_app.view_request"),
        ("Parked and other work", "construction", "connectors_workorder", "connectors.view_workorder"),
        ("Work by hand", "back_hand", "connectors_handtask", "connectors.view_handtask"),
        ("Referrals", "forward_to_inbox", "requests_app_referral", "requests_app.view_referral"),
        ("Mail", "mark_email_unread", "requests_app_inboundmail", "requests_app.view_inboundmail"),
        ("Letters", "mail", "requests_app_letter", "requests_app.view_letter"),
        ("Retention runs", "auto_delete", "retention_run", "retention.view_run"),
        ("Erased and back again", "person_alert", "retention_revival", "retention.view_revival"),
        ("Replays after a restore", "settings_backup_restore", "retention_replay", "retention.view_replay"),
        ("Sealed archives", "inventory_2", "retention_archive", "retention.view_archive"),
    )),
    ("People", (
        ("Legal holds", "gavel", "connectors_legalhold", "connectors.view_legalhold"),
        ("Legal holds on rows", "lock_clock", "connectors_rowhold", "connectors.view_rowhold"),
        ("Agents", "support_agent", "requests_app_agent", "requests_app.view_agent"),
        ("Data subjects", "person", "subjects_datasubject", "subjects.view_datasubject"),
    )),
    ("Inventory", (
        ("Systems", "dns", "inventory_system", "inventory.view_system"),
        ("Datasets", "folder_open", "inventory_dataset", "inventory.view_dataset"),
        ("Collections", "table", "inventory_collection", "inventory.view_collection"),
        ("Fields", "view_column", "inventory_field", "inventory.view_field"),
        ("References", "conversion_path", "inventory_reference", "inventory.view_reference"),
        ("Purposes", "flag", "inventory_purpose", "inventory.view_purpose"),
        ("Categories", "label", "inventory_datacategory", "inventory.view_datacategory"),
        ("Proposals", "difference", "connectors_proposal", "connectors.view_proposal"),
        ("Surveys", "travel_explore", "connectors_survey", "connectors.view_survey"),
        ("Archives and backups", "backup", "retention_copyset", "retention.view_copyset"),
        ("Stored copies", "description", "retention_storedcopy", "retention.view_storedcopy"),
        ("Retention schedules", "event_repeat", "retention_schedule", "retention.view_schedule"),
        ("Retention limits", "rule", "retention_limits", "retention.view_limits"),
        ("Retention throttles", "speed", "connectors_throttle", "connectors.view_throttle"),
        ("Versions of schedules", "history_edu", "retention_scheduleversion", "retention.view_scheduleversion"),
    )),
    ("Sharing and consent", (
        ("Recipients", "share", "disclosures_recipient", "disclosures.view_recipient"),
        ("Disclosures", "list_alt", "disclosures_disclosure", "disclosures.view_disclosure"),
        ("Standing disclosures", "all_inclusive", "disclosures_standingdisclosure",
         "disclosures.view_standingdisclosure"),
        ("What our work passes on", "conversion_path", "disclosures_passingrule", "disclosures.view_passingrule"),
        ("Ways of telling", "alt_route", "disclosures_channel", "disclosures.view_channel"),
        ("Notices to recipients", "outgoing_mail", "disclosures_notice", "disclosures.view_notice"),
        ("Notices by hand", "front_hand", "disclosures_errand", "disclosures.view_errand"),
        ("Privacy notices", "article", "consent_noticeversion", "consent.view_noticeversion"),
        ("Announcements", "campaign", "consent_announcement", "consent.view_announcement"),
        ("Launches of purposes", "rocket_launch", "consent_launch", "consent.view_launch"),
        ("External sites", "open_in_new", "disclosures_externalsite", "disclosures.view_externalsite"),
        ("Releases", "dataset", "disclosures_release", "disclosures.view_release"),
        ("Proposed releases", "lock_open", "disclosures_releaseproposal", "disclosures.view_releaseproposal"),
        ("Privacy budgets", "blur_on", "disclosures_privacybudget", "disclosures.view_privacybudget"),
        ("What budgets paid for", "receipt", "disclosures_budgetcharge", "disclosures.view_budgetcharge"),
        ("Sites with our banner", "web", "consent_site", "consent.view_site"),
        ("Cookies", "cookie", "consent_cookie", "consent.view_cookie"),
        ("Cookies seen", "visibility", "consent_seencookie", "consent.view_seencookie"),
        ("People's choices", "toggle_on", "consent_choice", "consent.view_choice"),
        ("What holds", "fact_check", "consent_standing", "consent.view_standing"),
        ("Awaiting confirmation", "mark_email_unread", "consent_pendingchoice", "consent.view_pendingchoice"),
        ("Withdrawals", "undo", "consent_withdrawal", "consent.view_withdrawal"),
        ("Devices", "devices", "consent_device", "consent.view_device"),
        ("Terms of purposes", "schedule", "consent_terms", "consent.view_terms"),
        ("Webhooks", "webhook", "consent_subscription", "consent.view_subscription"),
        ("Webhook messages", "outbox", "consent_delivery", "consent.view_delivery"),
    )),
    ("Processing for clients", (
        ("Clients", "handshake", "disclosures_client", "disclosures.view_client"),
        ("Instructions of clients", "assignment", "disclosures_instruction", "disclosures.view_instruction"),
        ("Sub-processors", "account_tree", "disclosures_listchange", "disclosures.view_listchange"),
        ("Mails about sub-processors", "forward_to_inbox", "disclosures_listmail", "disclosures.view_listmail"),
        ("Clients' answers", "reply", "disclosures_clientanswer", "disclosures.view_clientanswer"),
        ("Subscribers", "notifications", "disclosures_subscriber", "disclosures.view_subscriber"),
    )),
    ("Authorities and transactions", (
        ("Legal demands", "policy", "disclosures_legaldemand", "disclosures.view_legaldemand"),
        ("Transactions", "handshake", "disclosures_transaction", "disclosures.view_transaction"),
        ("Data room", "meeting_room", "disclosures_roomitem", "disclosures.view_roomitem"),
        ("Notices to people", "forward_to_inbox", "disclosures_personnotice", "disclosures.view_personnotice"),
    )),
    ("Accountability", (
        ("Events", "history", "audit_event", "audit.view_event"),
        ("Scheduler", "schedule", "audit_sweeprun", "audit.view_sweeprun"),
        ("Sealed list of erasures", "enhanced_encryption", "retention_sealedentry", "retention.view_sealedentry"),
    )),
    ("Settings", (
        ("Look of the pages", "palette", "requests_app_appearance", "requests_app.view_appearance"),
        ("Warning steps", "notifications", "requests_app_warningstep", "requests_app.view_warningstep"),
        ("Playbooks", "menu_book", "requests_app_playbook", "requests_app.view_playbook"),
        ("Assignment rules", "alt_route", "requests_app_assignmentrule", "requests_app.view_assignmentrule"),
        ("Absences", "beach_access", "requests_app_absence", "requests_app.view_absence"),
        ("Own targets", "target", "requests_app_owntarget", "requests_app.view_owntarget"),
        ("Reports by mail", "schedule_send", "requests_app_reportschedule", "requests_app.view_reportschedule"),
        ("Days off", "event_busy", "requests_app_dayoff", "requests_app.view_dayoff"),
        ("Connections", "cable", "connectors_connection", "connectors.view_connection"),
        ("API clients", "key", "audit_apiclient", "audit.view_apiclient"),
        ("Colleagues", "group", "auth_user", "auth.view_user"),
        ("Roles", "badge", "auth_group", "auth.view_group"),
        ("Failed sign-ins", "lock", "axes_accessattempt", "axes.view_accessattempt"),
    )),
)  # fmt: skip


class Page(NamedTuple):
    """A page that is no list of rows: where it stands (None: last), and who may open it (any of these)."""

    group: str
    label: str
    icon: str
    url: str
    permissions: Sequence[str]
    place: int | None = None


PAGES = (
    Page(
        "Work",
        "New request",
        "add_call",
        f"{QUEUE}_new",
        ("requests_app.change_request", "requests_app.decide_request"),
        1,
    ),
    Page(
        "Work",
        "Many at once",
        "upload",
        f"{QUEUE}_bulk",
        ("requests_app.change_request", "requests_app.decide_request"),
        2,
    ),
    Page("Work", "Team", "groups", "admin:requests_app_absence_team", ("requests_app.view_request",)),
    Page("Work", "Letter samples", "drafts", "admin:letters", ("requests_app.view_request",)),
    Page("Work", "Law", "balance", "admin:law", ("requests_app.view_request",)),
    Page("Work", "Reports", "monitoring", "admin:reports", ("requests_app.view_request",)),
    Page("Inventory", "Record of processing", "list_alt", "admin:record", ("inventory.view_purpose",)),
    Page("Inventory", "Data map", "hub", "admin:data_map", ("inventory.view_purpose",)),
    Page("Inventory", "Past their date", "nights_stay", "admin:retention_proof", ("retention.view_schedule",)),
    Page("Inventory", "Import and export", "swap_vert", "admin:descriptions", ("inventory.view_collection",)),
    Page("Inventory", "Our words, translated", "translate", "admin:our_words", ("inventory.view_phrase",)),
    Page("Sharing and consent", "Notice drift", "compare", "admin:notice_drift", ("consent.view_noticeversion",), 6),
    Page("Accountability", "What still exists", "history_toggle_off", "admin:still_there", ("retention.view_copyset",)),
    Page("Accountability", "Packs of evidence", "folder_zip", "admin:packs", ("requests_app.make_pack",)),
    Page("Accountability", "Assurance checks", "verified", "admin:assurance", ("audit.view_event",)),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what this colleague's role may open."""
    found: list[dict[str, Any]] = []
    for title, rows in GROUPS:
        items = [
            {"title": label, "icon": icon, "link": reverse(f"admin:{name}_changelist")}
            for label, icon, name, permission in rows
            if request.user.has_perm(permission)
        ]
        for page in PAGES:
            if page.group == title and _offered(request, page):
                item = {"title": page.label, "icon": page.icon, "link": reverse(page.url)}
                items.insert(len(items) if page.place is None else page.place, item)
        if items:
            found.append({"title": title, "separator": bool(found), "items": items})
    return found


def _offered(request: HttpRequest, page: Page) -> bool:
    if page.url == "admin:our_words" and not phrases.languages():
        return False  # one language: there is nothing to translate into
    return any(request.user.has_perm(one) for one in page.permissions)
