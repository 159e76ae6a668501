"""What this app answers for, in the notice's promises."""

from datetime import timedelta

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from audit import triggers
from audit.assurance import Finding, check
from consent import append_only, cookies, drifting, immutable, launching, notices, rebuilding, reviewing
from consent.models import Announcement, Choice, NoticeVersion, Told, Withdrawal
from inventory.models import Purpose


@check("P5", "consent.consequence", "Every required purpose says what refusing it means")
def consequences() -> Finding:
    """Counts required purposes without a consequence."""
    required = Purpose.objects.filter(required=True)
    silent = required.filter(consequence="").count()
    return Finding(not silent, f"{silent} of {required.count()} required purposes do not say it.")


@check("P5", "consent.free", "No required purpose rests on consent")
def freely_given() -> Finding:
    """Counts purposes that are marked as required and rest on consent: consent that must be given is none."""
    forced = Purpose.objects.filter(required=True, lawful_basis=Purpose.Basis.CONSENT).count()
    return Finding(not forced, f"{forced} required purposes rest on consent.")


@check("P5", "consent.consequence_optional", "Every purpose that can be refused says what a No means")
def consequences_of_a_no() -> Finding:
    """Counts optional purposes without a consequence: a person reads it before choosing."""
    optional = Purpose.objects.filter(required=False)
    silent = optional.filter(consequence="").count()
    return Finding(not silent, f"{silent} of {optional.count()} optional purposes do not say it.")


@check("P8", "consent.launched", "No purpose is in use before people were told of it")
def launched() -> Finding:
    """Names the purposes that data serves, or that somebody said Yes to, and that are not live as they are now."""
    used = Q(collections__isnull=False) | Exists(Choice.objects.filter(purpose=OuterRef("pk"), granted=True))
    rows = list(Purpose.objects.filter(used).distinct().order_by("name"))
    early = [one.name for one in rows if not _live_somewhere(one)]
    if early:
        return Finding(False, f"In use and not live: {', '.join(early[:10])}.")
    return Finding(True, f"All {len(rows)} purposes in use are live.")


def _live_somewhere(purpose: Purpose) -> bool:
    return launching.live(purpose) or any(launching.live(purpose, place) for place in launching.places())


@check("P8", "consent.purposes_told", "The notice in force names every purpose that a person can choose")
def purposes_told() -> Finding:
    """Counts optional purposes whose name does not stand in the wording in force."""
    version = notices.current()
    wording = version.body.casefold() if version else ""
    names = list(Purpose.objects.filter(required=False).values_list("name", flat=True))
    untold = sum(name.casefold() not in wording for name in names)
    return Finding(not untold, f"{untold} of {len(names)} optional purposes are not named in the notice.")


@check("P8", "consent.wording_kept", "Every Yes by consent knows the wording that was shown")
def wording_kept() -> Finding:
    """Counts consents without a notice version."""
    given = Choice.objects.filter(granted=True, purpose__lawful_basis=Purpose.Basis.CONSENT)
    bare = given.filter(notice=None).count()
    return Finding(not bare, f"{bare} of {given.count()} consents do not know it.")


@check("P16", "consent.notice", "A published privacy notice is in force")
def notice_in_force() -> Finding:
    """Whether there is one."""
    version = notices.current()
    text = f"Version {version.number} is in force since {version.effective_on}." if version else "None is in force."
    return Finding(version is not None, text)


@check("P16", "consent.unchanged", "No published wording was changed afterwards")
def unchanged() -> Finding:
    """Computes the digest of every published version anew, and looks for the triggers that refuse a change."""
    rows = list(NoticeVersion.objects.exclude(published_at=None).only("title", "body", "digest"))
    changed = sum(notices.digest(one.title, one.body) != one.digest for one in rows)
    guarded = immutable.installed(connection)
    words = f"{changed} of {len(rows)} published versions differ from their digest."
    if not guarded:
        words += " The triggers of the database that refuse a change are missing."
    return Finding(not changed and guarded, words)


@check("P16", "consent.two_people", "Every notice was approved by somebody who did not write it")
def two_people() -> Finding:
    """Counts published versions of a known author that nobody else approved."""
    rows = NoticeVersion.objects.filter(published_at__isnull=False, written_by__isnull=False)
    same = Q(approved_by=None) | Q(approved_by=F("written_by")) | Q(approved_by=F("edited_by"))
    alone = rows.filter(same | Q(published_by=F("written_by"))).count()
    return Finding(not alone, f"{alone} of {rows.count()} published versions had no second person.")


@check("P16", "consent.reviewed", "Every notice in force was read again within 12 months")
def read_again() -> Finding:
    """Names the notices that nobody has published or reviewed for a year."""
    late = reviewing.overdue(timezone.now())
    names = ", ".join(f"{one.key} version {one.number}" for one in late[:10])
    return Finding(not late, f"Not read for a year: {names}." if late else "All were.")


@check("P7", "consent.drift", "The notices in force name what we do, and we do what they name")
def no_drift() -> Finding:
    """Counts the differences between notices and inventory, recipients and retention periods."""
    found = drifting.read(timezone.now())
    if not found:
        return Finding(False, "No notice is in force.")
    lines = sum(len(lines) for _, lines in found)
    return Finding(not lines, f"{lines} differences in {len(found)} notices in force.")


@check("P16", "consent.told", "Whoever was to be told of a new notice was told")
def people_told() -> Finding:
    """Counts people whose mail failed and who were not told another way, in announcements that are not stopped."""
    rows = Told.objects.exclude(announcement__state=Announcement.State.STOPPED)
    failed = rows.filter(state=Told.State.FAILED).count()
    told = rows.filter(state=Told.State.TOLD).count()
    return Finding(not failed, f"{told} tellings; {failed} people could not be told.")


@check("P8", "consent.ledger_kept", "No recorded choice can be changed or deleted")
def ledger_kept() -> Finding:
    """Whether the triggers of the ledger are there."""
    bare = [one.name for one in append_only.TABLES if not triggers.installed(connection, one)]
    return Finding(
        not bare, f"{len(append_only.TABLES) - len(bare)} of {len(append_only.TABLES)} tables are append-only."
    )


@check("P8", "consent.standing", "What holds is what the ledger says")
def standing_agrees() -> Finding:
    """Compares the people of the newest choices; `manage.py consent_standing --check` compares all."""
    wrong = rebuilding.compare_newest()
    return Finding(not wrong, f"{wrong} rows of the people who chose last differ from the ledger.")


@check("P8", "consent.withdrawals_carried", "A withdrawal reaches the systems within a day")
def withdrawals_carried() -> Finding:
    """Counts withdrawals that have been on their way for more than a day."""
    on_its_way = Withdrawal.objects.filter(state__in=("open", "searching", "stopping"))
    late = on_its_way.filter(noted_at__lt=timezone.now() - timedelta(days=1)).count()
    return Finding(not late, f"{late} withdrawals have been on their way for more than a day.")


@check("P2", "consent.cookies", "Every cookie that the banner saw stands in the register, or is known not to be ours")
def cookies_registered() -> Finding:
    """Counts names that nobody has decided on."""
    waiting = cookies.unregistered().count()
    return Finding(not waiting, f"{waiting} names wait for somebody to register them.")
