"""The banner's endpoints: what a page is told, what a visitor's answer leaves, who is refused."""

import gzip
import json
import secrets

import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from consent import browsers, choices, standing
from consent.banner import regimes, seeing, words
from consent.models import BannerAnswer, Choice, Cookie, Device, SeenCookie, Site, Wording
from inventory import phrases
from tests.consent.builders import CLERK, ada, at_once, go_live, published, purpose
from tests.house.tree import ROOT

pytestmark = pytest.mark.django_db
PAGE = "https://www.shop.example"
SECRET = "A" * 43


@pytest.fixture
def site(settings):
    cache.clear()
    published("Words.", title="Notice")
    made = Site.objects.create(key="shop", name="www.shop.example", origins=PAGE)
    made.purposes.set([
        purpose("service", lawful_basis="contract", required=True, name="The shop"),
        purpose("stats", name="Statistics", consequence="We know less."),
        purpose("ads", name="Advertising", lawful_basis="legitimate_interests", sale_or_sharing=True),
    ])  # fmt: skip
    go_live()
    return made


def config(region="DE", language="en", **headers):
    return Client().get(
        f"/consent/banner/shop.json?region={region}&language={language}", headers={"Origin": PAGE} | headers
    )


def answer(said, device=None, **more):
    chosen = {"stats": True, "ads": False}
    return {
        "device": device or secrets.token_hex(16), "key": secrets.token_hex(16), "choices": chosen, "button": "save",
        "shown": said["shown"], "language": said["language"], "region": said["region"], "notice": said["notice"]["number"],
        "notice_language": said["notice"]["language"],
    } | more  # fmt: skip


def send(body, door="choices", origin=PAGE, key="shop"):
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Origin": origin} if origin else {}
    return Client().post(f"/consent/banner/{key}/{door}/", text, content_type="text/plain", headers=headers)


def test_the_script_is_small_and_asks_for_nothing_else() -> None:
    script = (ROOT / "static" / "consent" / "banner.js").read_bytes()
    assert len(gzip.compress(script, 9)) < 12 * 1024
    text = script.decode()
    assert "eval(" not in text and "innerHTML" not in text and "new Function" not in text and "import(" not in text
    assert "http://" not in text and text.count("https://") == 1, "no address but the one of the example"


@pytest.mark.parametrize(
    ("region", "regime"),
    [("DE", "opt_in"), ("US-CA", "opt_out"), ("AU", "none"), ("", "opt_in"), ("XX", "opt_in"), ("!!", "opt_in")],
)
def test_each_region_has_its_regime_and_the_strictest_where_nobody_knows(site, region, regime) -> None:
    said = config(region).json()
    assert said["regime"] == regime
    assert [one["key"] for one in said["purposes"]] == ["service", "ads", "stats"]
    assert [one["needed"] for one in said["purposes"]] == [True, False, False]


def test_a_company_may_be_stricter_and_a_state_comes_before_its_country() -> None:
    own = regimes.own("US-CA=opt_in\nUS=none")
    found = [
        regimes.of(one, elsewhere="none", unknown="opt_in", own=own) for one in ("US-CA", "US-TX", "US", "DE", "ZZ", "")
    ]
    assert found == ["opt_in", "none", "none", "opt_in", "none", "opt_in"]
    with pytest.raises(ValueError, match="US-CA=opt_in"):
        regimes.own("California=strict")


def test_a_proxy_of_ours_may_say_the_region_and_the_page_has_the_last_word(site, settings) -> None:
    settings.REGION_HEADER = "CF-IPCountry"
    assert config("", **{"CF-IPCountry": "US-CA"}).json()["regime"] == "opt_out"
    assert config("DE", **{"CF-IPCountry": "US-CA"}).json()["regime"] == "opt_in"
    assert "CF-IPCountry" in config("")["Vary"]


def test_only_the_sites_own_pages_may_read_it_and_no_cookie_is_set(site) -> None:
    ours, theirs = config(), config(Origin="https://evil.example")
    assert ours["Access-Control-Allow-Origin"] == PAGE and "Access-Control-Allow-Origin" not in theirs
    assert "public" in ours["Cache-Control"] and "Origin" in ours["Vary"] and not ours.cookies
    assert "Access-Control-Allow-Credentials" not in ours


def test_it_speaks_the_pages_language_with_the_companys_words_where_there_are_some(site) -> None:
    phrases.save("de", [("Statistics", "Statistik")], actor=CLERK)
    site.texts.create(language="de", title="Kekse?")
    said = config(language="de-AT").json()
    assert (
        said["language"] == "de" and said["words"]["title"] == "Kekse?" and said["words"]["accept"] == "Alle annehmen"
    )
    assert "Statistik" in [one["name"] for one in said["purposes"]]
    assert config(language="xx").json()["language"] == "en" and config(language="../..").json()["language"] == "en"


