"""Hireline's one agent, and a request that it made: so that the desk shows who asks for whom."""

from django.utils import timezone

from audit.actor import Actor
from audit.bell import silence
from privacyops.demo.generator import NAMED
from requests_app import intake
from requests_app.askers import Given
from requests_app.models import Agent

AGENT = {"name": "Olivia Stone", "contact": "requests@dataallies.example", "state": Agent.State.ACTIVE}
ORGANISATION = "Data Allies Ltd"


def agents(actor: Actor) -> None:
    """The agent, and what it asks for Carla in California: it waits for her own word. Written once."""
    agent, made = Agent.objects.get_or_create(organisation=ORGANISATION, defaults=AGENT)
    if not made:
        return
    name, email, *_ = NAMED[3]
    given = Given("agent", agent.name, agent.contact, ORGANISATION, "permission")
    submission = intake.Submission(
        right="access", email=email, name=name, residence="US-CA", asker=given, channel="email", nonce="demo-agent-1"
    )
    with silence():  # no broker runs yet while the demo is made: the sweeps find it
        intake.submit(submission, now=timezone.now(), actor=actor)
