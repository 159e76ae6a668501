"""What this app answers for, in the notice's promises."""

from datetime import timedelta

from django.db import connection
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from audit import triggers
from audit.assurance import Finding, check
from audit.models import Event
from disclosures import (
    answers,
    append_only,
    chasing,
    clients,
    listing,
    listmail,
    policies,
    recipients,
    reviewmail,
    sites,
    standing,
)
from disclosures.demands import gags, reads, registering
from disclosures.models import (
    BudgetCharge,
    Disclosure,
    ExternalSite,
    LegalDemand,
    Notice,
    PersonNotice,
    PrivacyBudget,
    Recipient,
    Release,
    ReleaseProposal,
    RoomItem,
    TransactionPerson,
)


def _list(noun: str, filters: str = "") -> str:
    """Where the rows that a check names stand on the desk."""
    return reverse(f"admin:disclosures_{noun}_changelist") + (f"?{filters}" if filters else "")


@check("P9", "disclosures.contracts", "Every active recipient has a country and a contract")
def contracts() -> Finding:
    """Counts active recipients without one of them."""
    active = Recipient.objects.filter(active=True)
    bare = active.filter(Q(country="") | Q(contract="")).count()
    return Finding(not bare, f"{bare} of {active.count()} active recipients lack one.")


@check("P9", "disclosures.told", "No recipient waits to be told because of a failure")
def told() -> Finding:
    """Counts parked notices."""
    parked = Notice.objects.filter(state=Notice.State.PARKED).count()
    return Finding(not parked, f"{parked} notices wait for a colleague.")


@check("P9", "disclosures.confirmed", "Recipients confirm what they were asked to do")
def confirmed() -> Finding:
    """Counts notices that are unconfirmed for longer than was agreed with the recipient."""
    late = chasing.overdue(timezone.now())
    return Finding(not late, f"{late} notices have been unconfirmed for longer than was agreed.", _list("notice"))


@check("P9", "disclosures.to_active", "Nothing was passed to a recipient that is switched off")
def to_active() -> Finding:
    """Counts entries of the last 30 days whose recipient is inactive."""
    recent = Disclosure.objects.sound().filter(disclosed_at__gt=timezone.now() - timedelta(days=30))
    # An authority is never switched on: what went to it has its own checks (P10).
    stray = recent.filter(recipient__active=False).exclude(recipient__kind=registering.KIND).count()
    return Finding(not stray, f"{stray} of {recent.count()} disclosures of the last 30 days went to one.")


@check("P12", "disclosures.sites_reviewed", "The policy of every external site was read in its time")
def sites_reviewed() -> Finding:
    """Counts sites in use whose review is overdue."""
    late = sites.overdue(timezone.localdate()).count()
    used = ExternalSite.objects.filter(state=ExternalSite.State.IN_USE).count()
    return Finding(not late, f"{late} of {used} external sites should have been reviewed by now.")


@check("P9", "disclosures.contract_dates", "No active recipient works under a contract that is over")
def contract_dates() -> Finding:
    """Counts active recipients whose contract ended."""
    over = recipients.ended(timezone.localdate()).count()
    return Finding(
        not over, f"{over} active recipients have a contract that is over.", _list("recipient", "review=ended")
    )


@check("P9", "disclosures.transfers", "Every transfer to a third country stands on a basis")
def transfers() -> Finding:
    """Names recipients whose transfers have a gap by the tables of law (adequacy, certification, assessment, derogation)."""
    found = [(one, gaps[0].words) for one, gaps in recipients.abroad(timezone.localdate())]
    if not found:
        return Finding(True, "Every country where a recipient has data is covered.")
    first = f"{found[0][0].name}: {found[0][1]}"[:200]
    return Finding(False, f"{len(found)} recipients have a gap. {first}", _list("recipient", "gap=transfer"))


@check("P9", "disclosures.what_for", "Every recipient's data has a purpose")
def what_for() -> Finding:
    """Counts active recipients that get a category without a purpose."""
    bare = recipients.purposeless().count()
    return Finding(
        not bare, f"{bare} active recipients get data, and nobody said what for.", _list("recipient", "gap=purpose")
    )


@check("P17", "disclosures.sale_marked", "Who gets data by sale or sharing is marked so, and hears of opt-outs")
def sale_marked() -> Finding:
    """Counts active recipients with a purpose that is sale or sharing and no mark."""
    bare = recipients.unsaid_sale().count()
    return Finding(
        not bare, f"{bare} recipients get data for sale or sharing without a mark.", _list("recipient", "gap=sale")
    )


