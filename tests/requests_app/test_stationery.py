"""Every letter, under every law, in every language: what the table demands stands in it. No database."""

import re
from pathlib import Path
from typing import Any

import pytest

import law
from requests_app import laws, samples, stationery

LETTERS = stationery.FOLDER / "letters"
VARIABLE = re.compile(r"{{\s*([a-z_.]+)|{%\s*(?:if|elif|for \w+ in)\s+([^%]+)%}")
OTHERS = sorted(set(stationery.LANGUAGES) - {stationery.DEFAULT})


def words(value: Any) -> list[str]:
    """What must be read in the letter for one fact."""
    if isinstance(value, dict):
        return [value["sentence"], value["cite"]]
    if isinstance(value, list):
        return [part for one in value for part in ([one] if isinstance(one, str) else [one.title, one.text])]
    return [value]


@pytest.mark.parametrize("language", stationery.LANGUAGES)
@pytest.mark.parametrize("statute", law.statutes())
def test_every_letter_says_what_its_law_demands(statute, language, settings):
    known = samples.kinds(law.statute(statute))
    assert len(known) >= 8
    for kind in known:
        one = samples.request(kind, law.statute(statute))
        with stationery.speaking(language):
            facts = samples.facts(kind, one)
        sheet = stationery.write(kind.code, facts, language=language, statutes=[statute])
        text = f"{sheet.subject_line}\n{sheet.body}"
        for piece in kind.pieces:
            for fact in stationery.PIECES[piece][1]:
                found = facts
                for part in fact.split("."):
                    found = found[part] if isinstance(found, dict) else getattr(found, part)
                assert found, f"{kind.code} under {statute}: there is no {fact}"
                for said in words(found):
                    assert said and said in text, f"{kind.code} under {statute}: {fact} is missing"
        assert not re.search(r"[{}\x02\x03]|None|%\(|&#|\.\.|\( *\)", text.replace("://", "")), text
        assert settings.COMPANY_NAME in sheet.body
        assert (sheet.language, sheet.statute) == (language, statute)
        assert re.fullmatch(r"[0-9a-f]{16}", sheet.version)


@pytest.mark.parametrize("statute", law.statutes())
def test_a_refusal_names_the_appeal_the_regulator_and_the_court_that_its_law_gives(statute):
    one = law.statute(statute)
    denied = samples.request(stationery.KINDS["denied"], one)
    text, remedy = samples.letter("denied", statute, "en").body, law.remedies(one)
    name, address = law.regulator(one, denied.residence)
    assert name in text and address in text and remedy.court in text
    assert ("You can appeal to us" in text) == remedy.appeal
    if remedy.appeal_days:
        assert f"within {remedy.appeal_days} days" in text


@pytest.mark.parametrize("kind", stationery.KINDS.values(), ids=lambda kind: kind.code)
def test_every_letter_of_the_table_can_go_out_under_some_law(kind):
    under = [one.id for one in law.statutes().values() if samples.right(kind, one)]
    assert under
    if set(kind.rights) == set(stationery.ASKED) and not kind.needs_extension:
        assert len(under) == len(law.statutes())


def test_two_laws_of_one_request_are_both_quoted():
    one = samples.request(stationery.KINDS["denied"], law.statute("eu-gdpr"))
    one.laws = [{"statute": "eu-gdpr"}, {"statute": "uk-gdpr"}]
    one.denial_ground = "manifestly_unfounded"
    assert laws.denial(one)["cite"].startswith("GDPR, ") and "; UK GDPR, " in laws.denial(one)["cite"]
    assert len([said for said in laws.remedies(one) if "regulator" in said]) == 2


def test_a_letter_for_one_law_is_taken_before_the_one_for_all():
    assert stationery.find("denied", "en", ["us-ca-ccpa"]) == ("letters/denied.us-ca-ccpa.txt", "us-ca-ccpa")
    assert stationery.find("denied", "de", ["eu-gdpr"]) == ("letters/de/denied.txt", "")
    assert stationery.find("denied", "xx", []) == ("letters/denied.txt", "")
    with pytest.raises(KeyError):
        stationery.find("../../etc/passwd", "en", [])


def test_who_is_refused_a_deletion_in_california_is_asked_about_the_sale():
    kind, ccpa = stationery.KINDS["denied"], law.statute("us-ca-ccpa")
    one = samples.request(kind, ccpa)
    one.right, one.plan = "delete", one.plan | {"right": "delete", "operation": "erase"}
    body = stationery.write("denied", samples.facts(kind, one), language="en", statutes=["us-ca-ccpa"]).body
    assert (
        "not to sell or share" in body and "not to sell or share" not in samples.letter("denied", "eu-gdpr", "en").body
    )


def test_the_version_of_a_letter_changes_with_what_it_includes(tmp_path, monkeypatch):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "withdrawn.txt").write_text('Subject\n{% include "letters/footer.txt" %}')
    footer = tmp_path / "letters" / "footer.txt"
    seen = set()
    for text in ("one", "two", "one"):
        footer.write_text(text)
        monkeypatch.setattr(stationery, "FOLDER", tmp_path)
        stationery._engine.cache_clear()
        seen.add(stationery.version("letters/withdrawn.txt"))
    monkeypatch.undo()
    stationery._engine.cache_clear()
    assert len(seen) == 2


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_holds_every_letter_with_the_same_variables(language):
    english = {path.name for path in LETTERS.glob("*.txt")}
    assert {path.name for path in (LETTERS / language).glob("*.txt")} == english
    for name in english:
        there, here = variables(LETTERS / language / name), variables(LETTERS / name)
        assert there == here, name
        included = re.findall(r'include "letters/([^"]+)"', (LETTERS / language / name).read_text())
        assert all(one.startswith(f"{language}/") for one in included), name


def test_every_letter_of_the_table_has_a_template_and_every_template_a_letter():
    parts = {"footer", "complain", "told", "referred", "code"}
    named = {path.name.split(".")[0] for path in LETTERS.glob("*.txt")}
    assert named - parts == set(stationery.KINDS)
    special = [path.name.split(".")[1] for path in LETTERS.glob("*.*.txt")]
    assert set(special) <= set(law.statutes())


def variables(path: Path) -> set[str]:
    found = VARIABLE.findall(path.read_text())
    return {" ".join((name or condition).split()) for name, condition in found}
