"""What a notice names, and where it and the company drift apart, in both directions."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.refusal import Refused
from consent import drifting, naming, notices, reviewing
from consent.models import Drift
from disclosures.models import Recipient
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, System
from retention.models import Schedule
from tests.consent.builders import draft, earlier, naming_purposes, officer, published, purpose, through

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    """One purpose, a category below another, a source, two recipients of one kind, one period."""
    purpose("news")
    dataset = Dataset.objects.create(system=System.objects.create(key="site", name="Site"), key="site", name="Site")
    logs = Collection.objects.create(dataset=dataset, name="logs", title="Server logs")
    DataCategory.objects.create(key="contact", name="Contact")
    mail = DataCategory.objects.create(key="contact.email", name="E-mail address")
    Field.objects.create(collection=logs, name="mail", category=mail)
    for key in ("mill", "wood"):
        Recipient.objects.create(
            key=key, name=key.title(), role="controller", kind="Employer", country="DE", contact="a@b.example"
        )
    Schedule.objects.create(key="logs", title="Logs", collection=logs, period=90, unit="days", reason="Long enough.")


def lines(version) -> set[tuple[str, str, str]]:
    return {(one.kind, one.key, str(one.what)) for one in naming.drift(version, naming.things())}


def complete(**more):
    version = draft("[[purposes]]\n\n[[categories]]\n\n[[sources]]\n\n[[recipients]]\n\n[[retention]]", **more)
    return notices.edit(version, by=officer("maya"), names=naming.add_missing(version, naming.things()))


def test_a_draft_that_is_filled_from_the_inventory_drifts_nowhere(company) -> None:
    version = complete()
    assert lines(version) == set()
    through(version)
    assert "- Server logs: 90 days" in version.body and "- Employer" in version.body and "[[" not in version.body
    assert lines(version) == set() and drifting.refresh(timezone.now()) == 0


def test_what_we_have_and_the_notice_does_not_name_is_found_of_every_kind(company) -> None:
    version = draft("Only this.", names=[naming.entry("sources", "direct", "Only this.")])
    assert lines(version) == {
        ("purposes", "news", "unnamed"), ("categories", "contact.email", "unnamed"), ("recipients", "mill", "unnamed"),
        ("recipients", "wood", "unnamed"), ("retention", "logs", "unnamed"),
    }  # fmt: skip


def test_a_wider_category_and_a_kind_of_recipients_name_what_is_in_them(company) -> None:
    names = [
        naming.entry("categories", "contact", "how to reach you"),
        naming.entry("recipients", "kind-employer", "employers"),
    ]
    found = lines(draft("We hold how to reach you, and employers get it.", names=names))
    assert {kind for kind, _, _ in found} == {"purposes", "sources", "retention"}


def test_what_the_notice_names_and_we_do_not_have_is_found(company) -> None:
    version = complete()
    Recipient.objects.update(active=False)
    Schedule.objects.update(active=False)
    Field.objects.all().delete()
    assert lines(version) == {
        ("recipients", "kind-employer", "gone"), ("retention", "logs", "gone"), ("categories", "contact.email", "gone"),
    }  # fmt: skip


def test_a_period_and_a_purpose_that_changed_are_found_with_both_figures(company) -> None:
    version = complete()
    Schedule.objects.update(period=180)
    Purpose.objects.update(lawful_basis="legitimate_interests")
    found = naming.drift(version, naming.things())
    assert {(one.kind, str(one.what)) for one in found} == {("retention", "changed"), ("purposes", "changed")}
    assert "“Logs”: the notice says 90 days, we keep to 180 days." in [one.words for one in found]
    mended = notices.edit(version, by=officer("maya"), names=naming.add_missing(version, naming.things()))
    assert lines(mended) == set()


def test_a_declaration_that_the_wording_does_not_say_is_found_and_not_proposed(company) -> None:
    version = notices.edit(complete(), by=officer("maya"), body="[[purposes]]")
    assert ("retention", "logs", "unsaid") in lines(version)
    with pytest.raises(Refused, match="Server logs: 90 days"):
        reviewing.propose(version, by=officer("maya"))


def test_a_notice_for_one_audience_need_not_name_everything(company) -> None:
    assert (
        lines(draft("Only this.", key="candidates", names=[naming.entry("sources", "direct", "Only this.")])) == set()
    )


def test_a_version_from_before_declarations_is_read(company) -> None:
    version = earlier(at=timezone.now() - timedelta(days=9), body="News by e-mail address, *from* the person.")
    assert lines(version) == {
        ("recipients", "mill", "unnamed"), ("recipients", "wood", "unnamed"), ("retention", "logs", "unnamed"),
    }  # fmt: skip


def test_the_sweep_keeps_the_drift_and_follows_what_is_mended(company) -> None:
    published(**naming_purposes())
    now = timezone.now()
    assert drifting.refresh(now) == 6 and Drift.objects.count() == 6
    assert drifting.refresh(now) == 0
    through(complete())
    drifting.refresh(timezone.now())
    assert not Drift.objects.exists()


def test_reading_the_drift_costs_as_many_queries_however_much_there_is(company, django_assert_max_num_queries) -> None:
    published(**naming_purposes())
    for number in range(5):
        purpose(f"p{number}")
        DataCategory.objects.create(key=f"c{number}", name=f"C{number}")
    with django_assert_max_num_queries(8):
        drifting.read(timezone.now())
