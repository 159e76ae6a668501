"""What this app answers for, in the notice's promises."""

from audit.assurance import Finding, check
from consent import notices
from consent.models import Choice, NoticeVersion
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
    """Computes the digest of every published version anew."""
    rows = list(NoticeVersion.objects.exclude(published_at=None).only("title", "body", "digest"))
    changed = sum(notices.digest(one.title, one.body) != one.digest for one in rows)
    return Finding(not changed, f"{changed} of {len(rows)} published versions differ from their digest.")
