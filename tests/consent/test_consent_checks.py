"""Each check is green on a sound company and red on the fault that it is there for."""

from datetime import date

import pytest
from django.utils import timezone

from audit import assurance
from consent import choices, notices
from consent.models import NoticeVersion
from tests.consent.builders import CLERK, ada, colleague, purpose

pytestmark = pytest.mark.django_db


def run(key: str) -> bool:
    return next(one for one in assurance.checks() if one.key == key).run().ok


@pytest.fixture
def notice():
    maya = colleague("maya", "consent.publish_noticeversion")
    draft = notices.draft(title="Notice", body="We send News to you.", effective_on=date(2026, 1, 1), by=maya)
    return notices.publish(draft, by=maya)


def test_a_notice_in_force_is_demanded(notice) -> None:
    assert run("consent.notice")
    NoticeVersion.objects.update(effective_on=date(2999, 1, 1))
    assert not run("consent.notice")


def test_a_wording_that_was_changed_behind_our_back_is_found(notice) -> None:
    assert run("consent.unchanged")
    NoticeVersion.objects.update(body="We sell everything.")
    assert not run("consent.unchanged")


def test_a_purpose_that_the_notice_does_not_name_is_found(notice) -> None:
    purpose("news")
    assert run("consent.purposes_told")
    purpose("profiling")
    assert not run("consent.purposes_told")


def test_a_yes_without_its_wording_is_found(notice) -> None:
    news = purpose()
    choices.record(ada(), news, True, source="portal", actor=CLERK, notice=notice, chosen_at=timezone.now())
    assert run("consent.wording_kept")
    choices.record(ada(), news, True, source="portal", actor=CLERK)
    assert not run("consent.wording_kept")


def test_a_required_purpose_says_its_consequence_and_never_rests_on_consent() -> None:
    purpose("account", required=True, lawful_basis="contract", consequence="No account.")
    assert run("consent.consequence") and run("consent.free")
    purpose("forced", required=True)
    assert not run("consent.consequence") and not run("consent.free")
