"""The register of cookies: CSV out and in, names that were seen, the public page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import Event
from audit.refusal import Refused
from consent import assurance_checks, cookies
from consent.banner import seeing
from consent.models import Cookie, SeenCookie, Site
from inventory import phrases
from tests.consent.builders import CLERK, colleague, purpose

pytestmark = pytest.mark.django_db
HEAD = "site,name,provider,purpose,days,party\n"
RIGHTS = (
    "consent.view_cookie",
    "consent.add_cookie",
    "consent.change_cookie",
    "consent.view_seencookie",
    "consent.decide_seencookie",
)


@pytest.fixture
def site():
    purpose("stats", name="Statistics")
    purpose("service", name="The shop", lawful_basis="contract", required=True)
    return Site.objects.create(key="shop", name="www.shop.example", origins="https://www.shop.example")


@pytest.fixture
def maya():
    return colleague("maya", *RIGHTS)


def load(text: str, by):
    return cookies.load((HEAD + text).encode(), by=by)


def test_what_is_taken_out_can_be_brought_in_again(site, maya) -> None:
    done = load("shop,_ga_*,Looking Glass,stats,365,first\nshop,sid,The shop,service,0,first\n", maya)
    assert (done.added, done.changed, done.faults) == (2, 0, [])
    text = cookies.written(list(Cookie.objects.select_related("site", "purpose")))
    again = cookies.load(text.encode(), by=maya)
    assert (again.added, again.changed) == (0, 2) and set(Cookie.objects.values_list("source", flat=True)) == {"csv"}
    assert Event.objects.filter(name="cookie.loaded").count() == 2


def test_with_one_fault_nothing_is_loaded_and_each_is_named_with_its_line(site, maya) -> None:
    lines = (
        "shop,good,Us,stats,1,first", "nope,a,Us,stats,1,first", "shop,b c,Us,stats,1,first", "shop,d,,stats,1,first",
        "shop,e,Us,none,1,first", "shop,f,Us,stats,-1,first", "shop,g,Us,stats,1,second", "shop,good,Us,stats,1,first",
    )  # fmt: skip
    done = load("\n".join(lines), maya)
    assert [one.partition(":")[0] for one in done.faults] == [f"Line {n}" for n in range(3, 10)]
    assert not Cookie.objects.exists()


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"name\nx", b"a" * 1_000_001, (HEAD + "shop,a,\0,stats,1,first").encode()]
)
def test_what_is_no_such_file_is_refused_in_words(site, maya, data) -> None:
    with pytest.raises(Refused):
        cookies.load(data, by=maya)


def test_no_cell_is_a_formula(site, maya) -> None:
    Cookie.objects.create(site=site, name="-x", provider="=HYPERLINK(1)", purpose_id=site.pk and purpose("p").pk)
    text = cookies.written(list(Cookie.objects.select_related("site", "purpose")))
    assert "'=HYPERLINK" in text and "'-x" in text
    assert cookies.load(text.encode(), by=maya).changed == 1 and Cookie.objects.get().provider == "=HYPERLINK(1)"
    assert load("shop,-x,'tis us,stats,1,first\n", maya).changed == 1 and Cookie.objects.get().provider == "'tis us"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("sid", "sid"), ("_ga_AB12CD34EF", "_ga_*"), ("_pk_id.1.1fff00aa", "_pk_id.1.*"), ("amp_1234567", "amp_*"),
        ("session-token", "session-token"), ("PHPSESSID", "PHPSESSID"), ("utm_source", "utm_source"),
        ("_hjSessionUser_2938475", "_hjSessionUser_*"), ("deadbeef00112233", "*"),
    ],
)  # fmt: skip
def test_tails_that_differ_from_visitor_to_visitor_become_one_row(name, kept) -> None:
    assert seeing.general(name) == kept


def test_a_pattern_covers_what_it_says_and_nothing_else() -> None:
    assert seeing.matches("_ga_X", ["_ga_*"]) and not seeing.matches("_gax", ["_ga_*"])
    assert not seeing.matches("ab", ["a[b]"]) and not seeing.matches("ab", ["a?"])


def test_a_name_that_was_seen_is_registered_on_the_desk_or_ignored(site, maya, client) -> None:
    for name in ("mystery", "extension"):
        SeenCookie.objects.create(site=site, name=name)
    client.force_login(maya)
    mystery, extension = (SeenCookie.objects.get(name=name) for name in ("mystery", "extension"))
    press = "/admin/consent/seencookie/{}/do/{}/"
    given = {"purpose": "stats", "provider": "Looking Glass", "days": "30", "party": "third"}
    wrong = client.post(press.format(mystery.pk, "register"), given | {"purpose": "nothing"})
    assert wrong.status_code == 422 and b"Looking Glass" in wrong.content, "what was typed comes back"
    client.post(press.format(mystery.pk, "register"), given)
    client.post(press.format(extension.pk, "ignore"))
    assert sorted(SeenCookie.objects.values_list("name", "state")) == [
        ("extension", "ignored"),
        ("mystery", "registered"),
    ]
    row = Cookie.objects.get()
    assert (row.name, row.source, row.days) == ("mystery", "seen", 30)
    assert set(Event.objects.values_list("name", flat=True)) >= {"cookie.registered", "cookie.ignored"}
    client.post(press.format(mystery.pk, "ignore"))
    assert SeenCookie.objects.get(name="mystery").state == "registered", "what is decided stays"


def test_a_row_by_hand_settles_what_it_covers(site, maya, client) -> None:
    SeenCookie.objects.create(site=site, name="_lg_one")
    client.force_login(maya)
    stats = site.pk and Cookie._meta.get_field("purpose").related_model.objects.get(key="stats").pk
    row = {"site": site.pk, "name": "_lg_*", "provider": "LG", "purpose": stats, "days": 1, "party": "first"}
    client.post("/admin/consent/cookie/add/", row)
    assert SeenCookie.objects.get().state == "registered"


def test_the_desk_takes_a_file_and_names_what_is_wrong(site, maya, client) -> None:
    client.force_login(maya)
    good = SimpleUploadedFile("c.csv", (HEAD + "shop,sid,The shop,service,0,first\n").encode())
    assert client.post("/admin/consent/cookie/load/", {"file": good}).status_code == 302
    bad = client.post(
        "/admin/consent/cookie/load/", {"file": SimpleUploadedFile("c.csv", (HEAD + "x,y,z,a,b,c\n").encode())}
    )
    assert bad.status_code == 422 and b"Line 2" in bad.content
    assert client.post("/admin/consent/cookie/load/", {}).status_code == 422
    assert client.get("/admin/consent/cookie/register.csv").content.decode().splitlines()[1].startswith("shop,sid")
    client.force_login(colleague("ole", "consent.view_cookie"))
    assert client.post("/admin/consent/cookie/load/", {}).status_code == 403


def test_the_public_page_lists_purpose_by_purpose_in_the_visitors_language(
    site, client, django_assert_max_num_queries
) -> None:
    assert "no list of cookies" in client.get("/cookies/shop/").content.decode()
    stats = Cookie._meta.get_field("purpose").related_model.objects.get(key="stats")
    for n, days in enumerate((0, 1, 45, 90, 730)):
        Cookie.objects.create(site=site, name=f"c{n}", provider="LG", purpose=stats, days=days, party="third")
    phrases.save("de", [(stats.name, "Statistik")], actor=CLERK)
    html = client.get("/cookies/shop/").content.decode()
    for words in (
        "Until you close the browser",
        "1 day",
        "45 days",
        "3 months",
        "2 years",
        "Third party",
        "Statistics",
    ):
        assert words in html
    german = client.get("/cookies/shop/?lang=de").content.decode()
    assert "Statistik" in german and "2 Jahre" in german and "Bis Sie den Browser schließen" in german
    with django_assert_max_num_queries(4):
        client.get("/cookies/shop/")
    assert client.get("/cookies/").url == "/cookies/shop/" and client.get("/cookies/none/").status_code == 404


def test_a_name_that_waits_fails_the_check(site) -> None:
    assert assurance_checks.cookies_registered().ok
    SeenCookie.objects.create(site=site, name="mystery")
    found = assurance_checks.cookies_registered()
    assert not found.ok and found.sentence.startswith("1 ")
