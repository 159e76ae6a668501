"""How Hireline's privacy team shares its work: two rules, one colleague who is away, and a playbook. Written once."""

from datetime import timedelta

from django.contrib.auth.models import Group, User

from audit import log
from audit.actor import Actor
from requests_app import absences, laws, playing
from requests_app.models import Absence, AssignmentRule, Playbook

# Works here, cannot sign in, and is away: so that the desk shows who stands in.
AWAY = "lena"
STEPS = """\
! Look whether a contract or an invoice still needs the rows
Ask the people team whether an application is open
Look at the rows that concern somebody else too"""
PARAGRAPHS = [
    ("erased", "en", "If you apply again later, you begin with an empty profile."),
    ("erased", "de", "Wenn Sie sich später wieder bewerben, beginnen Sie mit einem leeren Profil."),
]


def load(actor: Actor, author: User) -> None:
    """Colleagues share the work; needs the demo's colleagues, and does nothing without them or when it is there already."""
    people = list(User.objects.filter(username__in=("maya", "jonas")).order_by("username"))
    if len(people) < 2 or AssignmentRule.objects.exists() or Playbook.objects.exists():
        return
    lena = _lena()
    _rule(actor, "Deletions: whoever has least", 1, [*people, lena], rights=["delete"], pick="fewest")
    _rule(actor, "Everything else, in turn", 2, people)
    today = laws.today()
    jonas = next(one for one in people if one.username == "jonas")
    absences.keep(
        Absence(person=lena, starts_on=today, ends_on=today + timedelta(days=12), stand_in=jonas), by=lena
    )  # fmt: skip
    playing.keep(
        Playbook(name="Deletions at Hireline", right="delete", review_over=5000, steps=STEPS), PARAGRAPHS, by=author
    )  # fmt: skip


def _lena() -> User:
    user, made = User.objects.get_or_create(
        username=AWAY, defaults={"first_name": "Lena", "is_staff": True, "email": "lena@hireline.example"}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name="Reviewer"))
    return user


def _rule(actor: Actor, name: str, place: int, people: list[User], **more: object) -> None:
    with log.atomic():
        row = AssignmentRule.objects.create(name=name, place=place, **more)
        row.people.set(people)
        log.record("desk.added", actor=actor, noun=row, fields=["name", "people", "place"])
