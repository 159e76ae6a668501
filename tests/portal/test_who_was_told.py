"""A person sees which recipients were told, of what, and why one was not."""

import pytest
from django.utils import timezone

from disclosures.models import Notice
from requests_app.models import Request
from tests.disclosures.builders import recipient
from tests.portal.builders import person as signed_in

pytestmark = pytest.mark.django_db


def test_a_person_sees_on_their_pages_who_was_told() -> None:
    browser_, request = signed_in()
    row = recipient("mailer", name="Mailer Ltd")
    Notice.objects.create(
        recipient=row,
        subject=request.subject,
        kind="erasure",
        origin=request.reference,
        state="sent",
        sent_at=timezone.now(),
    )
    Request.objects.filter(pk=request.pk).update(state="closed", outcome="fulfilled", closed_at=timezone.now())
    for path in ("/my/recipients/", f"/my/{request.pk}/"):
        page = browser_.get(path).content.decode()
        assert "Mailer Ltd" in page and "We ask them to erase your data." in page and "Told on" in page, path
