"""Fills the scratch help desk through django-helpdesk's own models. Run by tests/foreign/run in its environment.

DESK_DATABASE=... DJANGO_SETTINGS_MODULE=helpdesk_settings python helpdesk_fill.py
"""

import random

import django
from django.core.management import call_command

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from helpdesk.models import (  # noqa: E402
    Checklist,
    ChecklistTask,
    CustomField,
    FollowUp,
    FollowUpAttachment,
    IgnoreEmail,
    KBCategory,
    KBItem,
    PreSetReply,
    Queue,
    SavedSearch,
    Ticket,
    TicketCC,
    TicketChange,
    TicketCustomFieldValue,
    TicketDependency,
)

User = get_user_model()
FIRST = ["Ada", "Boris", "Chidi", "Dilek", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jun"]
LAST = ["Adler", "Baker", "Cohen", "Duarte", "Eriksen", "Fischer", "Garcia", "Hansen"]
PEOPLE = 60


def staff() -> list[object]:
    found = []
    for number in range(3):
        made = User.objects.create_user(
            f"agent{number}",
            f"agent{number}@desk.example",
            "not-a-password",
            first_name="Sam",
            last_name=f"Agent{number}",
        )
        made.is_staff = True
        made.save()
        SavedSearch.objects.create(user=made, title="Mine", query="e30=")
        found.append(made)
    return found


def ticket(dice: random.Random, user: object, queue: object, agents: list[object], item: object) -> object:
    agent = dice.choice(agents)
    row = Ticket.objects.create(
        title=f"{user.first_name} cannot sign in",
        queue=queue,
        submitter_email=user.email,
        assigned_to=agent,
        description=f"Hello, this is {user.first_name} {user.last_name}. My address is {user.email} and nothing works.",
        resolution=f"{user.first_name} got a new password",
        kbitem=item,
    )
    asked = FollowUp.objects.create(
        ticket=row, user=user, title="Comment", comment=f"It is still broken, {user.first_name}", public=True
    )
    FollowUpAttachment.objects.create(
        followup=asked, file="picture.png", filename=f"screen of {user.first_name}.png", mime_type="image/png", size=10
    )
    answer = FollowUp.objects.create(
        ticket=row, user=agent, title="Answer", comment=f"Dear {user.first_name} {user.last_name}, try again.",
        public=True, email_recipients=[user.email],
    )  # fmt: skip
    TicketChange.objects.create(
        followup=answer, field="Title", old_value=f"{user.first_name} has a problem", new_value=row.title
    )
    tasks = Checklist.objects.create(ticket=row, name="First look")
    ChecklistTask.objects.create(checklist=tasks, description=f"Ring {user.first_name}", position=1)
    TicketCustomFieldValue.objects.create(
        ticket=row, field=CustomField.objects.get(), value=f"+31 10 123 45 {row.pk % 90 + 10}"
    )
    return row


def customer(
    dice: random.Random, number: int, desk: tuple[object, list[object], object], before: list[object]
) -> object:
    queue, agents, item = desk
    # Nobody else bears the first one's name, so that a search for it afterwards finds what was left of them.
    first, last = ("Bruno", "Fischer") if number == 0 else (dice.choice(FIRST), dice.choice(LAST))
    mail = f"{first}.{last}{number}@people.example".lower()
    user = User.objects.create_user(f"user{number}", mail, "not-a-password", first_name=first, last_name=last)
    rows = [ticket(dice, user, queue, agents, item) for _ in range(dice.randint(1, 3))]
    if before:
        # Two people in one row: a friend is kept informed, with and without an account.
        TicketCC.objects.create(ticket=rows[0], user=dice.choice(before), can_view=True)
        TicketCC.objects.create(ticket=rows[0], email=dice.choice(before).email, can_view=True)
    if len(rows) > 1:
        TicketDependency.objects.create(ticket=rows[0], depends_on=rows[1])
    item.voted_by.add(user)
    IgnoreEmail.objects.create(name=f"{first} {last}", email_address=mail, date=timezone.now().date())
    return user


def main() -> None:
    call_command("migrate", verbosity=0, skip_checks=True)
    dice = random.Random(2026)
    with transaction.atomic():
        queue = Queue.objects.create(
            title="Support", slug="support", email_address="support@desk.example", email_box_user="support",
            email_box_pass="box-secret",
        )  # fmt: skip
        shelf = KBCategory.objects.create(name="Accounts", title="Accounts", slug="accounts", description="Signing in")
        item = KBItem.objects.create(category=shelf, title="New password", question="How?", answer="Like this.")
        PreSetReply.objects.create(name="Thanks", body="Thank you for your patience.")
        CustomField.objects.create(name="phone", label="Phone", data_type="varchar", max_length=40)
        agents, people = staff(), []
        for number in range(PEOPLE):
            people.append(customer(dice, number, (queue, agents, item), people))
        Session.objects.create(session_key="k" * 32, session_data="signed", expire_date=timezone.now())
    print(f"{len(people)} people, {Ticket.objects.count()} tickets, {FollowUp.objects.count()} follow-ups")
    print(f"first person: {people[0].email}")


if __name__ == "__main__":
    main()
