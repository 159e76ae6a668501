"""The company's look: colours that can be read, a logo that is only a picture, its own words, and the form in its own site."""

import re
import struct
import zlib

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from consent.models import Choice
from inventory.models import Purpose
from requests_app import appearance, colours, pictures
from requests_app.models import Appearance, AppearanceText, Request
from tests.portal.builders import ADA, marks, person
from tests.portal.test_ask_steps import Walker

COLOURS = st.builds("#{:02x}{:02x}{:02x}".format, *[st.integers(0, 255)] * 3)
SCREEN = "/admin/requests_app/appearance/"
LARGE = 4.5


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 8, height: int = 4, *, more: bytes = b"", woven: int = 0, lines: bytes | None = None) -> bytes:
    raw = lines if lines is not None else (b"\0" + b"\x11\x22\x33" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, woven)
    return pictures.MARK + chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


@pytest.fixture
def boss():
    user = User.objects.create_user("boss", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[
            f"{verb}_{noun}" for verb in ("add", "change", "view") for noun in ("appearance", "appearancetext")
        ])
    )  # fmt: skip
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def form(**more):
    return {
        "name": "Nordwind", "colour": "#7a1f5c", "night_colour": "", "font": "plain", "embed_origins": "",
        "texts-TOTAL_FORMS": "0", "texts-INITIAL_FORMS": "0",
    } | more  # fmt: skip


def look(**values):
    """A look that is in force at once."""
    row = Appearance.objects.create(**values)
    appearance.forget()
    return row


@given(COLOURS, st.sampled_from(["day", "night"]))
def test_a_mended_colour_can_be_read_everywhere_it_stands(colour, scheme):
    mended = colours.mended(colour, scheme)
    tones = colours.palette(mended, scheme)
    assert colours.worst(mended, scheme)[0] >= LARGE
    assert colours.contrast(tones["--accent"], tones["--on-accent"]) >= LARGE, "words on a button"
    assert colours.contrast(tones["--accent-deep"], tones["--on-accent"]) >= LARGE, (
        "words on a button under the pointer"
    )
    assert colours.contrast(tones["--accent-deep"], tones["--tint"]) >= LARGE, "words of a pill"
    muted, ink = ("#56606e", "#1c2430") if scheme == "day" else ("#a6b0bb", "#e8ebee")
    assert colours.contrast(muted, tones["--tint"]) >= LARGE and colours.contrast(ink, tones["--tint"]) >= 7


def test_contrast_is_that_of_the_standard():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert colours.mended("#17605a", "day") == "#17605a", "what can be read stays as it is"


def test_a_colour_that_cannot_be_read_is_refused_with_what_was_measured_and_what_works(boss):
    page = boss.post(f"{SCREEN}add/", form(colour="#ffcc00"))
    text = page.content.decode()
    assert page.status_code == 200 and not Appearance.objects.exists()
    assert ": 1 on #" in text and "4.5 : 1 is needed" in text and 'value="Nordwind"' in text
    offered = colours.mended("#ffcc00", "day")
    assert offered in text and boss.post(f"{SCREEN}add/", form(colour=offered)).status_code == 302


def test_a_look_is_on_the_next_page_and_in_the_log(boss, client):
    assert b"brand.css" not in client.get("/").content, "without a look of its own no further file is fetched"
    assert boss.post(f"{SCREEN}add/", form()).status_code == 302
    html = client.get("/").content.decode()
    assert "Nordwind <span>" in html and "/brand.css?v=" in html and "style=" not in html
    css = client.get(f"/brand.css?v={appearance.current().css_digest}")
    assert "--accent:#7a1f5c" in css.content.decode() and "immutable" in css["Cache-Control"]
    assert client.get("/brand.css?v=old")["Cache-Control"] == "no-cache"
    assert Event.objects.filter(name="desk.added", noun="requests_app.appearance").exists()
    assert boss.get(f"{SCREEN}add/").status_code == 403, "there is one look"
    preview = boss.get(f"{SCREEN}1/change/").content.decode()
    assert "How it looks now" in preview and "contrast at least" in preview


