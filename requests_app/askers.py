"""Who asks for somebody else: what they have to say of themselves, the row that keeps it, and the letters that they get.

The person always hears that somebody asked for them; the asker hears that it arrived and that it ended, and nothing that we
know of the person. Data goes to a channel of the person only (see docs/asking.md).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import law
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import laws, letters, policy
from requests_app.models import Agent, Asker, Request
from subjects import identifiers, registry

KINDS = tuple(law.BASES)
NO_HEIRS = _("The law of that place gives heirs no right to somebody's data. Write to us and tell us what you need.")
OWN_ADDRESS = _("Give the address by which we know the person here. Your own comes further below.")


@dataclass(frozen=True)
class Given:
    """What somebody who asks for another says of themselves: capacity, what shows it, and who they are."""

    kind: str
    name: str
    email: str
    organisation: str = ""
    basis: str = ""


def checked(given: Given, *, right: str, residence: str, relation: str, person: str, at: datetime) -> law.Standing:
    """What must happen before we search. Raises Refused, with the field at fault, for what is missing or may not be."""
    if given.kind not in KINDS:
        raise Refused(gettext("Choose for whom you ask."), code="asked_by_unknown", field="asked_by")
    for value, name in ((given.name, "asker_name"), (given.organisation, "asker_organisation")):
        if len(value) > policy.LONGEST_NAME or not policy.printable(value):
            words = gettext("Please keep this under %(most)s plain characters.") % {"most": policy.LONGEST_NAME}
            raise Refused(words, code=name, field=name)
    if not given.name.strip():
        raise Refused(gettext("Enter your own name."), code="asker_name_missing", field="asker_name")
    if given.basis not in law.BASES[given.kind]:
        words = gettext("Choose what shows that you may ask for this person.")
        raise Refused(words, code="basis_unknown", field="basis")
    try:
        own = identifiers.email(given.email)
    except Refused as refused:
        raise Refused(refused.message, code=refused.code, field="asker_email") from refused
    if own == identifiers.email(person) and given.kind != law.PARENT:
        raise Refused(str(OWN_ADDRESS), code="own_address", field="email")
    found = law.standing(given.kind, given.basis, right, residence, laws.speaking(residence, right, at, relation))
    if not found.allowed:
        raise Refused(str(NO_HEIRS), code="heirs_have_no_right", field="asked_by")
    return found


def store(request: Request, given: Given, standing: law.Standing, agent: Agent | None, *, actor: Actor) -> Asker:
    """Keep who asks beside the new request, in the caller's transaction."""
    own = registry.find_or_make("email", given.email, actor=actor)
    asker = Asker.objects.create(
        request=request,
        basis=given.basis,
        name=given.name.strip(),
        organisation=given.organisation.strip(),
        identifier=registry.add(own, "email", given.email, actor=actor),
        agent=agent or known_agent(given),
        gate=standing.gate,
        cite=standing.cite[:120],
    )
    log.record(
        "request.asked_for",
        actor=actor,
        noun=request,
        subject_id=request.subject_id,
        kind=given.kind,
        gate=asker.gate,
        agent=str(asker.agent_id or ""),
    )
    return asker


def known_agent(given: Given) -> Agent | None:
    """The agent in our list that this says to be: shown to colleagues, and no proof of anything."""
    if given.kind != law.AGENT:
        return None
    return valid_agents().filter(contact__iexact=given.email.strip()).first()


def valid_agents() -> "QuerySet[Agent]":
    """Agents that are active and whose mandate has not run out."""
    valid = Q(mandate_until=None) | Q(mandate_until__gte=laws.today())
    return Agent.objects.filter(valid, state=Agent.State.ACTIVE)


def acknowledge(asker: Asker, now: datetime, *, actor: Actor) -> None:
    """One letter to the asker that says what arrived; none to a mailbox that had enough, or that is the person's own."""
    request = asker.request
    if asker.identifier_id == request.identifier_id or letters.limited(asker.identifier, now):
        return
    letters.queue(
        request,
        "asker_acknowledged",
        dedupe="asker_acknowledged",
        context={"gate": asker.gate},
        actor=actor,
        identifier=asker.identifier,
    )


def tell_end(request: Request, *, actor: Actor) -> None:
    """Tell whoever asked for the person that the request has ended, without a word about the person."""
    asker = Asker.objects.select_related("identifier").filter(request=request).first()
    if asker is None or asker.identifier_id == request.identifier_id:
        return
    refused = request.authority == Request.Authority.REFUSED
    kind = "asker_refused" if refused else "asker_answered"
    letters.queue(
        request,
        kind,
        dedupe=f"{kind}-{request.closed_at:%Y%m%d%H%M%S%f}",
        context={"note": request.denial_note} if refused else {},
        actor=actor,
        identifier=asker.identifier,
    )