@check("P9", "disclosures.recipients_reviewed", "Every recipient was looked at in its time")
def recipients_reviewed() -> Finding:
    """Counts active recipients whose review is overdue, and reminders that could not be sent."""
    today = timezone.localdate()
    late, unsent = recipients.overdue(today).count(), reviewmail.unsent(today)
    more = f" {unsent} reminders could not be sent." if unsent else ""
    sentence = f"{late} recipients should have been looked at by now.{more}"
    return Finding(not late and not unsent, sentence, _list("recipient", "review=overdue"))


@check("P6", "disclosures.clients_known", "Every client of a system is in the register")
def clients_known() -> Finding:
    """Counts processor systems whose client is not registered."""
    bare = clients.unregistered().count()
    return Finding(not bare, f"{bare} systems hold data of a client that is not in the register.", _list("client"))


@check("P6", "disclosures.instructed", "What is processed for a client is covered by its instruction")
def instructed() -> Finding:
    """Counts processor systems without an instruction in force (GDPR art. 28(3)(a))."""
    bare = clients.uninstructed().count()
    return Finding(not bare, f"{bare} systems hold a client's data without its instruction.", _list("instruction"))


@check("P6", "disclosures.instructions_done", "Instructions of clients are carried out in time")
def instructions_done() -> Finding:
    """Counts instructions past their day, and doubts that no client answered."""
    late = clients.overdue(timezone.localdate()).count()
    return Finding(not late, f"{late} instructions wait for us or for an answer.", _list("instruction", "waits=us"))


@check("P6", "disclosures.subprocessors_listed", "No sub-processor works for us before it was announced")
def subprocessors_listed() -> Finding:
    """Counts active sub-processors that do not stand on the list today."""
    bare = listing.unlisted(timezone.localdate()).count()
    return Finding(
        not bare, f"{bare} active sub-processors do not stand on the list.", _list("recipient", "gap=unlisted")
    )


@check("P6", "disclosures.clients_told", "Clients are told of new sub-processors in time")
def clients_told() -> Finding:
    """Counts mails that wait for a colleague, and clients that heard too late in the last year."""
    parked, late = listmail.parked().count(), listing.told_too_late(timezone.now() - timedelta(days=365))
    sentence = f"{parked} clients could not be told; {late} heard too late in the last year."
    return Finding(not parked and not late, sentence, _list("listmail", "state__exact=parked"))


@check("P6", "disclosures.objections", "No sub-processor starts against an open objection")
def objections() -> Finding:
    """Names changes in force against an objection, or without the word of a client that has to agree."""
    started, waiting = listing.started_in_spite(timezone.localdate()), answers.unsettled().count()
    which = f" Changes in force in spite of a client: {listing.numbers(started)[:100]}." if started else ""
    return Finding(not started, f"{waiting} objections are open.{which}", _list("clientanswer", "waits=us"))


@check("P12", "disclosures.policies_watched", "The policies of external sites say what somebody read")
def policies_watched() -> Finding:
    """Counts policies that changed or are gone, and those that nobody looks at."""
    trouble, blind = policies.trouble().count(), policies.unwatched()
    sentence = f"{trouble} policies changed or cannot be opened; {blind} have not been looked at in their time."
    return Finding(not trouble and not blind, sentence, _list("externalsite", "policy=trouble"))


@check("P10", "disclosures.demands_answered", "No legal demand is overdue")
def demands_answered() -> Finding:
    """Counts open demands whose answer was due before today."""
    late, still = reads.overdue(timezone.localdate()).count(), reads.still_open().count()
    return Finding(not late, f"{late} of {still} open legal demands are overdue.")


@check("P10", "disclosures.gags_ended", "Nobody waits to be told after a gag has ended")
def gags_ended() -> Finding:
    """Counts demands whose gag ended before yesterday, and notices to people about demands that could not be sent."""
    silent = gags.to_tell(timezone.localdate() - timedelta(days=1)).count()
    parked = PersonNotice.objects.filter(state=PersonNotice.State.PARKED, demand__isnull=False).count()
    return Finding(not silent + parked, f"{silent} demands past their gag, {parked} notices wait for a colleague.")


@check("P10", "disclosures.gags_reviewed", "Gags without an end are asked about in their time")
def gags_reviewed() -> Finding:
    """Counts gags without an end whose day of asking has passed."""
    late = gags.to_review(timezone.localdate() - timedelta(days=1)).count()
    return Finding(not late, f"{late} gags without an end should have been asked about.")