def test_a_look_costs_one_query_in_a_while_and_no_page_when_the_database_is_away(
    client, django_assert_num_queries, monkeypatch
):
    look(name="Nordwind")
    with django_assert_num_queries(3):  # the look, its texts, the register of sites
        assert b"Nordwind" in client.get("/rights/").content
    with django_assert_num_queries(0):
        client.get("/rights/")

    def away():
        raise DatabaseError

    monkeypatch.setattr(appearance, "_read", away)
    monkeypatch.setattr(appearance, "_kept", (0.0, appearance.known()))
    assert b"Nordwind" in client.get("/rights/").content, "what was known last"


def test_only_pixels_of_a_logo_are_kept():
    secret = b"GPS 52.5 13.4 <script>alert(1)</script>"
    dirty = png(more=chunk(b"tEXt", secret) + chunk(b"eXIf", secret)) + b"PK\x03\x04" + secret
    clean = pictures.cleaned(dirty)
    assert secret not in clean and b"PK\x03\x04" not in clean and pictures.size(clean) == (8, 4)
    assert pictures.cleaned(clean) == clean


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not a PNG"),
        (b"\xff\xd8\xff\xe0JFIF", "not a PNG"),
        (png()[:-12], "cut off"),
        (png()[:-20], "damaged"),
        (png().replace(b"\x08\x02", b"\x08\x06", 1), "damaged"),
        (png(woven=1), "interlacing"),
        (png(4000, 4, lines=b""), "at most"),
        (png(lines=b"\0" * 50_000_000), "damaged"),
        (png(lines=b"\0"), "damaged"),
        (png(lines=(b"\x09" + b"\x11" * 24) * 4), "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(data, said):
    with pytest.raises(pictures.Unfit, match=said):
        pictures.cleaned(data)


def test_a_logo_is_shown_for_good_under_its_fingerprint_and_can_be_removed(boss, client, settings):

    given_file = SimpleUploadedFile("logo.svg.png", png(more=chunk(b"tEXt", b"secret")), "image/svg+xml")
    assert boss.post(f"{SCREEN}add/", form(new_logo=given_file)).status_code == 302
    html = client.get("/").content.decode()
    address = html.partition('<img src="')[2].partition('"')[0]
    shown = client.get(address)
    assert shown["Content-Type"] == "image/png" and "immutable" in shown["Cache-Control"]
    assert b"secret" not in shown.content and "sandbox" in shown["Content-Security-Policy"]
    assert boss.post(f"{SCREEN}1/change/", form(no_logo="on")).status_code == 302
    assert client.get(address).status_code == 404 and b"<img" not in client.get("/").content
    too_big = SimpleUploadedFile("logo.png", b"x" * 600_000)
    assert "at most 500 kB" in boss.post(f"{SCREEN}1/change/", form(new_logo=too_big)).content.decode()


def test_words_of_the_company_are_safe_and_only_in_their_language(client):
    row = look()
    AppearanceText.objects.create(
        appearance=row, language="en", home_title="Ask us <b>", home_lead="We **answer** <script>x</script>.",
        contact="Call *us*.", footer="[Legal](https://legal.example/)", links="[Imprint](/imprint/)\njavascript:alert(1)",
    )  # fmt: skip
    AppearanceText.objects.create(appearance=row, language="xx", home_title="Nobody speaks this")
    appearance.forget()
    html = client.get("/").content.decode()
    assert "Ask us &lt;b&gt;" in html and "<strong>answer</strong>" in html and "<script" not in html
    assert "Call <em>us</em>" in html and '<a href="/imprint/">Imprint</a>' in html and "javascript:" not in html
    assert '<a href="https://legal.example/" rel="noreferrer">Legal</a>' in html and "Nobody speaks" not in html


@pytest.mark.parametrize("name", ["name", "details", "relation"])
def test_a_field_that_the_company_does_not_ask_stands_on_no_step(name):
    before = Walker().review()
    assert any(name in page.asked for page in before.pages)
    look(left_out=[name])
    after = Walker().review()
    assert not any(name in page.asked for page in after.pages)
    assert after.send().right == "access"


def test_rights_that_are_not_offered_have_no_card_no_choice_and_no_link(client):
    assert b"/do-not-sell/" in client.get("/").content
    look(rights=["access", "correct"])
    where = {"step": "place", "go": "next", "asked_by": "self", "email": "ada@example.org", "residence": "DE"}
    tickets = re.findall(r'name="(nonce|ticket)" value="([^"]+)"', client.get("/request/").content.decode())
    home, asked = (
        client.get("/").content.decode(),
        client.post("/request/", {**dict(tickets), **where}).content.decode(),
    )
    assert "right=access" in home and "right=delete" not in home and "/do-not-sell/" not in home
    assert 'value="access"' in asked and 'value="delete"' not in asked
    assert b"Do not sell" not in client.get("/privacy-choices/").content


def test_the_link_to_limit_sensitive_data_is_there_exactly_when_it_is_offered(client, monkeypatch):
    offered = "limit_sensitive" in appearance.plans.OFFERED
    assert (b"/limit/" in client.get("/").content) is offered
    assert client.get("/limit/").status_code == (200 if offered else 404)
    monkeypatch.setattr(appearance.plans, "OFFERED", ("access", "limit_sensitive"))
    assert b"/limit/" in client.get("/").content and client.get("/limit/").status_code == 200
    look(rights=["access"])
    assert b"/limit/" not in client.get("/").content and client.get("/limit/").status_code == 404


# ---------------------------------------------------------------- embedding
HERE = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}


