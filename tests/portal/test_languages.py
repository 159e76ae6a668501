"""The visitor's language: how it is chosen, that it reaches every page and letter, and that no English is left over."""

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

import law
from audit.refusal import Refused
from privacyops import tongues, words
from requests_app import reads, retold, uploads
from requests_app.models import Letter
from tests.portal.builders import ADA, answers, ask, package, person

OTHERS = sorted(set(settings.TONGUES) - {"en"})
OPEN = [
    "/", "/notice/", "/rights/?place=DE", "/rights/?place=US-CA", "/request/", "/do-not-sell/", "/signin/", "/signin/sent/",
    "/request/received/", "/proof/nothing/", "/nothing-here/", "/mailbox/",
]  # fmt: skip
OWN = ["/my/", "/my/{}/", "/my/{}/withdraw/", "/my/recipients/", "/choices/"]


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "language"),
    [
        ("", "", "", "en"),
        ("", "", "de-CH,fr;q=0.5", "de"),
        ("", "fr", "de", "fr"),
        ("ar", "fr", "de", "ar"),
        ("pt", "", "", "pt-br"),
        ("", "", "pt-PT", "pt-br"),
        ("", "", "zh-CN,zh;q=0.9", "zh-hans"),
        ("klingon", "xx", "de", "de"),
        ("", "", "ca-ES", "es"),
        ("", "", "lb-LU,nl;q=0.3", "fr"),
        ("", "", "nl-NL,en;q=0.2", "en"),
        ("", "", "tlh", "en"),
        ("../../etc", "\x00", "*", "en"),
    ],
)
def test_an_explicit_choice_comes_first_then_the_browser_then_the_place(asked, cookie, accepted, language):
    assert tongues.choose(asked, cookie, accepted) == language


def test_a_company_sets_the_language_of_last_resort(settings):
    settings.PUBLIC_LANGUAGE = "de"
    assert tongues.choose("", "", "tlh") == "de"


@pytest.mark.parametrize("language", OTHERS)
def test_a_page_says_in_which_language_it_is(client, language):
    response = client.get("/", headers={"accept-language": language})
    page = response.content.decode()
    assert f'<html lang="{language}"' in page and ('dir="rtl"' in page[:300]) == (language == "ar")
    assert response["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= {one.strip() for one in response["Vary"].split(",")}
    assert f'hreflang="{language}" href="/?lang={language}"' in page and 'hreflang="x-default"' in page
    for code, name in settings.LANGUAGES:
        assert re.search(rf'<button name="language" value="{code}"[^>]* lang="{code}"[^>]*>{name}</button>', page)
    assert translation.get_language() == "en", "nothing of it is left in this thread"


def test_a_choice_is_kept_without_javascript_and_leads_back(client):
    response = client.post("/language/", {"language": "es", "next": "/rights/?place=DE&lang=de"})
    assert (response.status_code, response["Location"]) == (303, "/rights/?place=DE")
    cookie = response.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie.value == "es" and cookie["httponly"] and cookie["samesite"] == "Lax"
    assert '<html lang="es"' in client.get("/", headers={"accept-language": "de"}).content.decode()


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "\\\\evil"]
)
def test_a_choice_leads_nowhere_else(client, elsewhere):
    assert client.post("/language/", {"language": "es", "next": elsewhere})["Location"] == "/"


def test_what_is_no_language_of_ours_is_not_kept(client):
    response = client.post("/language/", {"language": "klingon", "next": "/"})
    assert response.status_code == 303 and settings.LANGUAGE_COOKIE_NAME not in response.cookies
    assert settings.LANGUAGE_COOKIE_NAME not in client.get("/?lang=klingon").cookies


def test_a_link_from_the_companys_own_site_chooses_too(client):
    assert '<html lang="fr"' in client.get("/?lang=fr", headers={"accept-language": "de"}).content.decode()
    assert '<html lang="fr"' in client.get("/signin/", headers={"accept-language": "de"}).content.decode()


def test_colleagues_and_programs_are_answered_in_english(client):
    for path in ("/admin/login/", "/api/v1/schema/"):
        response = client.get(path, headers={"accept-language": "ar"})
        assert response["Content-Language"] == "en"
    assert 'dir="rtl"' not in client.get("/admin/login/", headers={"accept-language": "ar"}).content.decode()