@check(
    "P10", "disclosures.demands_approved", "Nothing went to an authority without approval, seal and entry in the ledger"
)
def demands_approved() -> Finding:
    """Counts disclosed demands without a second person, without a sealed file, or without entries and no gag to explain it."""
    gone = LegalDemand.objects.filter(state=LegalDemand.State.DISCLOSED)
    alone = Q(approved_by=None) | Q(prepared_by=None) | Q(approved_by=F("prepared_by"))
    waits = Q(notify=LegalDemand.Notify.GAG, told_at=None)
    unsealed = gone.filter(alone | Q(files=None)).distinct().count()
    missing = gone.exclude(waits).filter(people__disclosure=None).distinct().count()
    return Finding(
        not unsealed + missing, f"Of {gone.count()}, {unsealed} lack approval or seal, {missing} lack entries."
    )


@check(
    "P10",
    "disclosures.transfers_approved",
    "Nobody who objected went over, and nobody was shown to a buyer by one person",
)
def transfers_approved() -> Finding:
    """Counts people who objected and were entered all the same, and personal data in data rooms without a second person."""
    moved = TransactionPerson.objects.filter(objected_at__isnull=False, transferred_at__isnull=False).count()
    shown = RoomItem.objects.filter(level=RoomItem.Level.PERSONAL, shown_at__isnull=False, approved_by=None).count()
    return Finding(not moved + shown, f"{moved} people went over who objected; {shown} showings lack approval.")


@check("P4", "disclosures.releases_passed", "Everything that left as anonymous passed the gate")
def releases_passed() -> Finding:
    """Counts releases of the last year whose proposal has a reason against it, or whose figures lack what was asked for."""
    recent = _recent_releases()
    bad = sum(1 for one in recent if one.proposal.reasons or not _reached(one))
    return Finding(not bad, f"{bad} of {len(recent)} releases of the last year did not pass.")


@check("P4", "disclosures.releases_approved", "Nothing left as anonymous without a second person's approval")
def releases_approved() -> Finding:
    """Counts releases of the last year without an approved proposal, or without the event of its approval."""
    recent = _recent_releases()
    told = set(
        Event.objects.filter(name="release.approved", noun_id__in=[str(one.proposal_id) for one in recent]).values_list(
            "noun_id", flat=True
        )
    )
    bad = sum(
        1
        for one in recent
        if one.proposal.state != ReleaseProposal.State.APPROVED
        or one.proposed_by_id == one.approved_by_id
        or str(one.proposal_id) not in told
    )
    return Finding(not bad, f"{bad} of {len(recent)} releases of the last year left without it.")


@check("P4", "disclosures.releases_stay", "What left, and what it cost of a budget, cannot be changed afterwards")
def releases_stay() -> Finding:
    """The tables' triggers are there, and no budget is overspent."""
    bare = [one.name for one in append_only.RELEASES if not triggers.installed(connection, one)]
    over = PrivacyBudget.objects.filter(spent_epsilon_micro__gt=F("epsilon_micro")).count()
    return Finding(
        not bare and not over,
        f"{len(append_only.RELEASES) - len(bare)} of {len(append_only.RELEASES)} tables are append-only.",
    )


def _recent_releases() -> list[Release]:
    rows = Release.objects.filter(released_at__gt=timezone.now() - timedelta(days=365))
    return list(rows.select_related("proposal").defer("proposal__preview", "proposal__failing", "proposal__columns"))


def _reached(release: Release) -> bool:
    """Whether the figures are those that were asked for."""
    found = release.figures
    if release.kind == ReleaseProposal.Kind.MICRODATA:
        return bool(found.get("k", 0) >= found.get("wanted", {}).get("k", 1))
    if release.kind == ReleaseProposal.Kind.TABLE:
        return not found.get("audit", {"failed": 1})["failed"]
    return BudgetCharge.objects.filter(proposal=release.proposal_id).exists()


@check("P9", "disclosures.ledger_kept", "No recorded disclosure can be changed or deleted")
def ledger_kept() -> Finding:
    """Whether the triggers of the ledger, and of what was taken back, are there."""
    tables = (*append_only.LEDGER, *append_only.RETRACTIONS)
    bare = [one.name for one in tables if not triggers.installed(connection, one)]
    return Finding(not bare, f"{len(tables) - len(bare)} of {len(tables)} tables are append-only.")


@check("P9", "disclosures.standing_dated", "What recipients get of everyone has its days")
def standing_dated() -> Finding:
    """Counts active recipients that are marked as getting data of everyone and have no standing disclosure with its days."""
    bare, marked = standing.undated().count(), Recipient.objects.filter(active=True, receives_everyone=True).count()
    return Finding(not bare, f"{bare} of {marked} recipients that get data of everyone have no days.")