def filled(page: bytes) -> dict[str, str]:
    return marks(page) | {"right": "access", "email": ADA, "name": "Ada", "residence": "DE", "details": ""}


def test_nobody_may_frame_a_page_and_the_form_only_those_who_were_named(client):
    assert client.get("/embed/request/")["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in client.get("/embed/request/")["Content-Security-Policy"]
    look(embed_origins="https://www.nordwind.example")
    page = client.get("/embed/request/")
    assert "frame-ancestors https://www.nordwind.example" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    for path in ("/", "/request/", "/my/", "/signin/", "/notice/", "/admin/login/"):
        answer = client.get(path)
        assert answer["X-Frame-Options"] == "DENY", path
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], path


def test_the_embedded_form_takes_a_request_without_any_cookie():
    look(embed_origins="https://www.nordwind.example")
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/embed/request/")
    assert (
        not strict.cookies and b"csrfmiddlewaretoken" not in page.content and b'<base target="_blank">' in page.content
    )
    answer = strict.post("/embed/request/", filled(page.content), headers=HERE)
    assert answer.status_code == 200 and not strict.cookies
    assert Request.objects.get().reference.encode() in answer.content
    strict.post("/embed/request/", filled(page.content), headers=HERE)
    assert Request.objects.count() == 1, "loading the answer again asks once"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://testserver"},
    ],
)
def test_a_form_that_another_site_sends_is_refused(headers):
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/embed/request/")
    refused = strict.post("/embed/request/", filled(page.content), headers=headers)
    assert refused.status_code == 403 and b"send that once more" in refused.content and not Request.objects.exists()


def test_the_embedded_form_needs_our_ticket_and_looks_at_no_cookie():
    strict = Client(enforce_csrf_checks=True)
    answers = filled(strict.get("/embed/request/").content) | {"ticket": "given:forged"}
    assert strict.post("/embed/request/", answers, headers=HERE).status_code == 422


def test_the_embedded_form_does_not_know_who_is_signed_in():
    ada, _ = person()
    Purpose.objects.create(
        key="ads", name="Advertising", description="A", lawful_basis="consent", sale_or_sharing=True, consequence="C"
    )
    ada.get("/embed/request/", headers={"Sec-GPC": "1"})
    assert not Choice.objects.exists(), "a page that others can frame does nothing for a session"
    ada.get("/request/", headers={"Sec-GPC": "1"})
    assert Choice.objects.exists()


def test_mistakes_in_the_embedded_form_come_back_with_what_was_typed():
    strict = Client(enforce_csrf_checks=True)
    answers = filled(strict.get("/embed/request/").content) | {"residence": ""}
    wrong = strict.post("/embed/request/", answers, headers=HERE)
    assert wrong.status_code == 422 and ADA.encode() in wrong.content and b'class="embedded"' in wrong.content


WRONG = ["*", "https://*.a.example", "https://a.example/path", "http://a.example", "a.example", "https://a.example;x"]


@pytest.mark.parametrize("origin", WRONG)
def test_a_site_that_cannot_embed_is_refused_in_words(boss, origin):
    page = boss.post(f"{SCREEN}add/", form(embed_origins=origin))
    assert page.status_code == 200 and not Appearance.objects.exists() and "https" in page.content.decode()