def test_the_version_changes_with_what_is_asked_and_not_with_the_language(site) -> None:
    first = config().json()
    assert config(language="de").json()["version"] == first["version"]
    assert config("US-CA").json()["version"] != first["version"]
    site.purposes.filter(key="stats").update(description="Something new.")
    assert config().json()["version"] != first["version"]


def test_an_answer_is_on_record_with_the_very_words(site) -> None:
    said = config(language="de").json()
    body = answer(said)
    assert send(body).json() == {"recorded": 2}
    stats, ads = (Choice.objects.get(purpose__key=key) for key in ("stats", "ads"))
    assert (stats.granted, stats.act, ads.granted, ads.act) == (True, "given", False, "objected")
    assert stats.wording.text.startswith(said["words"]["title"]) and "We know less." in stats.wording.text
    assert stats.source == "banner" and stats.region == "DE" and stats.notice.number == 1 and stats.subject is None
    assert stats.evidence == {"site": "shop", "button": "save"} and stats.expires_at and not ads.expires_at
    assert body["device"] not in str(list(Device.objects.values())), "the browser's id is stored nowhere"


def test_a_page_of_our_own_may_show_the_banner_under_every_name_of_the_host(site) -> None:
    for origin in ("http://testserver", "http://127.0.0.1:8000"):
        assert send(answer(config().json()), origin=origin).status_code == 200


def test_a_signal_is_on_record_as_a_signal(site) -> None:
    said = config("US-CA", **{"Sec-GPC": "1"}).json()
    assert said["signal"] is True and config("US-CA").json()["signal"] is False
    send(answer(said, choices={"ads": False}, button="signal"))
    assert Choice.objects.get().act == "signal"


def test_an_answer_sent_twice_is_recorded_once_and_a_key_stands_for_one_answer(site) -> None:
    body = answer(config().json())
    assert [send(body).json() for _ in range(2)] == [{"recorded": 2}, {"recorded": 0}]
    assert Choice.objects.count() == 2
    other = send(body | {"choices": {"stats": False}})
    assert other.status_code == 409 and other.json()["code"] == "idempotency_conflict"


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "https://www.shop.example.evil.example", "http://www.shop.example"]
)
@pytest.mark.parametrize("door", ["choices", "cookies", "standing", "person"])
def test_another_sites_page_records_nothing(site, origin, door) -> None:
    assert send(answer(config().json()), door, origin).status_code == 403
    assert not Choice.objects.exists() and not SeenCookie.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"device": "ada@example.org"}, {"device": "A" * 32}, {"device": None}, {"key": ""}, {"key": "x" * 65}, {"choices": {}},
        {"choices": {"stats": "yes"}}, {"choices": {f"p{n}": True for n in range(51)}}, {"choices": None}, {"shown": "x"},
        {"button": "steal"}, {"notice": -1}, {"notice": True}, {"notice": "1"}, {"choices": [["stats", 1]]},
    ],
)  # fmt: skip
def test_what_is_no_answer_of_a_banner_is_refused_in_words(site, change) -> None:
    refused = send(answer(config().json()) | change)
    assert refused.status_code == 400 and refused.json()["message"].endswith(".")
    assert refused["Access-Control-Allow-Origin"] == PAGE
    assert not Choice.objects.exists() and not Device.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "7", "[" * 5000, '{"a":' * 1000])
@pytest.mark.parametrize("door", ["choices", "cookies", "standing"])
def test_nonsense_is_refused_in_words(site, body, door) -> None:
    assert send(body, door).status_code == 400


def test_too_much_and_too_often_are_refused(site, settings) -> None:
    assert send("[" + "1," * 5000 + "1]").status_code == 413
    settings.BANNER_PER_NETWORK = 3
    cache.clear()
    said = config().json()
    codes = [send(answer(said)).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429] and send(answer(said))["Retry-After"]


def test_words_that_we_never_showed_and_purposes_of_no_site_are_refused(site) -> None:
    said = config().json()
    changed = send(answer(said, shown="0" * 64))
    assert changed.status_code == 409 and "Load the page again" in changed.json()["message"]
    assert send(answer(said, notice=7)).status_code == 409
    purpose("other")
    assert send(answer(said, choices={"other": True})).json()["code"] == "unknown_purpose"
    assert send(answer(said, choices={"service": False, "stats": True})).json()["code"] == "required_purpose"
    assert not Choice.objects.exists() and not BannerAnswer.objects.exists(), "all of an answer or nothing"


