"""`manage.py law`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from law import registry


def said(*words: str) -> str:
    out = StringIO()
    call_command("law", *words, stdout=out)
    return out.getvalue()


def test_check_lists_every_statute_with_its_age():
    text = said("check", "--days", "100000")
    assert text.count(" days  ") == 43 and "us-ca-ccpa" in text


def test_check_fails_when_a_file_has_not_been_compared_for_long():
    with pytest.raises(CommandError, match="eu-gdpr"):
        said("check", "--days", "-1")


def test_show_prints_rights_and_dates():
    assert "art. 15" in said("show", "DE")
    with pytest.raises(CommandError, match="not a place"):
        said("show", "XX")


def test_a_broken_statute_file_is_named_with_line_and_field(tmp_path, monkeypatch):
    text = (registry.FOLDER / "eu-gdpr.yaml").read_text()
    (tmp_path / "eu-gdpr.yaml").write_text(text.replace("respond: [1, months]", "respond: [1, moons]", 1))
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    registry.statutes.cache_clear()
    try:
        with pytest.raises(CommandError, match=r"eu-gdpr.yaml: line \d+: clocks.standard.respond"):
            said("check")
    finally:
        registry.statutes.cache_clear()