@pytest.mark.parametrize("language", OTHERS)
def test_a_request_and_its_letters_are_in_the_language_of_the_page(language):
    client = Client(headers={"accept-language": language})
    request = ask(client)
    letter = Letter.objects.get(request=request)
    assert (request.language, letter.language) == (language, language)
    with translation.override(language):
        assert translation.gettext("A copy of my data") in letter.body


def test_where_a_law_demands_a_language_the_letter_is_in_both():
    letter = Letter.objects.get(request=ask(Client(), residence="FR"))
    assert letter.body.index("We received your request on") < letter.body.index("Nous avons reçu votre demande le")
    assert "* * * Français * * *" in letter.body and letter.language == "en"
    assert letter.body.count("/proof/") == 2, "the link stands in both"
    only = Letter.objects.get(
        request=ask(Client(headers={"accept-language": "fr"}), residence="FR", email="b@example.org")
    )
    assert "* * *" not in only.body
    assert "* * *" not in Letter.objects.get(request=ask(Client(), residence="DE", email="c@example.org")).body


def test_refusals_are_in_the_language_of_the_page():
    client = Client(headers={"accept-language": "es"})
    page = client.post("/request/", answers(client, email="nobody")).content.decode()
    assert "Escriba la dirección como" in page


def test_a_refused_method_is_refused_in_the_language_of_the_visitor(client):
    response = client.put("/request/", headers={"accept-language": "de"})
    assert response.status_code == 405 and response["Content-Language"] == "de"
    assert "Das geht hier nicht" in response.content.decode() and "Accept-Language" in response["Vary"]


def test_why_a_file_of_a_mail_was_not_taken_is_retold():
    given = [("a.pdf", b"%PDF-1.7 no end"), ("b.exe", b"MZ\x00"), ("c.txt", b""), ("d.png", b"\x89PNG\r\n\x1a\n")]
    said = []
    for name, data in given:
        with pytest.raises(Refused) as caught:
            uploads.judge(uploads.Given(name, data))
        said.append(caught.value.message)
    said.append("More than 10 files; the others were not taken.")
    with translation.override("de"):
        told = retold.files(said)
        assert told[2] == "„c.txt“ ist leer. Wählen Sie die Datei noch einmal."
        assert not set(told) & set(said) and not any("%(" in one for one in told)
        assert retold.files(["Of an older release."]) == ["Of an older release."]
    assert retold.files(said) == said


def test_every_moment_that_a_person_reads_has_its_words():
    page = (settings.BASE_DIR / "templates/portal/moment.html").read_text()
    assert not {one for one in reads.FOR_PERSON if f'"{one}"' not in page}


def test_the_steps_of_a_clock_are_retold():
    said = "GDPR gives 1 month (art. 12(3)): Wednesday 23 December 2026."
    with translation.override("de"):
        assert retold.steps([said]) == ["DSGVO gibt uns 1 Monat (Art. 12 Abs. 3): Mittwoch, 23. Dezember 2026."]
        assert retold.steps(["Of an older release."]) == ["Of an older release."]
    assert retold.steps([said]) == [said]


class Texts(HTMLParser):
    """What a person reads or hears of a page: text, labels, alternatives."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.silent += tag in ("style", "script")
        self.found |= {
            " ".join(given[one].split()) for one in ("aria-label", "alt", "title", "placeholder") if given.get(one)
        }

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.silent and re.search(r"[A-Za-z]{3}", data):
            self.found.add(" ".join(data.split()))


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left_on_any_page(language, settings):
    settings.DEMO, settings.EMAIL_URL = True, ""
    ada, request = person()
    package(request)
    pages = [*OPEN, *[one.format(request.pk) for one in OWN]]
    names = {
        request.reference,
        settings.COMPANY_NAME,
        settings.COMPANY_EMAIL,
        settings.COMPANY_ADDRESS,
        ADA,
        "https://",
    }
    left = {}
    for path in pages:
        same = texts(ada, path, language) & texts(ada, path, "en") - known(language)
        if same := {one for one in same if not any(name in one for name in names)}:
            left[path] = same
    assert not left


def texts(client: Client, path: str, language: str) -> set[str]:
    return Texts(client.get(path, headers={"accept-language": language}).content.decode()).found


def known(language: str) -> set[str]:
    """What is the same in both: names, and words that a catalogue says are the same."""
    same = {word.text for word, said in words.read(words.place(language)).items() if said[0] == word.text}
    laws = {part for one in law.statutes().values() for part in (one.name, one.citation, one.short_name)}
    sections = {right.cite for one in law.statutes().values() for right in one.rights.values()}
    return same | laws | sections | {name for _, name in settings.LANGUAGES}