def test_a_site_that_is_switched_off_is_not_there(site) -> None:
    Site.objects.update(active=False)
    assert config().status_code == 404 and send({}).status_code == 404


def test_the_words_on_record_are_kept_once(site) -> None:
    config(), config(), config("FR")
    assert Wording.objects.count() == 1
    config("US-CA")
    assert Wording.objects.count() == 2, "other words, another row"


def token(**more):
    now = int(timezone.now().timestamp())
    claims = {
        "email": "ada@example.org",
        "aud": "http://127.0.0.1:8000",
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims | more, bytes(32), algorithm="HS256", headers={"kid": "shop"})


@pytest.fixture
def host(settings):
    settings.HOST_TOKEN_KEYS = [f"shop=HS256:{SECRET}"]
    settings.SITE_URL = "http://127.0.0.1:8000"


def test_an_opt_out_holds_for_the_account_on_every_device(site, host) -> None:
    said, phone, laptop = config("US-CA").json(), secrets.token_hex(16), secrets.token_hex(16)
    send(answer(said, phone, choices={"ads": False}, button="refuse"))
    send(answer(said, laptop, choices={"ads": True, "stats": True}, button="accept"))
    assert send({"device": phone, "token": token()}, "person").json() == {"choices": {"ads": False}}
    held = send({"device": laptop, "token": token()}, "person").json()["choices"]
    assert held == {"ads": False, "stats": True}, "a Yes of another browser does not overrule the No"
    assert choices.current(ada())["ads"].granted is False
    assert send({"device": laptop}, "standing").json()["choices"] == held


def test_what_a_known_browser_chooses_is_the_persons(site, host) -> None:
    said, phone = config("US-CA").json(), secrets.token_hex(16)
    send({"device": phone, "token": token()}, "person")
    send(answer(said, phone, choices={"stats": False}))
    choice = Choice.objects.get()
    assert choice.subject == ada() and choice.device == browsers.known(phone)
    assert standing.of(ada().pk).get().granted is False


def test_the_browser_of_somebody_else_begins_anew(site, host) -> None:
    phone = secrets.token_hex(16)
    send({"device": phone, "token": token()}, "person")
    other = send({"device": phone, "token": token(email="ben@example.org")}, "person")
    assert other.status_code == 409 and other.json()["code"] == "device_conflict"
    assert browsers.known(phone).subject == ada()


def test_a_strangers_token_or_browser_tells_nothing(site, host) -> None:
    phone, used = secrets.token_hex(16), token()
    assert send({"device": phone}, "standing").json() == {"choices": {}}
    assert send({"device": phone, "token": used}, "person").status_code == 200
    for bad in (used, "", "a.b.c", token(aud="https://other.example"), token(exp=1)):
        assert send({"device": phone, "token": bad}, "person").status_code == 422


def test_names_that_nobody_registered_become_a_task_and_values_never_come(site) -> None:
    Cookie.objects.create(site=site, name="_ga_*", provider="Looking Glass", purpose=site.purposes.get(key="stats"))
    names = ["_ga_AB12CD34EF", "sid", "_pk_id.1.1fff00aa", "bad name", "_pk_id.1.22ee11bb", "a=b"]
    assert send({"names": names}, "cookies").json() == {"noted": True}
    assert set(SeenCookie.objects.values_list("name", flat=True)) == {"sid", "_pk_id.1.*"}
    send({"names": names}, "cookies")
    assert SeenCookie.objects.count() == 2


def test_reports_are_limited_in_number_and_size(site, monkeypatch) -> None:
    assert send({"names": ["a"] * 51}, "cookies").status_code == 400
    assert send({"names": [1]}, "cookies").status_code == 400
    monkeypatch.setattr(seeing, "MOST_OPEN", 3)
    send({"names": ["one", "two", "three", "four", "five"]}, "cookies")
    assert SeenCookie.objects.count() == 3
    assert {send({"names": ["x"]}, "cookies").status_code for _ in range(60)} == {200, 429}


def test_what_is_shown_is_what_goes_on_record(site) -> None:
    said = config().json()
    text = words.shown(said)
    for part in ("title", "body", "accept", "refuse"):
        assert said["words"][part] in text


def test_config_costs_a_fixed_number_of_queries(site, django_assert_max_num_queries) -> None:
    config()
    with django_assert_max_num_queries(9):
        config()
    site.purposes.add(*[purpose(f"p{n}") for n in range(20)])
    config()
    with django_assert_max_num_queries(9):
        config()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_the_same_answer_twice_at_once_is_recorded_once(site) -> None:
    body = answer(config().json())
    found = at_once(lambda turn: send(body).json())
    assert sorted(one["recorded"] for one in found) == [0, 2] and Choice.objects.count() == 2
