"""A quick clock and folders of its own for each test of the public pages."""

import pytest

from requests_app import forms, steady


@pytest.fixture(autouse=True)
def portal(settings, monkeypatch, tmp_path, db):
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    settings.PARCEL_DIR = tmp_path / "parcels"
    monkeypatch.setattr(forms.OptOutForm, "quickest", 0)
    monkeypatch.setattr(steady, "ANSWER_SECONDS", 0)
