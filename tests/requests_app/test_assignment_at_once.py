"""Two sweeps at once, on PostgreSQL: every request gets one owner, and the turns stay fair."""

import pytest

from audit.models import Event
from requests_app import assignment
from requests_app.models import AssignmentRule, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask
from tests.requests_app.test_at_once import at_once, company  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize("pick", ["turns", "fewest"])
def test_two_sweeps_at_once_give_each_request_once_and_to_everybody_as_many(company, pick):  # noqa: F811
    people = [builders.reviewer(name) for name in ("rita", "rosa", "rolf")]
    AssignmentRule.objects.create(name="All", place=1, pick=pick).people.set(people)
    for number in range(12):
        ask(email=f"p{number}@example.org")
    given = at_once(*[lambda: assignment.sweep(builders.today())] * 3)
    assert sum(given) == 12 and Event.objects.filter(name="request.assigned").count() == 12
    owners = list(Request.objects.values_list("owner", flat=True))
    assert [owners.count(one.pk) for one in people] == [4, 4, 4]
