"""Some of Hireline's people and their choices: a change of mind, a Yes that ended, one that awaits its link, one taken back."""

from datetime import timedelta

from django.utils import timezone

from audit.actor import Actor
from consent import choices, doubly, notices
from consent.choices import How
from consent.models import Choice
from inventory.models import Purpose
from subjects import registry

WORDS = "May we send you our newsletter? You can say No at any time."
CHANGED, ENDED, WAITING = "mina.reader@mail.example", "otto.former@mail.example", "lea.waiting@mail.example"
# On the newsletter's list still, though they said No long ago.
LEFT = "stranger7@mail.example"


def load(actor: Actor) -> None:
    """Record them once."""
    news = Purpose.objects.get(key="newsletter")
    if Choice.objects.filter(purpose=news).exists():
        return
    now, how = timezone.now(), How(words=WORDS, language="en", region="DE")
    mina, otto, lea = (registry.find_or_make("email", one, actor=actor) for one in (CHANGED, ENDED, WAITING))
    for granted, days in ((True, 200), (False, 90), (True, 20)):
        at = now - timedelta(days=days)
        # By request: no system of Hireline's knows her, so none is searched.
        choices.record(
            mina,
            news,
            granted,
            source=Choice.Source.REQUEST,
            actor=actor,
            notice=notices.current(at=at),
            how=how,
            chosen_at=at,
        )
    left = registry.find_or_make("email", LEFT, actor=actor)
    for granted, days in ((True, 250), (False, 120)):
        at, by = now - timedelta(days=days), Choice.Source.REQUEST
        choices.record(left, news, granted, source=by, actor=actor, how=how, chosen_at=at)
    choices.record(
        otto, news, True, source=Choice.Source.PORTAL, actor=actor, how=how, chosen_at=now - timedelta(days=400)
    )
    mail = registry.add(lea, "email", WAITING, actor=actor)
    doubly.ask(mail, news, source=Choice.Source.PORTAL, actor=actor, how=how)
