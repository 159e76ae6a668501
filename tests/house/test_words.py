"""No page and no letter is half in another language: every text has its translation, in every language, gaps and all."""

from datetime import UTC, datetime
from functools import cache

import pytest
from django.conf import settings
from django.core.management import call_command

import law
from law import Establishment, languages
from privacyops import words
from requests_app import retold, stationery

OTHERS = sorted(set(settings.TONGUES) - {"en"})
BERLIN = Establishment("Europe/Berlin", "DE")


@pytest.fixture(autouse=True)
def _read_once(monkeypatch) -> None:
    """The texts do not change while the tests run, and finding them takes its time."""
    monkeypatch.setattr(words, "wanted", wanted)


wanted = cache(words.wanted)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_no_other(language: str) -> None:
    faults = words.faults(language)
    assert not faults, "\n".join([f"{language}: run `manage.py words` and translate", *faults])


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    path = words.place(language)
    assert path.with_suffix(".mo").read_bytes() == words.compiled(language, words.read(path)), "run `manage.py words`"


def test_the_texts_are_found_wherever_they_stand() -> None:
    found = {word.text for word in words.wanted()}
    assert {
        "Skip to the content",  # translate in a template
        "%(reference)s, received on %(date)s",  # blocktranslate
        "Your answer",  # handed to an included template
        "j F Y",  # a filter's argument
        "Enter your e-mail address.",  # lazy in a form
        "That was too often. Please wait a minute and send it again.",  # a number's form
        "A copy of my data",  # the label of a choice
        "The request is manifestly unfounded.",  # a statute file
        "1 month",  # a term
        "Germany",  # a place
    } <= found
    assert len(found) > 700


def test_a_catalogue_is_read_as_it_was_written_and_says_what_is_wrong(tmp_path, monkeypatch) -> None:
    wanted = [words.Word("One %(x)s"), words.Word("%(n)d cat", "%(n)d cats"), words.Word(",", context="end")]
    held = {
        wanted[0]: ['Eins "%(x)s"\nzwei'],
        wanted[1]: ["%(n)d Katze", "%(n)d Katzen"],
        wanted[2]: ["،"],
    }
    path = tmp_path / "django.po"
    words.write(path, "de", held)
    assert words.read(path) == held
    monkeypatch.setattr(words, "place", lambda language: path)
    monkeypatch.setattr(words, "wanted", lambda: wanted)
    assert words.faults("de") == []
    words.write(path, "de", {wanted[0]: ["Eins"], wanted[1]: ["%(n)d Katze", ""], words.Word("gone"): ["weg"]})
    assert words.faults("de") == ["missing: %(n)d cat", "missing: ,", "nobody says: gone", "other gaps: One %(x)s"]
    path.write_text(path.read_text().replace('msgid "One', '#, fuzzy\nmsgid "One'))
    assert "missing: One %(x)s" in words.faults("de"), "what a tool guessed is no translation"


def test_the_command_says_so(capsys) -> None:
    call_command("words", "--check")
    assert "fr: 0 to do" in capsys.readouterr().out


@pytest.mark.parametrize("statute", sorted(law.statutes()))
def test_every_step_of_a_clock_is_a_sentence_that_can_be_translated(statute: str) -> None:
    one = law.statute(statute)
    at = datetime(2026, 12, 23, 12, tzinfo=UTC)
    for right in one.rights:
        said = law.deadlines(one, right, at, BERLIN, verified_at=at).steps
        assert said and all(retold.matched(step) for step in said), [step for step in said if not retold.matched(step)]


def test_letters_and_pages_speak_the_same_languages() -> None:
    assert set(stationery.LANGUAGES) == set(settings.TONGUES)
    assert {one.language for one in languages.DEMANDED.values()} <= set(settings.TONGUES)
    assert set(languages.USUAL.values()) <= set(settings.TONGUES)
    known = dict(law.residences())
    assert set(languages.DEMANDED) <= set(known)
