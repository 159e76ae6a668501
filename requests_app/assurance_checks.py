"""What this app answers for, in the notice's promises."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.assurance import Finding, check
from consent import notices
from law import NO_PROOF_RIGHTS
from requests_app import appearance, leaving, plans
from requests_app.models import AppearanceText, Clock, Letter, Parcel, Proof, Request, State


@check("P11", "requests.clocked", "Every request has a deadline that is running or met")
def clocked() -> Finding:
    """Counts requests without any clock of an answer."""
    answers = Clock.objects.filter(request=OuterRef("pk"), kind=Clock.Kind.RESPOND)
    everyone = Request.objects.count()
    bare = Request.objects.filter(~Exists(answers)).count()
    if bare:
        return Finding(False, f"{bare} of {everyone} requests have no deadline.")
    return Finding(True, f"All {everyone} requests have their deadline, with its calculation.")


@check("P11", "requests.in_time", "No open request has passed its deadline")
def in_time() -> Finding:
    """Counts open requests past their strictest deadline."""
    late = Request.objects.exclude(state=State.CLOSED).filter(due_at__lte=timezone.now()).count()
    running = Request.objects.exclude(state=State.CLOSED).count()
    if late:
        return Finding(False, f"{late} of {running} open requests are past their deadline.")
    return Finding(True, f"None of {running} open requests is past its deadline.")


@check("P11", "requests.proved", "Nothing was handed out or changed without proof")
def proved() -> Finding:
    """Counts requests beyond the proof stage that no mailbox proved, where proof is needed."""
    worked = Request.objects.exclude(state__in=(State.RECEIVED, State.VERIFYING)).exclude(right__in=NO_PROOF_RIGHTS)
    worked = worked.exclude(state=State.CLOSED, outcome__in=("unverified", "withdrawn", "duplicate", "denied"))
    bad = worked.filter(proved_at=None).count()
    return Finding(not bad, f"{bad} of {worked.count()} requests were worked on without proof.")


@check("P11", "requests.letters", "No letter to a person is stuck")
def letters_out() -> Finding:
    """Counts parked letters."""
    stuck = Letter.objects.filter(state=Letter.State.PARKED).count()
    return Finding(not stuck, f"{stuck} letters wait for a colleague.")


@check("P13", "requests.parcels", "No package outlives its day")
def parcels_gone() -> Finding:
    """Counts packages whose day passed an hour ago and that are still there."""
    late = timezone.now() - timedelta(hours=1)
    kept = Parcel.objects.filter(state=Parcel.State.READY, expires_at__lte=late).count()
    return Finding(not kept, f"{kept} packages are past their day and not destroyed.")


@check("P17", "requests.opt_out_free", "An opt-out of sale never waits for proof or for staff")
def opt_out_free() -> Finding:
    """Counts opt-outs that were asked for proof, or that wait in review."""
    rows = Request.objects.filter(right__in=NO_PROOF_RIGHTS)
    asked = Proof.objects.filter(request__in=rows, purpose=Proof.Purpose.OPEN).count()
    waiting = rows.filter(state__in=(State.VERIFYING, State.IN_REVIEW)).count()
    text = f"{rows.count()} opt-outs: {asked} were asked for proof, {waiting} wait."
    return Finding(not asked and not waiting, text)


@check("P12", "requests.links_registered", "Every site that the notice links to is in the register of external sites")
def links_registered() -> Finding:
    """Names the hosts, in notices in force and in the company's own words, that nobody has reviewed."""
    texts = [version.body for tag, _ in settings.LANGUAGES if (version := notices.current(language=tag))]
    texts += [f"{one.home_lead} {one.contact} {one.footer} {one.links}" for one in AppearanceText.objects.all()]
    unknown = leaving.unregistered("\n".join(texts))
    return Finding(not unknown, f"Not in it: {', '.join(unknown[:10])}." if unknown else "All of them are.")


@check("P11", "requests.offered", "The public pages offer every right that they can carry out")
def offered() -> Finding:
    """Names the rights that the look of the pages leaves out: a law may give them all the same."""
    left_out = [right for right in plans.OFFERED if right not in appearance.current().offered]
    return Finding(not left_out, f"Left out: {', '.join(left_out)}." if left_out else "None is left out.")
